/**
 * Finds clients by their global ids, on this server and on others, and carries the errors
 * of the others.
 *
 * @module
 */

import { within } from "../common/async.ts";
import { invalidType } from "../common/check.ts";
import { describeChange, stringifyData } from "../common/encode_json.ts";
import {
  ConnectionClosedError,
  FeatureError,
  HoistError,
  NoNodeError,
  NoReplyError,
  TimeoutError,
} from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import {
  checkRequestOptions,
  type RequestOptions,
} from "../common/request_options.ts";
import { continueTrace, findTelemetry } from "../common/telemetry.ts";
import { describeMessage, describeRequest, quote } from "../common/text.ts";
import { readable } from "../common/thrown.ts";
import { timedOut } from "../common/timed_out.ts";
import { Message, type WireMessage } from "../protocol/message.ts";
import { limitsOf } from "./call_scope.ts";
import type { Client } from "./message.ts";
import type { ServerNode } from "./node.ts";
import { countIn, DONE, objectIn, stringIn } from "./node_messages.ts";

/** How long a request to another server waits without a timeout, in milliseconds. */
const MAX_WAIT = 60_000;

/**
 * How much longer than the client another server has to answer, in milliseconds. Its own timeout
 * says more.
 */
const ANSWER_TIME = 500;

/** The form of a global id: the id of the server, and the number of the client. */
const FORM = /^([\w-]{1,40})\.([0-9]{1,15})$/;

/** The messages to a client of another server. */
const REQUEST = "request";
const MESSAGE = "message";
const CLOSE = "close";

/** A client, on whichever server it is. */
export interface ClientAddress {
  readonly node: string;
  readonly id: number;
}

/**
 * Parses a global id.
 *
 * @throws {TypeError} If it is invalid
 */
export function parseGlobalId(globalId: unknown): ClientAddress {
  const found = typeof globalId === "string" ? FORM.exec(globalId) : null;
  if (found === null) {
    const needed = "the globalId of a client";
    throw invalidType("Cannot use the client", "the id", needed, globalId);
  }
  return { node: found[1]!, id: Number(found[2]) };
}

/** Finds the clients of all servers. */
export class ClientDirectory {
  readonly #self: string;
  readonly #node: ServerNode | undefined;
  readonly #clients: ReadonlySet<Client>;
  /** The clients by their numbers; a server that is alone can do without */
  readonly #byId = new Map<number, Client>();

