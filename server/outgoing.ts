/**
 * Sends the messages of the server to one client: events, requests and replies, and waits
 * for the replies to its requests: docs/reference/protocol.md, `request`.
 *
 * @module
 */

import { mapMaybePromise, SerialQueue, within } from "../common/async.ts";
import {
  ConnectionClosedError,
  FeatureError,
  NoReplyError,
} from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import {
  checkRequestOptions,
  type RequestOptions,
} from "../common/request_options.ts";
import { endWith } from "../common/telemetry.ts";
import {
  assertLength,
  describeMessage,
  describeRequest,
  fitsInto,
} from "../common/text.ts";
import { readable } from "../common/thrown.ts";
import { timedOut } from "../common/timed_out.ts";
import { isReply } from "../contract/contract.ts";
import type { CloseInfo } from "../protocol/close.ts";
import { addTraceparent, encodeMessage } from "../protocol/encode.ts";
import { Message, type WireMessage } from "../protocol/message.ts";
import type { RequestError } from "../protocol/request_error.ts";
import { encodeSuccess, type SuccessKind } from "../protocol/success_frames.ts";
import { limitsOf } from "./call_scope.ts";
import type { ServerContext } from "./context.ts";
import { repliesTooLarge } from "./error_response.ts";
import type { ClientMessage } from "./message.ts";
import type { ClientRequestMetric } from "./metrics.ts";
import type { Transport } from "./transport.ts";
import { assertSendable } from "./validate.ts";

/** A message that is encoded. */
export interface Outgoing {
  readonly wire: WireMessage;
  readonly frame: string;
}

/**
 * Encodes a message with a new number.
 *
 * @param context The state of the server
 * @param id The id of the request that it answers; `null` if there is none
 * @param kind The kind of the frame
 * @param name The name of the message
 * @param data The data of the message
 * @param replying The message that it replies to; `null` if there is none
 *
 * @throws {TypeError} If the contract does not have the name, or the data is not a JSON object
 * @throws {RangeError} If the frame is larger than `limits.maxBuffered`
 */
export function encodeOutgoing(
  context: ServerContext,
  id: number | null,
  kind: SuccessKind,
  name: string,
  data: JsonObject,
  replying: WireMessage | null,
): Outgoing {
  const { contract, limits: { maxBuffered } } = context;
  if (contract !== undefined) assertSendable(contract, name, replying);
  const messageId = context.nextMessageId();
  const message = encodeMessage(name, data, replying, messageId);
  const frame = encodeSuccess(id, kind, message);
  const subject = () => describeMessage(name);
  assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
  return { wire: { message: name, data, id: messageId, replying }, frame };
}

/** Sends messages to one client. */
export class MessageSender {
  readonly #context: ServerContext;
  readonly #transport: Transport;
  readonly #client: number;
  #pending: PendingRequests | undefined;

  /**
   * Constructs a `MessageSender`.
   *
   * @param context The state of the server
   * @param transport The socket of the client
   * @param client The id of the client
   */
  constructor(context: ServerContext, transport: Transport, client: number) {
    this.#context = context;
    this.#transport = transport;
    this.#client = client;
  }

  /** The id of the server */
  get nodeId(): string {
    return this.#context.nodeId;
  }

  /** The requests that wait for a reply of the client; `undefined` before the first one */
  get pending(): PendingRequests | undefined {
    return this.#pending;
  }

