/**
 * What a server has asked one client and waits for: docs/protocol.md, `request`.
 *
 * @module
 */

import { mapMaybePromise, SerialQueue } from "../common/async.ts";
import { ConnectionClosedError, NoReplyError } from "../common/errors.ts";
import { type WireMessage } from "../protocol/message.ts";
import { type ClientMessage } from "./message.ts";
/** A request that waits for its reply. */
interface PendingRequest {
  /** What errors call it, such as `request "ready"` */
  readonly subject: string;
  /** The name of its message */
  readonly name: string;
  /** What the client says of it, in its order, although a schema may have to wait */
  readonly said: SerialQueue;
  /** Whether its listeners are done, although what it said before may still wait */
  isDone: boolean;
  resolve(reply: ClientMessage): void;
  reject(error: Error): void;
}

/** The requests to one client that wait for a reply. */
export class PendingRequests {
  /** By the numbers of their messages. */
  readonly #waiting = new Map<number, PendingRequest>();

  /** The number of requests that wait */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Adds a request that is about to be sent.
   *
   * @param id The number of its message
   * @param name The name of its message
   * @param subject What errors call it
   * @returns The reply, once it is there
   */
  add(id: number, name: string, subject: string): Promise<ClientMessage> {
    return new Promise((resolve, reject) =>
      this.#waiting.set(id, {
        subject,
        name,
        said: new SerialQueue(),
        isDone: false,
        resolve,
        reject,
      })
    );
  }

  /** Whether a message replies to a request that waits. */
  isAsked(replying: WireMessage | null): replying is WireMessage {
    // What a client claims to reply to may have another name than what was asked.
    return replying !== null &&
      this.#waiting.get(replying.id)?.name === replying.message;
  }

  /** Whether it is the first reply to such a request, or none of those before has fitted. */
  isFirst(replying: WireMessage | null): boolean {
    return this.isAsked(replying) &&
      this.#waiting.get(replying.id)?.said.done === undefined;
  }

  /** Whether a request waits whose listeners are not done. */
  awaitsDone(id: number): boolean {
    return this.#waiting.get(id)?.isDone === false;
  }

  /**
   * A reply is there.
   *
   * @param id The number of the message that asked
   * @param reply The reply, once it is known to fit; rejects if it does not
   */
  settle(id: number, reply: PromiseLike<ClientMessage> | ClientMessage): void {
    let fitting: ClientMessage;
    this.#waiting.get(id)?.said.add(
      () => mapMaybePromise(reply, (message) => void (fitting = message)),
      () => this.#take(id)?.resolve(fitting),
      // Whoever sent it is told; another one may follow.
      () => {},
    );
  }

  /** The listeners of the client are done. */
  finish(id: number, hasFailed: boolean): void {
    const question = this.#waiting.get(id);
    // What says it again and again would wait again and again.
    if (question === undefined || question.isDone) return;
    question.isDone = true;
    const finish = (): void => {
      this.#take(id)?.reject(new NoReplyError(question.subject, hasFailed));
    };
    question.said.add(() => {}, finish, finish);
  }

  /** Nobody waits for the reply any more. */
  forget(id: number): void {
    this.#waiting.delete(id);
  }

  /** The client has left. */
  close(info: { readonly code: number; readonly reason: string }): void {
    for (const [id, { subject, reject }] of this.#waiting) {
      this.#waiting.delete(id);
      reject(new ConnectionClosedError(subject, info));
    }
  }

  #take(id: number): PendingRequest | undefined {
    const question = this.#waiting.get(id);
    this.#waiting.delete(id);
    return question;
  }
}
