/**
 * The servers of a deployment, as the application of one of them uses them.
 *
 * @module
 */

import {
  checkFunction,
  checkKeys,
  checkNumber,
  DURATION,
  invalidType,
} from "../common/check.ts";
import { stringifyData } from "../common/encode_json.ts";
import { HoistError, NoNodeError } from "../common/errors.ts";
import { isJsonObject, type JsonObject } from "../common/json.ts";
import { describeMessage, quote } from "../common/text.ts";
import type { Log } from "./log.ts";
import type { ServerNode } from "./node.ts";
import { DONE, objectIn, stringIn } from "./node_messages.ts";

/** The state of the connection to the other servers */
export type ClusterState =
  /** The server has no broker */
  | "alone"
  /** The server has not been connected yet, and accepts no clients */
  | "starting"
  /** The server is connected */
  | "up"
  /** The broker does not answer */
  | "down"
  /** The broker refuses the credentials */
  | "refused";

/** Options of `ServerCluster.request` */
export interface ClusterRequestOptions {
  /**
   * How long to wait for the answer, in milliseconds from 0 to 2,147,483,647
   *
   * @default {5_000}
   */
  readonly timeout?: number | undefined;
}

/**
 * Handles a message of another server.
 *
 * @param data The data of the message
 * @param from The id of the server that sent it
 * @returns The answer to a request; an empty object if it returns nothing
 */
export type ClusterHandler = (
  data: JsonObject,
  from: string,
) => JsonObject | void | Promise<JsonObject | void>;

const APP = "app";

const TIMEOUT = 5_000;

/** The form of the id of a server. */
const NODE = /^[\w-]{1,40}$/;

/** The other servers of the deployment, from `Server.cluster`. */
export class ServerCluster {
  /** The id of this server, which is new at each start */
  readonly id: string;
  readonly #node: ServerNode | undefined;
  readonly #log: Log;
  // One object for each registration, so that disposing an old one cannot remove a new one.
  readonly #handlers = new Map<string, { readonly handler: ClusterHandler }>();

