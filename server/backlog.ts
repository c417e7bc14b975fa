/**
 * Spreads the work for one client over several turns of the event loop, and keeps its
 * frames until `onConnect` has finished.
 *
 * @module
 */

import { Queue } from "../common/queue.ts";
import type { FairScheduler } from "./scheduler.ts";

/** What a backlog calls; neither method throws. */
export interface BacklogOwner<Entry> {
  /** Handles an entry of a batch. */
  apply(entry: Entry, now: number): void;
  /** Handles a frame that has waited; can call `start()`. */
  receive(frame: string, now: number): void;
  /**
   * Called when too much waited, so that other clients had to wait.
   *
   * @param time How long they waited, in milliseconds
   */
  onOverrun(time: number): void;
}

/** How much work is done per turn of the event loop: 64 entries or short frames. */
export const WORK_PER_TURN = 64;

/** The length of a frame that takes as long to parse as a short one, in UTF-16 units. */
const SHORT = 1_024;

/** The maximum length of the frames that wait, in UTF-16 units. */
const MAX_WAITING = 2_097_152;

/** Returns how much work a frame is: a short one is as much as an entry. */
export function workOf(frame: unknown): number {
  return typeof frame === "string" ? 1 + Math.floor(frame.length / SHORT) : 1;
}

/**
 * The rest of a batch, and the frames that arrived after it. Large batches and many frames
 * of one client do not delay other clients, because other events are handled between the
 * turns.
 */
export class Backlog<Entry> {
  readonly #owner: BacklogOwner<Entry>;
  readonly #scheduler: Pick<FairScheduler, "add">;
  /** The entries of the batch in progress, and how many were handled */
  #entries: readonly Entry[] = [];
  #handled = 0;
  /** A client can let tens of thousands of them wait. */
  readonly #frames = new Queue<string>();
  /** The length of the frames, in UTF-16 units */
  #waiting = 0;
  #isScheduled = false;
  /** Whether frames wait although no earlier ones do */
  #isPaused = false;
  /** Called when nothing waits any more */
  #onEmpty: (() => void) | undefined;

  /**
   * Constructs a `Backlog`.
   *
   * @param owner Handles the entries and the frames
   * @param scheduler Shares the event loop with other clients
   */
  constructor(
    owner: BacklogOwner<Entry>,
    scheduler: Pick<FairScheduler, "add">,
  ) {
    this.#owner = owner;
    this.#scheduler = scheduler;
  }

  /** Whether no earlier entries or frames wait */
  get isEmpty(): boolean {
    return !this.#isPaused && this.#handled === this.#entries.length &&
      this.#frames.size === 0;
  }

  /**
   * Keeps a frame if earlier ones wait.
   *
   * @returns Whether the frame waits. If not, the caller handles it now.
   */
  keep(frame: unknown, now: number): boolean {
    if (!this.#hasCapacityFor(frame)) this.#makeCapacityFor(frame, now);
    if (this.isEmpty || typeof frame !== "string") return false;
    this.#frames.add(frame);
    this.#waiting += frame.length;
    return true;
  }

  /** Begins with the entries of a batch; `run()` handles them. */
  start(entries: readonly Entry[]): void {
    this.#entries = entries;
    this.#handled = 0;
  }

  /** Handles some entries and frames now, and the rest in later turns. */
  run(now: number): void {
    for (let work = 0; work < WORK_PER_TURN;) {
      const done = this.#step(now);
      if (done === 0) break;
      work += done;
    }
    if (this.isEmpty) return this.#reportEmpty();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduler.add(this.#continue);
  }

  /**
   * Lets the next frames wait until the next turn, because Deno can deliver thousands of
   * frames of one client in one turn.
   */
  pause(): void {
    if (!this.isEmpty || this.#isScheduled) return;
    this.#isPaused = true;
    this.#isScheduled = true;
    // The scheduler would let a client with few frames wait for the streams of others.
    setImmediate(this.#continue);
  }

  /**
   * Handles what waits before the end of the connection, because the client has sent it.
   *
   * @param next Called when nothing waits any more
   * @returns Whether anything waits; if not, `next` is not called
   */
  finish(next: () => void): boolean {
    if (this.isEmpty) return false;
    this.#onEmpty = next;
    return true;
  }

  /** Drops everything, because the connection has ended. */
  clear(): void {
    this.start([]);
    this.#frames.clear();
    this.#waiting = 0;
    this.#isPaused = false;
    this.#reportEmpty();
  }

  #reportEmpty(): void {
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty?.();
  }

  readonly #continue = (): void => {
    this.#isScheduled = false;
    this.#isPaused = false;
    this.run(performance.now());
  };

  #hasCapacityFor(frame: unknown): boolean {
    return typeof frame === "string" &&
      this.#waiting + frame.length <= MAX_WAITING;
  }