  /** Whether a message of the client is a reply that a request waits for. */
  awaits(name: string, replying: WireMessage | null): boolean {
    if (replying === null || !this.#pending?.isPending(replying)) return false;
    const { contract } = this.#context;
    return contract === undefined || isReply(contract, replying.message, name);
  }

  /**
   * Sends a message that does not answer a request. A slow client can miss it: `onSlow`.
   *
   * @param name The name of the message
   * @param data The data of the message
   * @param replying The message that a late reply answers
   */
  push(
    name: string,
    data: JsonObject,
    replying: WireMessage | null = null,
  ): Message {
    const { wire, frame } = encodeOutgoing(
      this.#context,
      null,
      "s_newmsg",
      name,
      data,
      replying,
    );
    this.#transport.notify(frame);
    this.#tap(name, data);
    return new Message(wire);
  }

  /** Sends a message and waits for a reply: docs/reference/protocol.md, `request`. */
  request(
    name: string,
    data: JsonObject,
    options: RequestOptions | undefined,
  ): Promise<ClientMessage> {
    const { log } = this.#context;
    const sending = this.#observe(name, data, options);
    return log.ignorable("a request to a client", sending);
  }

  /** Sends a request, inside of a span if it gets one. */
  #observe(
    name: string,
    data: JsonObject,
    options: RequestOptions | undefined,
  ): Promise<ClientMessage> {
    const span = this.#context.telemetry?.startRequest(name);
    if (span === undefined) return this.#request(name, data, options);
    const { traceparent } = span;
    return endWith(span, this.#request(name, data, options, traceparent));
  }

  async #request(
    name: string,
    data: JsonObject,
    options: RequestOptions | undefined,
    traceparent?: string,
  ): Promise<ClientMessage> {
    checkRequestOptions("Cannot send the request", options);
    const { signal, timeout, onExpired } = limitsOf(options);
    const subject = describeRequest(name);
    const { closed, features } = this.#transport;
    if (closed !== undefined) throw new ConnectionClosedError(subject, closed);
    signal?.throwIfAborted();
    if (!features.has("request")) {
      throw new FeatureError(subject, "request", "client");
    }
    const { wire, frame } = encodeOutgoing(
      this.#context,
      null,
      "request",
      name,
      data,
      null,
    );
    const { clientRequests } = this.#context.metrics;
    const pending = this.#pending ??= new PendingRequests();
    const reply = pending.add(wire.id, name, subject);
    this.#tap(name, data);
    const isTraced = traceparent !== undefined && features.has("trace");
    this.#transport.send(
      isTraced ? addTraceparent(frame, traceparent) : frame,
    );
    try {
      const reason = onExpired ?? (() => timedOut(subject, timeout));
      const received = await within(reply, signal, timeout, reason);
      clientRequests.ok++;
      return received;
    } catch (error) {
      clientRequests[failureOf(error, signal)]++;
      throw error;
    } finally {
      pending.delete(wire.id);
    }
  }

  /** Sends a reply before the request is answered. */
  reply(
    id: number,
    name: string,
    data: JsonObject,
    replying: WireMessage,
  ): Message {
    const { wire, frame } = encodeOutgoing(
      this.#context,
      id,
      "newmsg",
      name,
      data,
      replying,
    );
    this.#transport.send(frame);
    this.#tap(name, data);
    return new Message(wire);
  }

  /** Whether a reply would fit without its message, whose length the client has chosen. */
  fitsAlone(name: string, data: JsonObject): boolean {
    const reply = encodeMessage(name, data, null, 0);
    const frame = encodeSuccess(null, "s_newmsg", reply);
    return fitsInto(frame, this.#context.limits.maxBuffered);
  }

  /** Logs that a message is too large for its replies; returns its answer. */
  refuse({ message }: WireMessage): RequestError {
    const { limits: { maxBuffered }, log } = this.#context;
    const error = repliesTooLarge(maxBuffered);
    const subject = describeMessage(log.redact(message));
    this.#transport.log.rejected(subject, error);
    return error;
  }

  /** Returns a reply that is not sent, because its message is too large. */
  skip(name: string, data: JsonObject, replying: WireMessage): Message {
    const id = this.#context.nextMessageId();
    return new Message({ message: name, data, id, replying });
  }

  /** Shows an event to the admins that read the events. */
  #tap(name: string, data: JsonObject): void {
    const kind = "event";
    const client = this.#client;
    const sink = this.#context.admin?.sink;
    sink?.sent({ kind, name, data, client, room: null, result: "ok" });
  }
}

