/**
 * Answering the requests of one client: running the listeners or the operation and
 * sending what comes of it.
 *
 * @module
 */

import {
  type Client,
  ClientMessage,
  type OperationContext,
} from "./client_message.ts";
import {
  describeMessage,
  describeOperation,
  encodeError,
  encodeMessage,
  encodeSuccess,
} from "./encode.ts";
import { ErrorCode } from "./errors.ts";
import type { Feature } from "./features.ts";
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
  /** A number that no message of this server has had. */
  nextMessageId(): number;
}

/** The client that is answered. */
export interface RequestClient extends Client {
  /** What it speaks beyond Hoist 1 */
  readonly features: ReadonlySet<Feature>;
  /** Sends a frame, if the client is still there; never throws. */
  send(frame: string): void;
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
    const frame = encodeMessage(name, data, replying, messageId);
    this.#client.send(
      encodeSuccess(id, id === null ? "s_newmsg" : "newmsg", frame),
    );
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
      log.warn("error", `${client.address}: there is no ${operation}`);
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

  #sendResult({ id }: OperationRequest, result: string): void {
    this.#client.send(encodeSuccess(id, null, `{"result":${result}}`));
  }

  #sendFailure({ id, name }: OperationRequest, error: unknown): void {
    const { log } = this.#host;
    const operation = log.redact(describeOperation(name));
    log.exception(`${this.#client.address}: ${operation} failed`, error);
    this.#client.send(this.#failure(id, error));
  }

  /** Runs the listeners to a message and returns what they threw. */
  async #dispatch(message: ClientMessage): Promise<unknown[]> {
    const { log, listeners } = this.#host;
    const { address } = this.#client;
    const subject = () => log.redact(describeMessage(message.name));
    const errors: unknown[] = [];
    const called = await listeners.dispatch(message, (error) => {
      errors.push(error);
      log.exception(`${address}: a listener to ${subject()} failed`, error);
    });
    if (called === 0) {
      log.warn("message", `${address}: nobody listens to ${subject()}`);
    }
    return errors;
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

function exposed(error: unknown): JsonObject {
  try {
    return error instanceof Error
      ? { message: String(error.message), exc: String(error.name) }
      : { message: String(error), exc: "Error" };
  } catch {
    return GENERIC_FAILURE;
  }
}