  /** @ignore Applications use `Server.cluster`. */
  constructor(id: string, node: ServerNode | undefined, log: Log) {
    this.id = id;
    this.#node = node;
    this.#log = log;
    node?.handle(APP, (fields, from) => this.#handle(fields, from));
  }

  /** The ids of the other servers. While the broker is down, the last ones that are known */
  get nodes(): ReadonlySet<string> {
    return this.#node?.nodes ?? new Set();
  }

  /** The state of the connection to the other servers */
  get state(): ClusterState {
    return this.#node?.state ?? "alone";
  }

  /**
   * Resolves when the server is connected and accepts clients, or is closed. It does not reject:
   * the server logs why it is not connected, and tries again.
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import { memory } from "@hoist/cli/memory";
   * import assert from "node:assert/strict";
   *
   * const options = { hostname: "127.0.0.1", port: 0, broker: memory() };
   * await using server = serve("test", options);
   * await server.cluster.ready;
   * assert.equal(server.cluster.state, "up");
   * ```
   */
  get ready(): Promise<void> {
    return this.#node?.started ?? Promise.resolve();
  }

  /**
   * Sends a message to the applications of other servers, at most once.
   *
   * @param node The id of a server; `undefined` for all other servers
   * @param name The name of the message
   * @param data The data of the message
   *
   * @throws {PublishError} If the broker is down
   * @throws {TypeError} If the data is not a JSON object, or the id of the server is invalid
   * @throws {RangeError} If the message has more than 512 KiB
   */
  message(
    node: string | undefined,
    name: string,
    data: JsonObject = {},
  ): Promise<void> {
    const sending = this.#message(node, name, data);
    return this.#log.ignorable("a message to other servers", sending);
  }

  /**
   * Sends a message to the application of another server, and waits for the answer.
   *
   * @param node The id of the server
   * @param name The name of the message
   * @param data The data of the message
   * @param options Optional. How long to wait
   * @returns What the handler has returned
   *
   * @throws {NoNodeError} If the server has ended
   * @throws {TimeoutError} If there is no answer in time
   * @throws {PublishError} If the broker is down
   * @throws {HoistError} If the server has no handler for the name, or the handler failed
   * @throws {TypeError} If the data is not a JSON object, or the id of the server is invalid
   * @throws {RangeError} If the message has more than 512 KiB
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import { memory } from "@hoist/cli/memory";
   * import assert from "node:assert/strict";
   *
   * const options = { hostname: "127.0.0.1", port: 0, broker: memory() };
   * await using first = serve("test", options);
   * await using second = serve("test", options);
   * second.cluster.receive("load", () => ({ clients: second.clients.size }));
   * await Promise.all([first.cluster.ready, second.cluster.ready]);
   *
   * for (const node of first.cluster.nodes) {
   *   assert.deepEqual(await first.cluster.request(node, "load"), { clients: 0 });
   * }
   * ```
   */
  request(
    node: string,
    name: string,
    data: JsonObject = {},
    options: ClusterRequestOptions = {},
  ): Promise<JsonObject> {
    const sending = this.#request(node, name, data, options);
    return this.#log.ignorable("a request to another server", sending);
  }

  /**
   * Handles the messages with a name.
   *
   * @param name The name of the messages
   * @param handler The handler
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the handler
   *
   * @throws {TypeError} If the name has a handler, or the handler is not a function
   */
  receive(name: string, handler: ClusterHandler): Disposable {
    const subject = `Cannot receive ${describeMessage(name)} of other servers`;
    checkFunction(subject, "the handler", handler);
    if (this.#handlers.has(name)) {
      throw new TypeError(
        `${subject}: it has a handler. Remove the handler first.`,
      );
    }
    const entry = { handler };
    this.#handlers.set(name, entry);
    const remove = () => {
      if (this.#handlers.get(name) === entry) this.#handlers.delete(name);
    };
    return { [Symbol.dispose]: remove };
  }

  async #message(
    node: string | undefined,
    name: string,
    data: JsonObject,
  ): Promise<void> {
    if (node !== undefined) checkNode("Cannot send the message", node);
    checkMessage(name, data);
    await this.#node?.tell(node, APP, { name, data });
  }

  async #request(
    node: string,
    name: string,
    data: JsonObject,
    options: ClusterRequestOptions,
  ): Promise<JsonObject> {
    const subject = "Cannot send the request";
    checkKeys(subject, options, { timeout: true });
    const { timeout = TIMEOUT } = options;
    checkNumber(subject, "timeout", timeout, DURATION);
    checkNode(subject, node);
    checkMessage(name, data);
    if (this.#node === undefined) {
      throw new NoNodeError(
        `${subject}: this server has no broker, so there is no server ${
          quote(node)
        }.`,
      );
    }
    const answer = await this.#node.ask(node, APP, { name, data }, timeout);
    const error = stringIn(answer, "error");
    if (error === undefined) return objectIn(answer, "data") ?? {};
    throw new HoistError(`The server ${quote(node)} ${error}`);
  }

  async #handle(
    fields: JsonObject,
    from: string,
  ): Promise<JsonObject | undefined> {
    const name = stringIn(fields, "name");
    const data = objectIn(fields, "data");
    if (name === undefined || data === undefined) return undefined;
    const message = describeMessage(name);
    const entry = this.#handlers.get(name);
    if (entry === undefined) {
      return { error: `has no handler for ${message}` };
    }
    try {
      // A call of entry.handler would pass the entry as `this`.
      const { handler } = entry;
      const answer = await handler(data, from);
      if (!isJsonObject(answer)) return DONE;
      stringifyData(answer, () => `the answer to ${message}`);
      return { data: answer };
    } catch (error) {
      const what = `the handler of ${message} of another server failed`;
      this.#log.exception(what, error);
      return { error: `could not handle ${message}. See its log.` };
    }
  }
}

/** The id can come from a client, and becomes a part of a command to the engine. */
function checkNode(subject: string, node: unknown): void {
  if (typeof node === "string" && NODE.test(node)) return;
  throw invalidType(subject, "the node", "the id of a server", node);
}

function checkMessage(name: unknown, data: JsonObject): void {
  if (typeof name !== "string") {
    throw invalidType("Cannot send the message", "the name", "a string", name);
  }
  stringifyData(data, () => describeMessage(name));
}
