/**
 * The messages of a connection: the messages that the server sends, and the messages that
 * were sent to the server, with their replies.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { RequestOptions } from "../common/request_options.ts";
import type { Contract } from "../contract/contract.ts";
import type {
  DataAndOptions,
  DataIn,
  EntryIn,
  NameIn,
  OpenContract,
  RepliesIn,
  SentDataIn,
} from "../contract/infer.ts";
import type {
  RoomEventIn,
  RoomEventNameIn,
  RoomPatternOf,
} from "../contract/infer_rooms.ts";
import type { NameOf } from "../contract/rooms_types.ts";
import { Message, type WireMessage } from "../protocol/message.ts";

/** Options of `Connection.message`; `Reply` is the type of the replies */
export interface MessageOptions<Reply = ServerMessage> extends RequestOptions {
  /**
   * Called with each reply as soon as it arrives. Errors that it throws are logged. If omitted,
   * the replies are only in the result of `Connection.message`.
   *
   * @param reply The reply
   */
  readonly onReply?: ((reply: Reply) => unknown) | undefined;
}

/** Sends a reply of the client. Its types do not depend on the contract. */
type SendReply = (
  replying: WireMessage,
  name: string,
  data: unknown,
  options: unknown,
) => Promise<unknown>;

/**
 * A message that the server sent: an event or a reply. An event is a named message from the
 * server, sent to this client or to all clients (a broadcast). `Of` is the type of the
 * contract.
 */
export class ServerMessage<
  Data = JsonObject,
  Of extends Contract = OpenContract,
  Name extends string = string,
> extends Message<Data, Name> {
  /**
   * The name of the room, if the server has put this client into a room and the message was
   * sent to it; otherwise `undefined`. The client receives the messages of the rooms that it
   * joins itself from `ClientRoom.receive`.
   */
  readonly room: string | undefined;
  readonly #send: SendReply;

  /**
   * Constructs a `ServerMessage`. Applications receive messages from a connection.
   *
   * @param wire The message object: docs/reference/protocol.md, "2. A message"
   * @param send Sends a reply to the message
   * @param room The name of the room, if the message was sent to one
   */
  constructor(wire: WireMessage, send: SendReply, room?: string) {
    super(wire);
    this.room = room;
    this.#send = send;
  }

  /**
   * Replies to the message. The reply is itself a message: the listeners of the server
   * receive it, with this message as its `replying`. The promise does not have to be awaited.
   *
   * Without a contract: `reply(name: string, data?: JsonObject, options?: MessageOptions)`.
   *
   * @param name The name of the reply
   * @param dataAndOptions The data (by default an empty object) and the options
   * @returns Resolves when the listeners of the server have finished, as
   * `Connection.message` does
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await using connection = await connect("test", { url: server.url });
   * connection.receive("ping", async (message) => {
   *   await message.reply("pong", { n: message.data.n });
   *   await connection.close();
   * });
   *
   * const [client] = server.clients;
   * const reply = await client?.request("ping", { n: 1 });
   * assert.deepEqual(reply?.data, { n: 1 });
   * await connection.closed;
   * ```
   */
  reply<Reply extends NameIn<AnswersIn<Of, Name>>>(
    name: Reply,
    ...dataAndOptions: ReplyArguments<Of, Name, Reply>
  ): Promise<SentReply<Of, Name, Reply>> {
    type Sent = SentReply<Of, Name, Reply>;
    const [data, options] = dataAndOptions;
    return this.#send(this.toJSON(), name, data, options) as Promise<Sent>;
  }
}

/** A message that was sent to the server, with the replies to it */
export class SentMessage<
  Data = JsonObject,
  Name extends string = string,
  Reply = ServerMessage,
> extends Message<Data, Name> {
  /** The replies of the server's listeners, in the order of their arrival */
  readonly replies: readonly Reply[];

  /**
   * Constructs a `SentMessage`. Applications receive it from `Connection.message`.
   *
   * @param wire The message object: docs/reference/protocol.md, "2. A message"
   * @param replies The replies to it
   */
  constructor(wire: WireMessage, replies: readonly Reply[]) {
    super(wire);
    this.replies = replies;
  }
}

/** The data and the options of `Connection.message` */
export type MessageArguments<Of extends Contract, Name> = EntryArguments<
  Of,
  MessageIn<Of, Name>
>;

/** The message that `Connection.message` resolves to */
export type SentMessageOf<Of extends Contract, Name extends string> = SentEntry<
  Of,
  MessageIn<Of, Name>,
  Name
>;

/** The data and the options of `ServerMessage.reply` */
export type ReplyArguments<
  Of extends Contract,
  Name extends string,
  Reply extends NameIn<AnswersIn<Of, Name>>,
> = EntryArguments<Of, AnswersIn<Of, Name>[Reply]>;

/** The message that `ServerMessage.reply` resolves to */
export type SentReply<
  Of extends Contract,
  Name extends string,
  Reply extends NameIn<AnswersIn<Of, Name>>,
> = SentEntry<Of, AnswersIn<Of, Name>[Reply], Reply>;

/** The data and the options that belong to a message or a reply of a contract */
export type EntryArguments<Of extends Contract, Entry> = DataAndOptions<
  DataIn<Entry>,
  MessageOptions<ServerReply<Of, Entry>>
>;

/** The message of a contract that has a name */
export type MessageIn<Of extends Contract, Name> = EntryIn<
  Of["messages"],
  Name
>;

/** The replies that a client can send to an event of a contract, by their names */
export type AnswersIn<Of extends Contract, Event extends string> =
  string extends keyof Of["messages"] ? Of["messages"]
    : Event extends keyof Of["events"]
      ? RepliesIn<Of["events"][Event]> & Of["messages"]
    : Of["messages"];

/** An event of a contract, as a client receives it */
export type ReceivedEvent<
  Of extends Contract,
  Name extends NameIn<Of["events"]>,
> = Name extends unknown
  ? ServerMessage<SentDataIn<Of["events"][Name]>, Of, Name>
  : never;

/** A reply of the server to a message of a contract */
export type ServerReply<Of extends Contract, Entry> = Entry extends unknown ? {
    [Name in NameIn<RepliesIn<Entry>>]: ServerMessage<
      SentDataIn<RepliesIn<Entry>[Name]>,
      Of,
      Name
    >;
  }[NameIn<RepliesIn<Entry>>]
  : never;

/** An event of a room of a contract into which the server has put the client */
export type PutEvent<
  Of extends Contract,
  Pattern extends string = RoomPatternOf<Of>,
> = Pattern extends unknown
  ? PutEventIn<Of, Pattern, RoomEventNameIn<Of["rooms"][Pattern]>>
  : never;

/** An event of the rooms of a contract that match a pattern */
export type PutEventIn<
  Of extends Contract,
  Pattern extends string,
  Event extends string,
> = Event extends unknown ?
    & ServerMessage<
      SentDataIn<RoomEventIn<Of["rooms"][Pattern], Event>>,
      Of,
      Event
    >
    & { readonly room: NameOf<Pattern> }
  : never;

/** Every event and reply that a server with a contract can send */
export type AnyEvent<Of extends Contract> = string extends keyof Of["events"]
  ? ServerMessage
  :
    | ReceivedEvent<Of, NameIn<Of["events"]>>
    | PutEvent<Of>
    | ServerReply<Of, Of["messages"][NameIn<Of["messages"]>]>;

/** A message of a contract that was sent to the server, with the replies to it */
export type SentEntry<Of extends Contract, Entry, Name extends string> =
  SentMessage<DataIn<Entry>, Name, ServerReply<Of, Entry>>;
