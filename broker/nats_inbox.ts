/**
 * Replies of NATS to many requests at once, over one subscription.
 *
 * The client of NATS has requests of its own, which need several times the CPU.
 *
 * @module
 */

import type { Msg } from "./nats_client.ts";
import type { RefusedError } from "./nats_refusals.ts";

/** How often the deadlines are checked, in milliseconds. */
const SWEEP = 100;

/** How late the check is after a stall, in milliseconds. */
const STALL = 50;

/** The maximum number of late checks in a row that wait, because a busy program is always late. */
const MAX_GRACES = 2;

/** Why no further reply can come. */
export type LostReason = "timeout" | "disconnected" | RefusedError;

/** Waits for the replies to a request. */
export interface ReplyHandler {
  /**
   * Called with each reply.
   *
   * @returns Whether the request is finished
   */
  onReply(message: Msg): boolean;
  /** Called once if the request does not finish. */
  onLost(reason: LostReason): void;
}

interface Waiting {
  /** Where the request went */
  readonly target: string;
  readonly handler: ReplyHandler;
  readonly due: number;
}

/** The requests that wait for replies. */
export class NatsInbox {
  /** The subject of all replies */
  readonly subject: string;
  readonly #prefix: string;
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sweptAt = 0;
  #graces = 0;

  /** Constructs a `NatsInbox` with a subject that nobody can guess. */
  constructor() {
    const id = crypto.randomUUID().replaceAll("-", "");
    this.#prefix = `_INBOX.${id}.`;
    this.subject = `${this.#prefix}*`;
  }

  /**
   * Adds a request.
   *
   * @param target The subject of the request
   * @param handler Receives the replies
   * @param timeout How long to wait for the last one, in milliseconds
   * @returns The subject for the replies
   */
  add(target: string, handler: ReplyHandler, timeout: number): string {
    const subject = this.#prefix + (++this.#count).toString(36);
    const due = performance.now() + timeout;
    this.#waiting.set(subject, { target, handler, due });
    if (this.#timer === undefined) this.#startTimer();
    return subject;
  }

  /** Forgets a request. */
  delete(subject: string): void {
    this.#waiting.delete(subject);
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  /** Receives a reply. */
  receive(message: Msg): void {
    const { subject } = message;
    const handler = this.#waiting.get(subject)?.handler;
    if (handler?.onReply(message)) this.delete(subject);
  }

  /** Ends the oldest request to a subject that NATS refuses; returns whether there is one. */
  refuse(error: RefusedError): boolean {
    for (const [subject, { target, handler }] of this.#waiting) {
      if (target !== error.subject) continue;
      this.delete(subject);
      handler.onLost(error);
      return true;
    }
    return false;
  }

  /** Ends all requests, because no reply can come any more. */
  disconnect(): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#stopTimer();
    for (const { handler } of all) handler.onLost("disconnected");
  }

  #startTimer(): void {
    this.#sweptAt = performance.now();
    this.#timer = setInterval(() => this.#sweep(), SWEEP);
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    const now = performance.now();
    // After a stall, the replies can be in the socket: see common/async.ts.
    const isLate = now - this.#sweptAt > SWEEP + STALL;
    this.#sweptAt = now;
    if (isLate && this.#graces++ < MAX_GRACES) return;
    this.#graces = 0;
    for (const [subject, { handler, due }] of this.#waiting) {
      if (due > now) continue;
      this.delete(subject);
      handler.onLost("timeout");
    }
  }
}
