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

/** Answers the requests of one client. */
export class Requests {
  readonly #host: RequestHost;
  readonly #client: Client;
  readonly #send: (frame: string) => void;

  constructor(
    host: RequestHost,
    client: Client,
    send: (frame: string) => void,
  ) {
    this.#host = host;
    this.#client = client;
    this.#send = send;
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
    this.#send(encodeSuccess(id, id === null ? "s_newmsg" : "newmsg", frame));
    return new Message({ message: name, data, id: messageId, replying });
  }

  /** Answers a message: protocol.md, "2. A message". */
  async answerMessage(
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
    this.#send(encodeSuccess(id, "open", `{"id":${messageId}}`));
    const errors = await this.#dispatch(message);
    // A reply that comes later stands alone: a Python client would take it for the
    // answer to its next request.
    replyId = null;
    this.#send(
      errors.length === 0
        ? encodeSuccess(id, "done")
        : this.#failure(id, errors[0]),
    );
  }

  /** Answers a call: protocol.md, "3. An operation". */
  async answerOperation({ id, name, data }: OperationRequest): Promise<void> {
    const { log, operations } = this.#host;
    const client = this.#client;
    const operation = () => log.redact(describeOperation(name));
    if (!operations.has(name)) {
      log.warn("error", `${client.address}: there is no ${operation()}`);
      this.#send(encodeError(id, ErrorCode.UNKNOWN_OPERATION));
      return;
    }
    try {
      const result = await operations.call(name, data, { client });
      this.#send(encodeSuccess(id, null, `{"result":${result}}`));
    } catch (error) {
      log.exception(`${client.address}: ${operation()} failed`, error);
      this.#send(this.#failure(id, error));
    }
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
