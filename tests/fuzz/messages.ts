/**
 * The messages of a server to one client, by their numbers: docs/protocol.md, "2. A
 * message" and "4. A broadcast".
 *
 * @module
 */

import type { Numbers } from "./server_frames.ts";
import type { Data } from "./actions.ts";
import type { Answer } from "./response_steps.ts";
import type { Outstanding } from "./pending_requests.ts";
import { Violation } from "./violation.ts";

/** What one client was told of messages. */
export class Messages {
  readonly #numbers: Numbers;
  readonly #outstanding: Outstanding;
  /** The numbers of the client's own messages. */
  readonly #own = new Set<number>();
  #lastTick: number | undefined;

  constructor(numbers: Numbers, outstanding: Outstanding) {
    this.#numbers = numbers;
    this.#outstanding = outstanding;
  }

  /** A number of a message of this client, if it knows one */
  get own(): number | undefined {
    const [first] = this.#own;
    return first;
  }

  /** No two messages have the same number. */
  note({ success, message, data, id }: Answer): void {
    if (!success || data === null || message === "items") return;
    if (message === "request") return this.#numbers.claim(data.id);
    if (id === null) return;
    const isOwn = message === "open" || message === "done";
    if (message === "newmsg" || isOwn) this.#numbers.claim(data.id);
    if (isOwn) this.#own.add(data.id);
  }

  /** A message that stands alone: a broadcast, or a reply that came late. */
  take(data: Data): void {
    if (data.replying === null) return this.#hear(data.data.n, data.id);
    this.#numbers.claim(data.id);
    const outstanding = this.#outstanding;
    if (outstanding.lateAllowed-- <= 0 || !this.#own.has(data.replying.id)) {
      throw new Violation("a reply came that nobody was to send");
    }
    outstanding.lateRequired = Math.max(0, outstanding.lateRequired - 1);
  }

  #hear(tick: number, number: number): void {
    this.#numbers.claimBroadcast(tick, number);
    const last = this.#lastTick ?? tick - 1;
    if (tick !== last + 1) {
      throw new Violation(`broadcast ${tick} came after broadcast ${last}`);
    }
    this.#lastTick = tick;
  }
}
