/**
 * Taking what one client asks for, as far as limits allow it.
 *
 * @module
 */

import {
  assertTimeout,
  isPromiseLike,
  mapMaybePromise,
  type RequestOptions,
  within,
} from "../common/async.ts";
import { CloseCode, FeatureError, timedOut } from "../common/errors.ts";
import { type JsonObject } from "../common/json.ts";
import {
  assertLength,
  describeMessage,
  describeRequest,
} from "../common/text.ts";
import { isReply } from "../contract/contract.ts";
import {
  type ControlFrame,
  type MessageRequest,
  type OperationRequest,
  type StreamRequest,
} from "../protocol/client_frames.ts";
import {
  encodeMessage,
  encodeSuccess,
  type SuccessKind,
} from "../protocol/encode.ts";
import {
  answerTo,
  exceeded,
  type RequestLimit,
} from "../protocol/invalid_frame.ts";
import { Message, type WireMessage } from "../protocol/message.ts";
import { RequestError } from "../protocol/request_error.ts";
import { Calls } from "./calls.ts";
import { type ConnectionLog } from "./connection_log.ts";
import { RequestClient, RequestHost } from "./context.ts";
import { encodeErrorResponse } from "./error_response.ts";
import { type ResolvedLimits } from "./limits.ts";
import { ClientMessage } from "./message.ts";
import { PendingRequests } from "./pending_requests.ts";
import { TokenBucket, type Verdict } from "./rate_limiter.ts";
import { type AnswerEffect } from "./session.ts";
import { assertSayable, checkMessage } from "./validate.ts";
/** What a client asks for. */
export type Request = MessageRequest | OperationRequest | StreamRequest;

/** The client that asks. */
export interface IntakeOwner {
  readonly log: ConnectionLog;
  /** Sends an answer, and says what was wrong. */
  reply(answer: AnswerEffect): void;
  /** Closes the connection. */
  disconnect(code: number, reason: string): void;
  /** Nothing is under way any more. */
  rest(): void;
}

/** What an intake needs of the server. */
export interface IntakeHost {
  readonly limits: ResolvedLimits;
  /** Is there once the server closes; no further request is taken */
  readonly closing: object | undefined;
}

/** Takes what one client asks for. */
export class Intake {
  readonly #host: IntakeHost;
  readonly #client: IntakeOwner;
  readonly #requests: Requests;
  /** None before the first request: it would be kept for each idle connection. */
  #rate: TokenBucket | undefined;
  #underWay = 0;

  constructor(host: IntakeHost, client: IntakeOwner, requests: Requests) {
    this.#host = host;
    this.#client = client;
    this.#requests = requests;
  }

  /** Whether requests are under way */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Takes a request, or the answer to one that is invalid. */
  take(effect: Request | AnswerEffect, now: number): void {
    // A goodbye is still heard while the server closes, but no request of its own.
    if (this.#host.closing !== undefined && !this.#isAwaited(effect)) return;
    const verdict = this.#count(now);
    if (verdict === "never") return this.#cutOff();
    if (effect.kind === "answer") return this.#client.reply(effect);
    if (verdict === "no") return this.#refuse(effect, "maxRate");
    if (this.#hasPlaceFor(effect)) return this.#start(effect);
    this.#refuse(effect, "maxPending");
  }

  /** Takes what is about something under way: left out, that might never end. */
  control(frame: ControlFrame, now: number): void {
    // What the server has brought about by itself is no more than fair.
    const isDue = this.#requests.isDue(frame);
    if (!isDue && this.#count(now) === "never") return this.#cutOff();
    this.#requests.control(frame);
  }

  /** Whether one more may be under way, or ends one of those that wait for it. */
  #hasPlaceFor(request: Request): boolean {
    return this.#underWay < this.#host.limits.maxPending ||
      request.kind === "message" && this.#requests.hasPlace(request);
  }

  #count(now: number): Verdict {
    const { maxRate, maxBurst } = this.#host.limits;
    this.#rate ??= new TokenBucket(maxRate, maxBurst);
    return this.#rate.take(now);
  }

  #isAwaited(effect: Request | AnswerEffect): boolean {
    return effect.kind === "message" && this.#requests.isAwaited(effect);
  }

