/**
 * What a server has asked one client and waits for: docs/protocol.md, `request`.
 *
 * @module
 */

import type { ClientMessage } from "./client_message.ts";
import { ConnectionClosedError, NoReplyError } from "./errors.ts";
import type { WireMessage } from "./protocol.ts";

/** A request that waits for its reply. */
interface Question {
  /** What errors call it, such as `request "ready"` */
  readonly subject: string;
  /** The name of its message */
  readonly name: string;
  resolve(reply: ClientMessage): void;
  reject(error: Error): void;
}

/** The requests to one client that wait for a reply. */
export class Questions {
  /** By the numbers of their messages. */
  readonly #waiting = new Map<number, Question>();

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
      this.#waiting.set(id, { subject, name, resolve, reject })
    );
  }

  /** Whether a message replies to a request that waits. */
  isAsked(replying: WireMessage | null): boolean {
    // What a client claims to reply to may have another name than what was asked.
    return replying !== null &&
      this.#waiting.get(replying.id)?.name === replying.message;
  }

  /** A reply is there. */
  settle(id: number, reply: ClientMessage): void {
    this.#take(id)?.resolve(reply);
  }

  /** The listeners of the client are done. */
  finish(id: number, hasFailed: boolean): void {
    const question = this.#take(id);
    question?.reject(new NoReplyError(question.subject, hasFailed));
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

  #take(id: number): Question | undefined {
    const question = this.#waiting.get(id);
    this.#waiting.delete(id);
    return question;
  }
}
