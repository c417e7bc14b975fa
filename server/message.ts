/**
 * What a server's listeners and operations get to see: the clients and what they
 * send.
 *
 * @module
 */

import type { RequestOptions } from "../common/async.ts";
import type { JsonObject } from "../common/json.ts";
import type { Contract } from "../contract/contract.ts";
import type {
  CheckedArgumentsIn,
  CheckedDataIn,
  DataAndOptions,
  DataIn,
  EntryIn,
  EventName,
  NameIn,
  OpenContract,
  OptionalData,
  RepliesIn,
  RequestNameIn,
  ReturnIn,
} from "../contract/infer.ts";
import { Message, type WireMessage } from "../protocol/message.ts";
/**
 * A client that is connected to a server; `Identity` is what its login made of it, and
 * `Of` the contract of the server
 */
export interface Client<
  Identity = unknown,
  Of extends Contract = OpenContract,
> {
  /** The number of the client, which no other client of the server has */
  readonly id: number;
  /** The address of the client, such as `127.0.0.1:41788` */
  readonly address: string;
  /**
   * Who the client is: what `login` resolved to, `{ name }` if it logged in with one of
   * the named `tokens`, otherwise `undefined`
   */
  readonly identity: Identity;
  /** The version of Hoist that the client speaks, such as `1.0.0` */
  readonly version: string;
  /**
   * Sends a message to this client alone. If the client has left, nothing happens.
   *
   * @param name The name of the message
   * @param data What the message carries along, an empty object if left out
   * @returns The message
   *
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is larger than `limits.maxBuffered`
   */
  message<Name extends EventName<Of>>(
    name: Name,
    ...data: OptionalData<DataIn<EntryIn<Of["events"], Name>>>
  ): Message;
  /**
   * Asks this client something: sends a message and waits for the first reply to it.
   *
   * @param name The name of the message
   * @param data What the message carries along, an empty object if left out
   * @param options How long to wait
   * @returns The reply
   *
   * @throws {NoReplyError} If the listeners of the client are done, and none replied
   * @throws {FeatureError} If the client is none of this package, or an old one
   * @throws {ConnectionClosedError} If the client leaves before
   * @throws {TimeoutError} If it takes longer than `timeout`
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is larger than `limits.maxBuffered`
   */
  request<Name extends RequestNameIn<Of["events"]>>(
    name: Name,
    ...dataAndOptions: DataAndOptions<
      DataIn<EntryIn<Of["events"], Name>>,
      RequestOptions
    >
  ): Promise<ClientReply<Identity, Of, RepliesIn<EntryIn<Of["events"], Name>>>>;
  /**
   * Closes the connection to this client. If the client has left, nothing happens.
   *
   * @param code The close code, 1000 or from 3000 to 4999; 1000 if left out
   * @param reason What the client is told, at most 123 bytes; nothing if left out
   *
   * @throws {RangeError} If the code or the reason is out of range
   */
  close(code?: number, reason?: string): void;
}

/** What an operation is told besides its arguments */
export interface OperationContext<
  Identity = unknown,
  Of extends Contract = OpenContract,
> {
  /** The client that called */
  readonly client: Client<Identity, Of>;
  /**
   * Aborts when the client has left. The signal of a stream aborts, too, when it is given
   * up, and when the server begins to close: what its generator yields until it returns
   * is still sent, and if it throws the reason, the loop of its caller throws a
   * `ConnectionClosedError`. What a listener to it throws ends the program, as everywhere
   * in Deno.
   */
  readonly signal: AbortSignal;
}

/**
 * A message that a client sent to the server; `Of` is the contract of the server.
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("count to", (message) => {
 *   for (let n = 1; n <= Number(message.data.n); n++) message.reply("number", { n });
 * });
 *
 * await using connection = await connect("test", { url: server.url });
 * const sent = await connection.message("count to", { n: 3 });
 * assert.deepEqual(sent.replies.map((reply) => reply.data.n), [1, 2, 3]);
 * ```
 */
export class ClientMessage<
  Identity = unknown,
  Data = JsonObject,
  Of extends Contract = OpenContract,
  Name extends string = string,
> extends Message<Data, Name> {
  /** The client that sent the message */
  readonly client: Client<Identity, Of>;
  readonly #send: (name: string, data: JsonObject) => Message;

  /**
   * Constructs a `ClientMessage`; servers do that.
   *
   * @param wire The message object: protocol.md, "2. A message"
   * @param client The client that sent it
   * @param send Sends a reply
   * @param checked What a schema made of its data; that data itself if left out
   */
  constructor(
    wire: WireMessage,
    client: Client<Identity, Of>,
    send: (name: string, data: JsonObject) => Message,
    checked?: { readonly data: unknown },
  ) {
    super(wire, checked);
    this.client = client;
    this.#send = send;
  }

  /**
   * Replies to the message, any number of times, also after the listener has
   * finished. If the client has left, nothing happens.
   *
   * @param name The name of the reply
   * @param data What the reply carries along, an empty object if left out
   * @returns The reply
   *
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is larger than `limits.maxBuffered`
   */
  reply<Reply extends NameIn<RepliesIn<Of["messages"][Name]>>>(
    name: Reply,
    ...data: OptionalData<DataIn<RepliesIn<Of["messages"][Name]>[Reply]>>
  ): Message {
    const [given = {}] = data;
    return this.#send(name, given as JsonObject);
  }
}

/** A message of a client to a server with a contract, by its name */
export type ReceivedMessage<
  Identity,
  Of extends Contract,
  Name extends NameIn<Of["messages"]>,
> = Name extends unknown
  ? ClientMessage<Identity, CheckedDataIn<Of["messages"][Name]>, Of, Name>
  : never;

/** The reply of a client to an event of its server */
export type ClientReply<Identity, Of extends Contract, Replies> =
  Replies extends unknown ? {
      [Name in NameIn<Replies>]: ClientMessage<
        Identity,
        CheckedDataIn<Replies[Name]>,
        Of,
        Name
      >;
    }[NameIn<Replies>]
    : never;

/** Whatever a client may send to a server with a contract: messages, and replies */
export type AnyMessage<Identity, Of extends Contract> = string extends
  keyof Of["messages"] ? ClientMessage<Identity>
  :
    | ReceivedMessage<Identity, Of, NameIn<Of["messages"]>>
    | ClientReply<Identity, Of, RepliesIn<Of["events"][EventName<Of>]>>;

/** What carries out an operation of a contract, or one that has these schemas */
export type HandlerIn<Identity, Of extends Contract, Operation> =
  OperationHandler<
    OperationContext<Identity, Of>,
    CheckedArgumentsIn<Operation>,
    ReturnIn<Operation>
  >;

/**
 * Carries out an operation. Its value, or that of the promise that it returns, is
 * the result; an async generator makes the operation a stream of what it yields.
 *
 * @param data The arguments that the client sent, or what their schema made of them
 * @param context Who called
 * @returns The result, which JSON must be able to hold; `undefined` becomes `null`
 */
export type OperationHandler<
  Context,
  Arguments = JsonObject,
  Result = unknown,
> = (data: Arguments, context: Context) => Result;
