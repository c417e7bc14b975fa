/**
 * What the listeners and the handlers of a server receive: the messages and the clients.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { Contract, NoEntries } from "../contract/contract.ts";
import type {
  CheckedDataIn,
  ClientMessageReplyArguments,
  ClientRequestArguments,
  EntryIn,
  ErrorMakers,
  ErrorsIn,
  EventArguments,
  EventName,
  NameIn,
  OpenContract,
  RepliesIn,
  RequestNameIn,
} from "../contract/infer.ts";
import type { NameOf } from "../contract/rooms_types.ts";
import type { CloseInfo } from "../protocol/close.ts";
import { Message, type WireMessage } from "../protocol/message.ts";

/**
 * A client of a server. `Identity` is the type of its identity, `Of` is the type of the
 * contract, and `Data` is the type of `client.data`.
 */
export interface Client<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Data = unknown,
> {
  /** The number of the client, unique within the server */
  readonly id: number;
  /** Identifies the client on all servers, see `Server.client` */
  readonly globalId: string;
  /** The address of the client, such as `127.0.0.1:41788` */
  readonly address: string;
  /**
   * The identity of the client: the object that `login` returned, `{ name }` for one of the
   * named `tokens`, otherwise `undefined`. It changes when the client renews its token.
   */
  readonly identity: Identity;
  /**
   * The user that `login` has named with `context.setUser`, or the name of one of the named
   * `tokens`; otherwise `undefined`
   */
  readonly user: string | undefined;
  /** The names of the rooms that the client is in */
  readonly rooms: readonly string[];
  /** The version of Hoist that the client uses; any string without `minimumVersion` */
  readonly version: string;
  /**
   * What the option `onConnect` of the server has returned, or what its promise has resolved
   * to. It belongs to the application: the server neither reads nor sends it. `undefined`
   * without `onConnect`, until `onConnect` has finished, and if it failed.
   */
  readonly data: Data;
  /**
   * Resolves when the client has disconnected, to the close code and the reason. If the client
   * closed the connection, it chose the reason, which can contain anything. Never rejects.
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * const connection = await connect("test", { url: server.url });
   * const [client] = server.clients;
   * await connection.close();
   * assert.equal((await client?.closed)?.code, 1000);
   * ```
   */
  readonly closed: Promise<CloseInfo>;
  /**
   * Aborts when the client disconnects, also after a handler has returned. Use it for work
   * that outlives a handler, such as a timer. If your abort listener throws, Deno ends the
   * program.
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.operation("watch", (_data, { client }) => {
   *   const timer = setInterval(() => client.message("tick"), 1_000);
   *   client.signal.addEventListener("abort", () => clearInterval(timer));
   * });
   * ```
   */
  readonly signal: AbortSignal;
  /**
   * Sends an event to this client only. Does nothing if the client has disconnected.
   *
   * Without a contract: `message(name: string, data?: JsonObject)`.
   *
   * @param name The name of the event
   * @param data Optional if it can be empty. The data of the event; an empty object if omitted
   * @returns The message
   *
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the message is larger than `limits.maxBuffered`
   */
  message<Name extends EventName<Of>>(
    name: Name,
    ...data: EventArguments<Of, Name>
  ): Message;
  /**
   * Sends an event to this client and waits for the first reply to it.
   *
   * Without a contract:
   * `request(name: string, data?: JsonObject, options?: RequestOptions)`.
   *
   * @param name The name of the event
   * @param dataAndOptions The data (by default an empty object), and optionally the timeout and
   * the signal
   * @returns The reply
   *
   * @throws {NoReplyError} If all listeners of the client have finished without a reply
   * @throws {FeatureError} If the client does not support requests
   * @throws {ConnectionClosedError} If the client disconnects before it replies
   * @throws {TimeoutError} If the reply takes longer than `timeout`
   * @throws The `signal.reason` of the call if a handler sends the request, and the call has a
   * `deadline` and its signal aborts before the reply. A `DOMException` with the name
   * `TimeoutError` if the handler has returned, and the `deadline` passes before the reply
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the message is larger than `limits.maxBuffered`
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await using connection = await connect("test", { url: server.url });
   * connection.receive("ready?", (message) => message.reply("yes", { load: 0.5 }));
   *
   * for (const client of server.clients) {
   *   const reply = await client.request("ready?", {}, { timeout: 5_000 });
   *   assert.equal(reply.data.load, 0.5);
   * }
   * ```
   */
  request<Name extends RequestNameIn<Of["events"]>>(
    name: Name,
    ...dataAndOptions: ClientRequestArguments<Of, Name>
  ): Promise<ClientReplyOf<Identity, Of, Name, Data>>;
  /**
   * Puts the client into a room, which it cannot leave. Call `join` in `onConnect`, because the
   * client does not join again after a reconnect. Throws what `Server.room` throws.
   *
   * @returns Resolves when the client gets the messages of the room
   */
  join(name: NameOf<NameIn<Of["rooms"]>>): Promise<void>;
  /** Removes the client from a room, even if the client has joined it itself. */
  leave(name: NameOf<NameIn<Of["rooms"]>>): void;
  /**
   * Closes the connection to this client. Does nothing if the client has disconnected.
   *
   * @param code The close code, 1000 or from 3000 to 4999; 1000 if omitted
   * @param reason The close reason, at most 123 bytes of UTF-8; empty if omitted
   *
   * @throws {RangeError} If the code or the reason is out of range
   */
  close(code?: number, reason?: string): void;
}

