/**
 * The requests that a server has sent to one client and that wait for a reply:
 * docs/reference/protocol.md, `request`.
 *
 * @module
 */

import { mapMaybePromise, SerialQueue } from "../common/async.ts";
import { ConnectionClosedError, NoReplyError } from "../common/errors.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { WireMessage } from "../protocol/message.ts";
import type { ClientMessage } from "./message.ts";

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