  #start(request: Request): void {
    this.#underWay++;
    const answered = this.#requests.answer(request);
    if (answered === undefined) return this.#settle();
    void answered.then(() => this.#settle());
  }

  #settle(): void {
    this.#underWay--;
    if (this.#underWay === 0) this.#client.rest();
  }

  #refuse({ id }: Request, limit: RequestLimit): void {
    const refusal = answerTo(exceeded(id, limit, this.#host.limits[limit]));
    this.#client.reply({ kind: "answer", ...refusal });
  }

  #cutOff(): void {
    const { maxRate } = this.#host.limits;
    this.#client.log.warn(
      "error",
      `does not stop to send more than ${maxRate} messages a second, see 'limits.maxRate'`,
    );
    this.#client.disconnect(CloseCode.POLICY_VIOLATION, "too many messages");
  }
}

/** What one client asks and is asked. */
export class Requests {
  readonly #host: RequestHost;
  readonly #client: RequestClient;
  /** Most clients that are connected are idle, and need none of these. */
  #calls: Calls | undefined;
  #questions: PendingRequests | undefined;

  constructor(host: RequestHost, client: RequestClient) {
    this.#host = host;
    this.#client = client;
  }

  /** Sends a message, as a reply to request `id` unless that is `null`. */
  push(
    id: number | null,
    name: string,
    data: JsonObject,
    replying: WireMessage | null,
  ): Message {
    const kind = id === null ? "s_newmsg" : "newmsg";
    const { wire, frame } = this.#encode(id, kind, name, data, replying);
    if (id === null) this.#client.notify(frame);
    else this.#client.send(frame);
    return new Message(wire);
  }

  /** Sends a message and waits for a reply: docs/protocol.md, `request`. */
  async ask(
    name: string,
    data: JsonObject,
    { signal, timeout }: RequestOptions,
  ): Promise<ClientMessage> {
    const subject = describeRequest(name);
    assertTimeout(timeout);
    signal?.throwIfAborted();
    if (!this.#client.features.has("request")) {
      throw new FeatureError(subject, "request", "client");
    }
    const { wire, frame } = this.#encode(null, "request", name, data, null);
    const questions = this.#questions ??= new PendingRequests();
    const reply = questions.add(wire.id, name, subject);
    this.#client.send(frame);
    try {
      const reason = () => timedOut(subject, timeout);
      return await within(reply, signal, timeout, reason);
    } finally {
      questions.forget(wire.id);
    }
  }

  /**
   * Answers a request; never throws.
   *
   * @returns Resolves when it is answered, unless it is already; never rejects
   */
  answer(
    request: MessageRequest | OperationRequest | StreamRequest,
  ): void | Promise<void> {
    if (request.kind === "message") return this.#answerMessage(request);
    const calls = this.#calls ??= new Calls(this.#host, this.#client);
    return request.kind === "operation"
      ? calls.answer(request)
      : calls.stream(request);
  }

  /** Whether the client says what the server has brought about by itself. */
  isDue(frame: ControlFrame): boolean {
    return frame.kind === "done"
      ? this.#questions?.awaitsDone(frame.id) ?? false
      : this.#calls?.isDue(frame) ?? false;
  }

  /** Takes what needs no answer. */
  control(frame: ControlFrame): void {
    if (frame.kind !== "done") return this.#calls?.control(frame);
    this.#questions?.finish(frame.id, frame.failed);
  }

