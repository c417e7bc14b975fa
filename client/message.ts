/**
 * What a client's listeners and callers get to see: what the server sends, and what
 * was sent to it.
 *
 * @module
 */

import { RequestOptions } from "../common/async.ts";
import { type JsonObject } from "../common/json.ts";
import { type Contract } from "../contract/contract.ts";
import {
  type DataAndOptions,
  type DataIn,
  type NameIn,
  type OpenContract,
  type RepliesIn,
  type SentDataIn,
} from "../contract/infer.ts";
import { Message, type WireMessage } from "../protocol/message.ts";
/** Options of `Connection.operation` */
export interface OperationOptions extends RequestOptions {
  /**
   * Whether it does no harm if the operation runs twice. One that was under way when
   * the connection was lost is then called again once the connection is back, unless
   * the server may have closed because of it (1003, 1008 or 1009); its `timeout` and its
   * `signal` count from the first call on. Of no meaning without `reconnect`.
   *
   * @default {false}
   */
  readonly idempotent?: boolean | undefined;
}

/** Options of `Connection.message`; `Reply` is what may come back */
export interface MessageOptions<Reply = ServerMessage> extends RequestOptions {
  /**
   * Is called with each reply, as it comes.
   *
   * @param reply The reply
   */
  readonly onReply?: ((reply: Reply) => unknown) | undefined;
}

/** Sends a reply of a client, whatever the contract has for its types */
type SendReply = (
  name: string,
  data: unknown,
  options: unknown,
) => Promise<unknown>;

/**
 * A message that the server sent: a reply, a broadcast, or one to this client alone;
 * `Of` is the contract with the server
 */
export class ServerMessage<
  Data = JsonObject,
  Of extends Contract = OpenContract,
  Name extends string = string,
> extends Message<Data, Name> {
  readonly #send: SendReply;

  /**
   * Constructs a `ServerMessage`; connections do that.
   *
   * @param wire The message object: protocol.md, "2. A message"
   * @param send Sends a reply to it
   */
  constructor(wire: WireMessage, send: SendReply) {
    super(wire);
    this.#send = send;
  }

  /**
   * Replies to the message, which is a message of its own. The server's listeners find
   * what it replies to in `message.replying`.
   *
   * @param name The name of the reply
   * @param data What the reply carries along, an empty object if left out
   * @param options How long to wait, and what to do with the replies
   * @returns Resolves when the server's listeners are done, as that of
   * `Connection.message`
   */
  reply<Reply extends NameIn<AnswersIn<Of, Name>>>(
    name: Reply,
    ...dataAndOptions: DataAndOptions<
      DataIn<AnswersIn<Of, Name>[Reply]>,
      MessageOptions<ServerReply<Of, AnswersIn<Of, Name>[Reply]>>
    >
  ): Promise<SentEntry<Of, AnswersIn<Of, Name>[Reply], Reply>> {
    type Sent = SentEntry<Of, AnswersIn<Of, Name>[Reply], Reply>;
    const [data = {}, options = {}] = dataAndOptions;
    return this.#send(name, data, options) as Promise<Sent>;
  }
}

/** A message that was sent to the server, with what came back */
export class SentMessage<
  Data = JsonObject,
  Name extends string = string,
  Reply = ServerMessage,
> extends Message<Data, Name> {
  /** The replies of the server's listeners, in the order in which they came */
  readonly replies: readonly Reply[];

  /**
   * Constructs a `SentMessage`; connections do that.
   *
   * @param wire The message object: protocol.md, "2. A message"
   * @param replies The replies to it
   */
  constructor(wire: WireMessage, replies: readonly Reply[]) {
    super(wire);
    this.replies = replies;
  }
}

/** What a client may send as a reply to an event of a contract, by its name */
export type AnswersIn<Of extends Contract, Event extends string> =
  string extends keyof Of["messages"] ? Of["messages"]
    : Event extends keyof Of["events"]
      ? RepliesIn<Of["events"][Event]> & Of["messages"]
    : Of["messages"];

/** An event of a contract, by its name, as a client gets it */
export type ReceivedEvent<
  Of extends Contract,
  Name extends NameIn<Of["events"]>,
> = Name extends unknown
  ? ServerMessage<SentDataIn<Of["events"][Name]>, Of, Name>
  : never;

/** What the server may reply to a message of a contract */
export type ServerReply<Of extends Contract, Entry> = Entry extends unknown ? {
    [Name in NameIn<RepliesIn<Entry>>]: ServerMessage<
      SentDataIn<RepliesIn<Entry>[Name]>,
      Of,
      Name
    >;
  }[NameIn<RepliesIn<Entry>>]
  : never;

/** Whatever a server with a contract may send: events, and replies */
export type AnyEvent<Of extends Contract> = string extends keyof Of["events"]
  ? ServerMessage
  :
    | ReceivedEvent<Of, NameIn<Of["events"]>>
    | ServerReply<Of, Of["messages"][NameIn<Of["messages"]>]>;

/** A message of a contract that was sent to the server, with what came back */
export type SentEntry<Of extends Contract, Entry, Name extends string> =
  SentMessage<DataIn<Entry>, Name, ServerReply<Of, Entry>>;