  /** Handles what waits, because the memory takes precedence over the other clients. */
  #makeCapacityFor(frame: unknown, now: number): void {
    const start = performance.now();
    while (!this.#hasCapacityFor(frame) && this.#step(now) > 0);
    this.#owner.onOverrun(performance.now() - start);
  }

  /** Handles the next entry or frame; returns how much work it was, or 0 without one. */
  #step(now: number): number {
    if (this.#handled === this.#entries.length) return this.#receiveNext(now);
    const entry = this.#entries[this.#handled++]!;
    // Do not keep the entries in memory after the last one.
    if (this.#handled === this.#entries.length) this.start([]);
    this.#owner.apply(entry, now);
    return 1;
  }

  #receiveNext(now: number): number {
    const frame = this.#frames.remove();
    if (frame === undefined) return 0;
    this.#waiting -= frame.length;
    this.#owner.receive(frame, now);
    return workOf(frame);
  }
}

/** The number of frames that are handled per turn of the event loop. */
const FRAMES_PER_TURN = 64;

/** A frame that waits until `onConnect` has finished. Neither function throws. */
interface HeldFrame {
  /** Handles the frame. */
  handle(): void;
  /** Called in place of `handle` if the connection has ended. */
  drop?: (() => void) | undefined;
}

/** The frames of one client that wait until `onConnect` has finished. */
export class HeldFrames {
  readonly #onEmpty: () => void;
  #frames = new Queue<HeldFrame>();
  /** The number of frames about other requests, which no limit for requests counts */
  #controls = 0;

  /**
   * Constructs a `HeldFrames`.
   *
   * @param onEmpty Called after `release()`, when no frame waits any more
   */
  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /**
   * Keeps a request.
   *
   * @param handle Handles the request; it must not throw
   * @param drop Called in place of `handle` if the connection has ended; it must not throw
   */
  add(handle: () => void, drop?: () => void): void {
    this.#frames.add({ handle, drop });
  }

  /**
   * Keeps a frame about another request, such as `cancel`.
   *
   * @param handle Handles the frame; it must not throw
   * @param limit How many such frames can wait
   * @returns Whether the frame waits; if not, there are too many
   */
  addControl(handle: () => void, limit: number): boolean {
    if (this.#controls >= limit) return false;
    this.#controls++;
    this.add(handle);
    return true;
  }

  /** Handles the frames in their order, and those that arrive before the last one. */
  release(): void {
    // A request can close the connection, and so drop the others.
    for (let n = 0; n < FRAMES_PER_TURN; n++) this.#frames.remove()?.handle();
    if (this.#frames.size === 0) return this.#onEmpty();
    // Other clients get their turns between the frames of this one.
    setImmediate(() => this.release());
  }

  /** Drops the frames, because the connection has ended. */
  clear(): void {
    const frames = this.#frames;
    this.#frames = new Queue();
    while (frames.size > 0) frames.remove()?.drop?.();
  }
}