/** Returns how a request to a client that failed is counted. */
function failureOf(
  error: unknown,
  signal: AbortSignal | undefined,
): ClientRequestMetric {
  // The reason of a signal, and what a schema has thrown, can be anything.
  const failure = readable(error);
  if (failure instanceof NoReplyError) return "no_reply";
  if (failure instanceof ConnectionClosedError) return "closed";
  return signal?.aborted ? "cancelled" : "timed_out";
}

/** A request that waits for its reply. */
interface PendingRequest {
  /** The request in error messages, such as `request "ready"` */
  readonly subject: string;
  /** The name of its message */
  readonly name: string;
  /** Handles the frames of the client in order, although a schema can be asynchronous */
  readonly frames: SerialQueue;
  /** Whether the client has reported the end of its listeners */
  isDone: boolean;
  resolve(reply: ClientMessage): void;
  reject(error: Error): void;
}

/** The requests to one client that wait for a reply. */
export class PendingRequests {
  /** The requests by the numbers of their messages */
  readonly #requests = new Map<number, PendingRequest>();

  /** The number of requests */
  get size(): number {
    return this.#requests.size;
  }

  /**
   * Adds a request before it is sent.
   *
   * @param id The number of its message
   * @param name The name of its message
   * @param subject The request in error messages
   * @returns Resolves to the reply
   */
  add(id: number, name: string, subject: string): Promise<ClientMessage> {
    return new Promise((resolve, reject) =>
      this.#requests.set(id, {
        subject,
        name,
        frames: new SerialQueue(),
        isDone: false,
        resolve,
        reject,
      })
    );
  }

  /** Whether a message replies to a pending request. */
  isPending(replying: WireMessage | null): replying is WireMessage {
    // The client sends the name along, and it can differ from the name of the request.
    return replying !== null &&
      this.#requests.get(replying.id)?.name === replying.message;
  }

  /** Whether a message replies to a pending request, and no earlier reply is checked. */
  isFirst(replying: WireMessage | null): boolean {
    return this.isPending(replying) &&
      this.#requests.get(replying.id)?.frames.done === undefined;
  }

  /** Whether the client has not yet reported the end of its listeners to a request. */
  awaitsDone(id: number): boolean {
    return this.#requests.get(id)?.isDone === false;
  }

  /**
   * Resolves a request with a reply.
   *
   * @param id The number of the message of the request
   * @param reply The checked reply; a promise if its schema is asynchronous
   */
  settle(id: number, reply: PromiseLike<ClientMessage> | ClientMessage): void {
    let checked: ClientMessage;
    this.#requests.get(id)?.frames.add(
      () => mapMaybePromise(reply, (message) => void (checked = message)),
      () => this.#remove(id)?.resolve(checked),
      // The sender of an invalid reply gets an error, and can reply again.
      () => {},
    );
  }

  /** Rejects a request, because the client has reported the end of its listeners. */
  finish(id: number, hasFailed: boolean): void {
    const request = this.#requests.get(id);
    // Repeated reports would fill the queue.
    if (request === undefined || request.isDone) return;
    request.isDone = true;
    const finish = (): void => {
      this.#remove(id)?.reject(new NoReplyError(request.subject, hasFailed));
    };
    request.frames.add(() => {}, finish, finish);
  }

  /** Removes a request without settling it. */
  delete(id: number): void {
    this.#requests.delete(id);
  }

  /** Rejects all requests, because the connection has ended. */
  close(info: CloseInfo): void {
    for (const [id, { subject, reject }] of this.#requests) {
      this.#requests.delete(id);
      reject(new ConnectionClosedError(subject, info));
    }
  }

  #remove(id: number): PendingRequest | undefined {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    return request;
  }
}