/** The second argument of an operation handler. `Errors` is the type of its errors. */
export interface OperationContext<
  Identity = unknown,
  Of extends Contract = OpenContract,
  ClientData = unknown,
  Errors = NoEntries,
> {
  /** The client that called the operation */
  readonly client: Client<Identity, Of, ClientData>;
  /**
   * Aborts while the handler runs, if the client disconnects, if the caller gives up the call
   * (its `signal` or its `timeout`), or if the `deadline` has passed. After the handler has
   * returned, the signal does not abort any more: see `client.signal`. If your abort listener
   * throws, Deno ends the program.
   *
   * The signal of a stream also aborts when the client ends its loop, and when the server
   * begins to close. The server then still sends the items that the generator yields before
   * it returns. If the generator returns, the client sees a normal end of the stream. If it
   * throws `signal.reason`, the loop of the client throws a `ConnectionClosedError`. A client
   * with the option `resume` continues the stream after both.
   */
  readonly signal: AbortSignal;
  /**
   * When the caller stops waiting for the result, in milliseconds since the epoch, by the clock
   * of the server; `undefined` if the caller has set no `timeout`. The time that is left is
   * `deadline - Date.now()`. A `client.request` that the handler sends waits no longer than that.
   */
  readonly deadline: number | undefined;
  /**
   * The id of the last item that the client has, if it continues a stream after a reconnect:
   * see `tracked`. The id comes from the client, 1 to 200 bytes of UTF-8, and can have any
   * content. If the handler cannot continue after the item, it must throw an error.
   */
  readonly lastEventId: string | undefined;
  /**
   * Makes the errors that the operation declares, by their kinds:
   * `throw errors.sold_out({ left: 3 })`. Without declared errors, throw an
   * {@linkcode ApplicationError}.
   */
  readonly errors: ErrorMakers<Errors>;
}

/** What a message needs of its request. Only servers need it. */
export interface MessageContext<
  Identity = unknown,
  Of extends Contract = OpenContract,
  ClientData = unknown,
> extends Omit<OperationContext<Identity, Of, ClientData>, "lastEventId"> {
  /** Sends a reply. */
  reply(name: string, data: JsonObject): Message;
}

