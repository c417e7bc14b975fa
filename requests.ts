/**
 * Answering the requests of one client: running the listeners or the operation and
 * sending what comes of it.
 *
 * @module
 */

import type { ClientLog } from "./client_log.ts";
import {
  type Client,
  ClientMessage,
  type OperationContext,
} from "./client_message.ts";
import { assertLength } from "./bytes.ts";
import {
  describeMessage,
  describeOperation,
  encodeError,
  encodeMessage,
  encodeSuccess,
} from "./encode.ts";
import { ErrorCode } from "./errors.ts";
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

/** What all the clients of a server answer from. */
export interface RequestHost {
  readonly log: Log;
  readonly listeners: Listeners<ClientMessage>;
  readonly operations: Operations<OperationContext>;
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
}

/** Answers the requests of one client. */
export class Requests {
  readonly #host: RequestHost;
  readonly #client: RequestClient;

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
    const messageId = this.#host.nextMessageId();
    const message = encodeMessage(name, data, replying, messageId);
    const isReply = id !== null;
    const frame = encodeSuccess(id, isReply ? "newmsg" : "s_newmsg", message);
    this.#assertLength(frame, () => describeMessage(name));
    if (isReply) this.#client.send(frame);
    else this.#client.notify(frame);
    return new Message({ message: name, data, id: messageId, replying });
  }

  /**
   * Answers a request; never throws.
   *
   * @returns Resolves when it is answered, unless it is already; never rejects
   */
  answer(request: MessageRequest | OperationRequest): void | Promise<void> {
    return request.kind === "operation"
      ? this.#answerOperation(request)
      : this.#answerMessage(request);
  }

  /** Answers a message: protocol.md, "2. A message". */
  async #answerMessage(
    { id, name, data, replying }: MessageRequest,
  ): Promise<void> {
    const messageId = this.#host.nextMessageId();
    const wire = { message: name, data, id: messageId, replying };
    let replyId: number | null = id;
    const message = new ClientMessage(
      wire,
      this.#client,
      (name, data) => this.push(replyId, name, data, wire),
    );
    const opening = `{"id":${messageId}}`;
    const opens = !this.#client.features.has("done-id");
    if (opens) this.#client.send(encodeSuccess(id, "open", opening));
    const errors = await this.#dispatch(message);
    // A reply that comes later stands alone: a Python client would take it for the
    // answer to its next request.
    replyId = null;
    this.#client.send(
      errors.length === 0
        ? encodeSuccess(id, "done", opens ? "null" : opening)
        : this.#failure(id, errors[0]),
    );
  }

  /** Answers a call: protocol.md, "3. An operation". */
  #answerOperation(request: OperationRequest): void | Promise<void> {
    const { log, operations } = this.#host;
    const { id, name, data } = request;
    const client = this.#client;
    if (!operations.has(name)) {
      const operation = log.redact(describeOperation(name));
      client.log.warn("error", `there is no ${operation}`);
      return this.#client.send(encodeError(id, ErrorCode.UNKNOWN_OPERATION));
    }
    try {
      const result = operations.call(name, data, { client });
      if (typeof result === "string") return this.#sendResult(request, result);
      return result.then(
        (result) => this.#sendResult(request, result),
        (error) => this.#sendFailure(request, error),
      );
    } catch (error) {
      return this.#sendFailure(request, error);
    }
  }

  #sendResult(request: OperationRequest, result: string): void {
    const frame = encodeSuccess(request.id, null, `{"result":${result}}`);
    try {
      this.#assertLength(frame, () => "the result");
    } catch (error) {
      return this.#sendFailure(request, error);
    }
    this.#client.send(frame);
  }

  #sendFailure({ id, name }: OperationRequest, error: unknown): void {
    const { log } = this.#host;
    const operation = log.redact(describeOperation(name));
    this.#client.log.exception(`${operation} failed`, error);
    this.#client.send(this.#failure(id, error));
  }

  /** Runs the listeners to a message and returns what they threw. */
  async #dispatch(message: ClientMessage): Promise<unknown[]> {
    const { log, listeners } = this.#host;
    const client = this.#client;
    const subject = () => log.redact(describeMessage(message.name));
    const errors: unknown[] = [];
    const called = await listeners.dispatch(message, (error) => {
      errors.push(error);
      client.log.exception(`a listener to ${subject()} failed`, error);
    });
    if (called === 0) {
      client.log.warn("message", `nobody listens to ${subject()}`);
    }
    return errors;
  }

  /** Refuses what no client could be sent, however well it reads. */
  #assertLength(frame: string, subject: () => string): void {
    const { maxBuffered } = this.#host.limits;
    assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
  }

  #failure(id: number, error: unknown): string {
    const data = this.#host.exposeErrors ? exposed(error) : GENERIC_FAILURE;
    return encodeError(id, ErrorCode.SERVER_ERROR, data);
  }
}

/** What a client is told of an error: a Python client needs both keys. */
const GENERIC_FAILURE = {
  message: "the server could not carry out the request",
  exc: "InternalError",
};

/** How many characters of an error are told: it has to fit beside other answers. */
const MAX_EXPOSED = 1_000;

function exposed(error: unknown): JsonObject {
  try {
    const { message, name } = error instanceof Error
      ? error
      : { message: error, name: "Error" };
    return {
      message: String(message).slice(0, MAX_EXPOSED),
      exc: String(name).slice(0, MAX_EXPOSED),
    };
  } catch {
    return GENERIC_FAILURE;
  }
}
