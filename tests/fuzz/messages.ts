/**
 * The messages of a server to one client, and their ids: docs/reference/protocol.md, "2. A
 * message" and "4. A broadcast".
 *
 * @module
 */

import type { MessageIds } from "./server_frames.ts";
import type { Data } from "./actions.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import { GIVEN_ROOM } from "./test_rooms.ts";
import type { PendingRequests } from "./pending_requests.ts";
import { Violation } from "./violation.ts";

/** Consecutive numbers, from any number on. */
export class Sequence {
  #last: number | undefined;

  /** Checks the next number. */
  take(n: number): void {
    const last = this.#last ?? n - 1;
    this.#last = n;
    if (n === last + 1) return;
    throw new Violation(`message ${n} of a room came after message ${last}`);
  }
}

/** Checks the messages that one client receives. */
export class Messages {
  /** The messages to the room that all clients are in */
  readonly given = new Sequence();
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
    if (data.message === GIVEN_ROOM) return this.#receiveGiven(data);
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

  /** Checks a message to a room, as a client of Hoist 1 gets it. */
  #receiveGiven({ replying, data: { n }, id }: Data): void {
    if (replying !== null) throw new Violation("a room has sent a reply");
    if (!Number.isSafeInteger(id) || id <= 0) {
      throw new Violation(`a message to a room has the id ${id}`);
    }
    this.given.take(n);
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