/**
 * A message from a client. `Of` is the type of the contract, and `ClientData` is the type of
 * `client.data`.
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
  ClientData = unknown,
> extends Message<Data, Name> {
  /** The client that sent the message */
  readonly client: Client<Identity, Of, ClientData>;
  readonly #context: MessageContext<Identity, Of, ClientData>;

  /**
   * Constructs a `ClientMessage`. Only servers need it.
   *
   * @param wire The message object of the protocol
   * @param context The client that sent the message, and how to reply to it
   * @param checked The output of the schema; the data itself if omitted
   */
  constructor(
    wire: WireMessage,
    context: MessageContext<Identity, Of, ClientData>,
    checked?: { readonly data: unknown },
  ) {
    super(wire, checked);
    this.client = context.client;
    this.#context = context;
  }

  /**
   * Aborts while the listeners run, if the client disconnects, if the sender gives up the
   * message (its `signal` or its `timeout`), or if the `deadline` has passed. After the listeners
   * have finished, the signal does not abort any more. If your abort listener throws, Deno ends
   * the program.
   */
  get signal(): AbortSignal {
    return this.#context.signal;
  }

  /**
   * When the sender stops waiting for the response, in milliseconds since the epoch, by the clock
   * of the server; `undefined` if the sender has set no `timeout`. The time that is left is
   * `deadline - Date.now()`. A `client.request` that a listener sends waits no longer than that.
   */
  get deadline(): number | undefined {
    return this.#context.deadline;
  }

  /**
   * Makes the errors that the contract declares for this message, by their kinds:
   * `throw message.errors.full({ seats: 0 })`. Without a contract, throw an
   * {@linkcode ApplicationError}.
   */
  get errors(): ErrorMakers<ErrorsIn<EntryIn<Of["messages"], Name>>> {
    const { errors }: { readonly errors: unknown } = this.#context;
    return errors as ErrorMakers<ErrorsIn<EntryIn<Of["messages"], Name>>>;
  }

  /**
   * Sends a reply. A listener can reply any number of times, also after it has finished. A
   * client that reads too slowly can then miss the reply: see `onSlow`. Does nothing if the
   * client has disconnected.
   *
   * A reply contains the message. If it would fit into `limits.maxBuffered` without the message,
   * but does not with it, neither this reply nor further ones are sent. The message is answered
   * with `LIMIT_EXCEEDED`, unless it has its answer.
   *
   * Without a contract: `reply(name: string, data?: JsonObject)`.
   *
   * @param name The name of the reply
   * @param data Optional if it can be empty. The data of the reply; an empty object if omitted
   * @returns The reply
   *
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the reply is larger than `limits.maxBuffered`, also without the message
   */
  reply<Reply extends NameIn<RepliesIn<Of["messages"][Name]>>>(
    name: Reply,
    ...data: ClientMessageReplyArguments<Of, Name, Reply>
  ): Message {
    const [given = {}] = data;
    return this.#context.reply(name, given as JsonObject);
  }
}

/** A message to a server with a contract, by its name */
export type ReceivedMessage<
  Identity,
  Of extends Contract,
  Name extends NameIn<Of["messages"]>,
  ClientData = unknown,
> = Name extends unknown ? ClientMessage<
    Identity,
    CheckedDataIn<Of["messages"][Name]>,
    Of,
    Name,
    ClientData
  >
  : never;

/** A reply of a client to an event of the server */
export type ClientReply<
  Identity,
  Of extends Contract,
  Replies,
  ClientData = unknown,
> = Replies extends unknown ? {
    [Name in NameIn<Replies>]: ClientMessage<
      Identity,
      CheckedDataIn<Replies[Name]>,
      Of,
      Name,
      ClientData
    >;
  }[NameIn<Replies>]
  : never;

/** The reply of a client to a request, by the name of the request */
export type ClientReplyOf<
  Identity,
  Of extends Contract,
  Name,
  ClientData = unknown,
> = ClientReply<
  Identity,
  Of,
  RepliesIn<EntryIn<Of["events"], Name>>,
  ClientData
>;

/**
 * The handler of an operation. Its return value, or the value of the promise that it
 * returns, is the result. An async generator makes the operation a stream of its items.
 *
 * @param data The arguments that the client sent, or the output of their schema
 * @param context The client and a signal
 * @returns The result: a JSON value; `undefined` becomes `null`
 */
export type OperationHandler<
  Context,
  Arguments = JsonObject,
  Result = unknown,
> = (data: Arguments, context: Context) => Result;