  /** Whether a request is a reply to what the client was asked. */
  isAwaited(request: Pick<MessageRequest, "name" | "replying">): boolean {
    const { contract } = this.#host;
    const { name, replying } = request;
    if (replying === null || !this.#questions?.isAsked(replying)) return false;
    return contract === undefined || isReply(contract, replying.message, name);
  }

  /** Whether there is room for it in any case: one for each that the client was asked. */
  hasPlace(request: Pick<MessageRequest, "name" | "replying">): boolean {
    return this.isAwaited(request) &&
      this.#questions!.isFirst(request.replying);
  }

  /** The server begins to close. */
  beginShutdown(): void {
    this.#calls?.beginShutdown();
  }

  /**
   * The client has left.
   *
   * @returns Resolves when nothing has to come to its end any more
   */
  async end(
    info: { readonly code: number; readonly reason: string },
  ): Promise<void> {
    this.#questions?.close(info);
    await this.#calls?.end();
  }

  /** Answers a message: protocol.md, "2. A message". */
  async #answerMessage(
    { id, name, data, replying }: MessageRequest,
  ): Promise<void> {
    const messageId = this.#host.nextMessageId();
    const wire = { message: name, data, id: messageId, replying };
    let replyId: number | null = id;
    const reply: Reply = (name, data) => this.push(replyId, name, data, wire);
    const opening = `{"id":${messageId}}`;
    const opens = !this.#client.features.has("done-id");
    if (opens) this.#client.send(encodeSuccess(id, "open", opening));
    const errors = await this.#dispatch(wire, reply);
    // A reply that comes later stands alone: a Python client would take it for the
    // answer to its next request.
    replyId = null;
    this.#client.send(
      errors.length === 0
        ? encodeSuccess(id, "done", opens ? "null" : opening)
        : encodeErrorResponse(id, errors[0], this.#host),
    );
  }

  /** Runs the listeners to a message and returns what they threw. */
  async #dispatch(wire: WireMessage, reply: Reply): Promise<unknown[]> {
    const errors: unknown[] = [];
    const onError = (error: unknown) => {
      errors.push(error);
      this.#report(wire.message, error);
    };
    const { contract, listeners } = this.#host;
    const { message: name, replying } = wire;
    const isAwaited = this.isAwaited({ name, replying });
    try {
      const made = this.#make(wire, reply, isAwaited);
      if (isAwaited) this.#questions?.settle(replying!.id, made);
      const message = isPromiseLike(made) ? await made : made;
      // A listener to its name relies on the schema of a message, not of a reply.
      const isNamed = !isAwaited || contract === undefined;
      const called = await listeners.dispatch(message, onError, isNamed);
      if (called === 0 && !isAwaited) this.#reportUnheard(wire);
    } catch (error) {
      onError(error);
    }
    return errors;
  }

  /** What listeners get of a message, at once if its schema does not have to wait. */
  #make(
    { message: name, ...wire }: WireMessage,
    reply: Reply,
    isAwaited: boolean,
  ): ClientMessage | PromiseLike<ClientMessage> {
    const { replying, data } = wire;
    const incoming = { name, replying, isAwaited };
    return mapMaybePromise(
      checkMessage(this.#host.contract, data, incoming),
      (data) =>
        new ClientMessage({ ...wire, message: name }, this.#client, reply, {
          data,
        }),
    );
  }

  #encode(
    id: number | null,
    kind: SuccessKind,
    name: string,
    data: JsonObject,
    replying: WireMessage | null,
  ): { readonly wire: WireMessage; readonly frame: string } {
    const { contract, limits: { maxBuffered } } = this.#host;
    const subject = () => describeMessage(name);
    if (contract !== undefined) assertSayable(contract, name, replying);
    const messageId = this.#host.nextMessageId();
    const message = encodeMessage(name, data, replying, messageId);
    const frame = encodeSuccess(id, kind, message);
    assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
    return { wire: { message: name, data, id: messageId, replying }, frame };
  }

  #report(name: string, error: unknown): void {
    const subject = this.#host.log.redact(describeMessage(name));
    const { log } = this.#client;
    if (RequestError.is(error)) log.refusal(subject, error);
    else log.exception(`a listener to ${subject} failed`, error);
  }

  #reportUnheard({ message, replying }: WireMessage): void {
    const what = describeMessage(message);
    const subject = replying === null
      ? what
      : `${what}, a reply to ${describeMessage(replying.message)}`;
    this.#client.log.warn(
      "message",
      `nobody listens to ${this.#host.log.redact(subject)}`,
    );
  }
}

/** Sends a reply. */
type Reply = (name: string, data: JsonObject) => Message;
