/**
 * The messages of a server to one client, and their ids: docs/reference/protocol.md, "2. A
 * message" and "4. A broadcast".
 *
 * @module
 */

import type { MessageIds } from "./server_frames.ts";
import type { Data } from "./actions.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import type { PendingRequests } from "./pending_requests.ts";
import { Violation } from "./violation.ts";

/** Checks the messages that one client receives. */
export class Messages {
  readonly #messageIds: MessageIds;
  readonly #pendingRequests: PendingRequests;
  /** The ids of the client's own messages. */
  readonly #own = new Set<number>();
  #lastTick: number | undefined;

  constructor(numbers: MessageIds, pendingRequests: PendingRequests) {
    this.#messageIds = numbers;
    this.#pendingRequests = pendingRequests;
  }

  /** The id of a message of this client, if it knows one */
  get own(): number | undefined {
    const [first] = this.#own;
    return first;
  }

  /** Asserts that the id of a message is unique. */
  note({ success, message, data, id }: ResponseFrame): void {
    if (!success || data === null || message === "items") return;
    if (message === "request") return this.#messageIds.claim(data.id);
    if (id === null) return;
    const isOwn = message === "open" || message === "done";
    if (message === "newmsg" || isOwn) this.#messageIds.claim(data.id);
    if (isOwn) this.#own.add(data.id);
  }

  /** Checks a message outside a response: a broadcast or a late reply. */
  take(data: Data): void {
    if (data.replying === null) {
      return this.#receiveBroadcast(data.data.n, data.id);
    }
    this.#messageIds.claim(data.id);
    const pendingRequests = this.#pendingRequests;
    if (
      pendingRequests.lateAllowed-- <= 0 || !this.#own.has(data.replying.id)
    ) {
      throw new Violation("a reply arrived that no listener sent");
    }
    pendingRequests.lateRequired = Math.max(
      0,
      pendingRequests.lateRequired - 1,
    );
  }

  #receiveBroadcast(tick: number, number: number): void {
    this.#messageIds.claimBroadcast(tick, number);
    const last = this.#lastTick ?? tick - 1;
    if (tick !== last + 1) {
      throw new Violation(`broadcast ${tick} came after broadcast ${last}`);
    }
    this.#lastTick = tick;
  }
}
