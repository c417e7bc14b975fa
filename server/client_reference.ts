/**
 * A client of any server of the deployment, as the application uses it.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { Contract } from "../contract/contract.ts";
import type {
  ClientRequestArguments,
  DataIn,
  EntryIn,
  EventArguments,
  EventName,
  NameIn,
  OpenContract,
  RepliesIn,
  RequestNameIn,
} from "../contract/infer.ts";
import type { Message } from "../protocol/message.ts";
import { type ClientAddress, parseGlobalId } from "./client_directory.ts";
import type { ClientDirectory } from "./client_directory.ts";
import type { Log } from "./log.ts";

/** The reply of a client to a request, by the name of the request */
export type ReferenceReplyOf<Of extends Contract, Name> = ReferenceMessageIn<
  RepliesIn<EntryIn<Of["events"], Name>>
>;

/** A message with one of several names */
export type ReferenceMessageIn<Entries> = Entries extends unknown
  ? { [Name in NameIn<Entries>]: Message<DataIn<Entries[Name]>, Name> }[
    NameIn<Entries>
  ]
  : never;

/**
 * A client of any server of the deployment, from `Server.client`. `Of` is the type of the
 * contract.
 */
export class ClientReference<Of extends Contract = OpenContract> {
  /** The global id of the client */
  readonly globalId: string;
  readonly #directory: ClientDirectory;
  readonly #address: ClientAddress;
  readonly #log: Log;

  /** @ignore Applications call `Server.client`. */
  constructor(directory: ClientDirectory, globalId: string, log: Log) {
    this.globalId = globalId;
    this.#address = parseGlobalId(globalId);
    this.#directory = directory;
    this.#log = log;
  }

  /** The id of the server that the client is connected to, see `Server.cluster` */
  get node(): string {
    return this.#address.node;
  }

  /**
   * Sends an event to the client. Does nothing if the client has disconnected.
   *
   * Without a contract: `message(name: string, data?: JsonObject)`.
   *
   * @param name The name of the event
   * @param data Optional if it can be empty. The data of the event; an empty object if omitted
   * @returns Resolves when the server of the client has sent the event
   *
   * @throws {NoNodeError} If the server of the client has ended
   * @throws {TimeoutError} If that server does not answer within 60 seconds
   * @throws {PublishError} If the broker is down
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the message is too large
   */
  message<Name extends EventName<Of>>(
    name: Name,
    ...data: EventArguments<Of, Name>
  ): Promise<void> {
    const [given = {}] = data;
    const sending = this.#directory
      .message(this.#address, name, given as JsonObject).then(() => {});
    return this.#log.ignorable("a message to a client", sending);
  }

  /**
   * Sends an event to the client and waits for the first reply to it.
   *
   * Without a contract:
   * `request(name: string, data?: JsonObject, options?: RequestOptions)`.
   *
   * @param name The name of the event
   * @param dataAndOptions The data (by default an empty object), and optionally the timeout and
   * the signal. A client of another server has at most 60 seconds
   * @returns The reply, with the data as the client sent it
   *
   * @throws {NoNodeError} If the server of the client has ended
   * @throws {PublishError} If the broker is down
   * @throws {NoReplyError} If all listeners of the client have finished without a reply
   * @throws {FeatureError} If the client does not support requests
   * @throws {ConnectionClosedError} If the client has disconnected
   * @throws {TimeoutError} If the reply takes too long
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the message is too large
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import { memory } from "@hoist/cli/memory";
   * import assert from "node:assert/strict";
   *
   * const options = { hostname: "127.0.0.1", port: 0, broker: memory() };
   * await using first = serve("test", options);
   * await using second = serve("test", options);
   * await using connection = await connect("test", { url: second.url });
   * connection.receive("ready?", (message) => message.reply("yes"));
   *
   * const [{ globalId }] = [...second.clients];
   * const reply = await first.client(globalId).request("ready?");
   * assert.equal(reply.name, "yes");
   * ```
   */
  request<Name extends RequestNameIn<Of["events"]>>(
    name: Name,
    ...dataAndOptions: ClientRequestArguments<Of, Name>
  ): Promise<ReferenceReplyOf<Of, Name>> {
    const [data = {}, options] = dataAndOptions;
    const reply: Promise<unknown> = this.#directory.request(
      ...[this.#address, name, data as JsonObject, options] as const,
    );
    const sending = this.#log.ignorable("a request to a client", reply);
    return sending as Promise<ReferenceReplyOf<Of, Name>>;
  }
}