  /**
   * Constructs a `ClientDirectory`, which handles the requests of other servers.
   *
   * @param self The id of this server
   * @param node Connects it to the others, if it is not alone
   * @param clients The clients of this server
   */
  constructor(
    self: string,
    node: ServerNode | undefined,
    clients: ReadonlySet<Client>,
  ) {
    this.#self = self;
    this.#clients = clients;
    this.#node = node;
    node?.handle(REQUEST, (fields) => this.#onRequest(fields));
    node?.handle(MESSAGE, (fields) => this.#onMessage(fields));
    node?.handle(CLOSE, (fields) => this.#onClose(fields));
  }

  /** Adds a client of this server. */
  add(client: Client): void {
    if (this.#node !== undefined) this.#byId.set(client.id, client);
  }

  /** Removes a client of this server. */
  delete(client: Client): void {
    this.#byId.delete(client.id);
  }

  /** Returns a client of this server; `undefined` if it has disconnected. */
  find({ node, id }: ClientAddress): Client | undefined {
    return node === this.#self ? this.#find(id) : undefined;
  }

  /**
   * Closes the connection of a client.
   *
   * @returns Whether there was such a client
   */
  async close(
    { node, id }: ClientAddress,
    code: number,
    reason: string,
  ): Promise<boolean> {
    if (node === this.#self) return closeIfFound(this.#find(id), code, reason);
    const fields = { client: id, code, reason };
    const answer = await this.#ask(node, CLOSE, fields, MAX_WAIT);
    return answer.found === true;
  }

  /**
   * Sends a message to a client.
   *
   * @returns Whether there was such a client
   */
  async message(
    { node, id }: ClientAddress,
    name: string,
    data: JsonObject,
  ): Promise<boolean> {
    if (node === this.#self) return messageIfFound(this.#find(id), name, data);
    stringifyData(data, () => describeMessage(name));
    const fields = { client: id, name, data };
    const answer = await this.#ask(node, MESSAGE, fields, MAX_WAIT);
    throwErrorIn(answer);
    return answer.found === true;
  }

  /** Sends a request to a client. */
  async request(
    address: ClientAddress,
    name: string,
    data: JsonObject,
    options: RequestOptions | undefined,
  ): Promise<Message> {
    const subject = describeRequest(name);
    if (address.node !== this.#self) {
      return await this.#requestRemote(address, name, data, options, subject);
    }
    const client = this.#find(address.id);
    if (client === undefined) throw closed(subject);
    return await client.request(name, data, options);
  }

  #find(id: number): Client | undefined {
    if (this.#node !== undefined) return this.#byId.get(id);
    return [...this.#clients].find((client) => client.id === id);
  }

  async #requestRemote(
    { node, id }: ClientAddress,
    name: string,
    data: JsonObject,
    options: RequestOptions | undefined,
    subject: string,
  ): Promise<Message> {
    checkRequestOptions("Cannot send the request", options);
    stringifyData(data, () => subject);
    const { signal, timeout, onExpired } = limitsOf(options);
    signal?.throwIfAborted();
    const wait = Math.min(timeout ?? MAX_WAIT, MAX_WAIT);
    const traceparent = findTelemetry()?.activeTraceparent();
    const fields = {
      // The other server accepts only whole numbers.
      ...{ client: id, name, data, timeout: Math.ceil(wait) },
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const asking = this.#ask(node, REQUEST, fields, wait + ANSWER_TIME);
    // The time of the client can be over first.
    asking.catch(() => {});
    const reason = onExpired ?? (() => timedOut(subject, wait));
    const answer = await within(asking, signal, wait + ANSWER_TIME, reason);
    throwErrorIn(answer);
    return new Message(wireIn(answer, subject));
  }

  async #ask(
    node: string,
    kind: string,
    fields: JsonObject,
    timeout: number,
  ): Promise<JsonObject> {
    if (this.#node !== undefined) {
      return await this.#node.ask(node, kind, fields, timeout);
    }
    throw new NoNodeError(
      `Cannot reach the server ${quote(node)}: it is gone.`,
    );
  }

  async #onRequest(fields: JsonObject): Promise<JsonObject | undefined> {
    const found = this.#addressee(fields);
    const timeout = countIn(fields, "timeout");
    if (found === undefined || timeout === undefined) return undefined;
    const { client, name, data } = found;
    try {
      if (client === undefined) throw closed(describeRequest(name));
      const request = () => client.request(name, data, { timeout });
      const reply = await continueTrace(fields.traceparent, request);
      assertCarried(name, reply.data);
      return { reply: { ...reply.toJSON(), replying: null } };
    } catch (error) {
      return { error: encodeNodeError(error) };
    }
  }

  #onMessage(fields: JsonObject): JsonObject | undefined {
    const found = this.#addressee(fields);
    if (found === undefined) return undefined;
    const { client, name, data } = found;
    try {
      return { ...DONE, found: messageIfFound(client, name, data) };
    } catch (error) {
      return { error: encodeNodeError(error) };
    }
  }

  #onClose(fields: JsonObject): JsonObject | undefined {
    const id = countIn(fields, "client");
    const code = countIn(fields, "code");
    const reason = stringIn(fields, "reason");
    if (id === undefined || code === undefined || reason === undefined) {
      return undefined;
    }
    return { ...DONE, found: closeIfFound(this.#find(id), code, reason) };
  }

  /** Reads which client another server wants to reach; `undefined` if it is invalid. */
  #addressee(fields: JsonObject): {
    readonly client: Client | undefined;
    readonly name: string;
    readonly data: JsonObject;
  } | undefined {
    const id = countIn(fields, "client");
    const name = stringIn(fields, "name");
    const data = objectIn(fields, "data");
    if (id === undefined || name === undefined || data === undefined) {
      return undefined;
    }
    return { client: this.#find(id), name, data };
  }
}

function closeIfFound(
  client: Client | undefined,
  code: number,
  reason: string,
): boolean {
  client?.close(code, reason);
  return client !== undefined;
}

function messageIfFound(
  client: Client | undefined,
  name: string,
  data: JsonObject,
): boolean {
  client?.message(name, data);
  return client !== undefined;
}

function closed(subject: string): ConnectionClosedError {
  const close = { code: 1006, reason: "the client has disconnected" };
  return new ConnectionClosedError(subject, close);
}

/**
 * Checks the reply of a client before it is sent to another server.
 *
 * @throws {HoistError} If JSON would change it: a client can reply with `1e400`
 */
function assertCarried(request: string, data: JsonObject): void {
  const change = describeChange(data, "data");
  if (change === undefined) return;
  throw new HoistError(
    `Cannot finish ${
      describeRequest(request)
    }: the reply cannot be sent to another server as JSON: ${change.text}`,
  );
}

function throwErrorIn(answer: JsonObject): void {
  const error = objectIn(answer, "error");
  if (error !== undefined) throw decodeNodeError(error);
}

function wireIn(answer: JsonObject, subject: string): WireMessage {
  const reply = objectIn(answer, "reply") ?? {};
  const message = stringIn(reply, "message");
  const data = objectIn(reply, "data");
  const id = countIn(reply, "id");
  if (message === undefined || data === undefined || id === undefined) {
    throw new TypeError(`Cannot finish ${subject}: the answer is invalid.`);
  }
  return { message, data, id, replying: null };
}

/** Encodes an error. */
export function encodeNodeError(thrown: unknown): JsonObject {
  const error = readable(thrown);
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message } = error;
  if (error instanceof NoReplyError) {
    return { name, message, hasFailed: error.hasFailed };
  }
  if (error instanceof FeatureError) {
    return { name, message, feature: error.feature };
  }
  if (error instanceof ConnectionClosedError) {
    return { name, message, code: error.code, reason: error.reason };
  }
  return { name, message };
}

/** Decodes an error. An error of another class becomes a `HoistError`. */
export function decodeNodeError(fields: JsonObject): Error {
  const message = stringIn(fields, "message") ?? "";
  return Object.assign(create(fields, message), { message });
}

function create(fields: JsonObject, message: string): Error {
  switch (fields.name) {
    case "NoReplyError":
      return new NoReplyError("", fields.hasFailed === true);
    case "FeatureError":
      return new FeatureError("", stringIn(fields, "feature") ?? "", "client");
    case "ConnectionClosedError": {
      const reason = stringIn(fields, "reason") ?? "";
      const code = countIn(fields, "code") ?? 1006;
      return new ConnectionClosedError("", { code, reason });
    }
    case "TimeoutError":
      return new TimeoutError(message);
    case "TypeError":
      return new TypeError(message);
    case "RangeError":
      return new RangeError(message);
    default:
      return new HoistError(message);
  }
}
