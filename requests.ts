/**
 * What one client asks and is asked: running the listeners and sending what comes of
 * it.
 *
 * @module
 */

import { assertLength } from "./bytes.ts";
import { Calls } from "./calls.ts";
import { assertSayable, checkMessage } from "./checking.ts";
import type { ClientLog } from "./client_log.ts";
import {
  type Client,
  ClientMessage,
  type OperationContext,
} from "./client_message.ts";
import { type Contract, isReply } from "./contract.ts";
import {
  describeMessage,
  describeRequest,
  encodeMessage,
  encodeSuccess,
  type SuccessKind,
} from "./encode.ts";
import { FeatureError } from "./errors.ts";
import type { ControlFrame, StreamRequest } from "./extension_frames.ts";
import { encodeFailure } from "./failure.ts";
import type { Feature } from "./features.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import { type Listeners, Message } from "./message.ts";
import type { Operations } from "./operation.ts";
import type {
  JsonObject,
  MessageRequest,
  OperationRequest,
  WireMessage,
} from "./protocol.ts";
import { Questions } from "./questions.ts";
import { Refusal } from "./refusal.ts";
import type { RequestOptions } from "./server_message.ts";
import { chain, isThenable } from "./thenable.ts";
import { assertTimeout, timedOut, within } from "./timers.ts";
import type { TurnQueue } from "./turns.ts";

/** What all the clients of a server answer from. */
export interface RequestHost {
  readonly log: Log;
  readonly listeners: Listeners<ClientMessage>;
  readonly operations: Operations<OperationContext>;
  /** What the messages have to be, if that is known */
  readonly contract: Contract | undefined;
  /** Gives the streams of all clients their turns */
  readonly turns: TurnQueue;
  readonly exposeErrors: boolean;
  readonly limits: ResolvedLimits;
  /** A number that no message of this server has had. */
  nextMessageId(): number;
}

/** The client that is answered. */
export interface RequestClient extends Client {
  /** What it speaks beyond Hoist 1 */
  readonly features: ReadonlySet<Feature>;
  readonly log: ClientLog;
  /** Sends a frame, if the client is still there; never throws. */
  send(frame: string): void;
  /** The same for what it did not ask for, and may be left out */
  notify(frame: string): void;
  /** Whether a frame of so many UTF-16 units can be sent that can wait. */
  hasSpareRoom(units: number): boolean;
  /** Waits a moment, in which there may be more room. */
  moment(): Promise<void>;
}

/** What one client asks and is asked. */
export class Requests {
  readonly #host: RequestHost;
  readonly #client: RequestClient;
  /** Most clients that are connected are idle, and need none of these. */
  #calls: Calls | undefined;
  #questions: Questions | undefined;

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
    const questions = this.#questions ??= new Questions();
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
  windDown(): void {
    this.#calls?.windDown();
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
        : encodeFailure(id, errors[0], this.#host),
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
      const message = isThenable(made) ? await made : made;
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
    return chain(
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
    if (Refusal.is(error)) log.refusal(subject, error);
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
