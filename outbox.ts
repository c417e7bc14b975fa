/**
 * What one side says to the other in one tick, on its way to the socket.
 *
 * @module
 */

import { joinFrames } from "./batch.ts";

/** Where frames go. */
export interface Sink {
  /** Hands a frame to the socket; never throws. */
  write(frame: string): void;
}

/** Sends frames in their order, those of one tick together if the peer takes that. */
export class Outbox {
  readonly #sink: Sink;
  /** The most that a batch holds, in bytes; none before the peer has agreed. */
  #limit: number | undefined;
  /** None where nothing waits: an idle connection should not keep a list. */
  #frames: string[] | undefined;
  #units = 0;

  /**
   * Constructs an `Outbox`.
   *
   * @param sink Where the frames go
   */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Whether the peer takes batches */
  get joins(): boolean {
    return this.#limit !== undefined;
  }

  /** How much waits for the end of the tick, in UTF-16 units */
  get units(): number {
    return this.#units;
  }

  /** Joins what is said from now on: the peer takes batches of up to `limit` bytes. */
  join(limit: number): void {
    this.#limit = limit;
  }

  /** Sends a frame, at the latest at the end of this tick. */
  push(frame: string): void {
    if (this.#limit === undefined) return this.#sink.write(frame);
    this.#units += frame.length;
    if (this.#frames !== undefined) return void this.#frames.push(frame);
    this.#frames = [frame];
    queueMicrotask(() => this.#settle(1));
  }

  /** Sends what waits, now. */
  flush(): void {
    const frames = this.#frames;
    if (this.#limit === undefined || frames === undefined) return;
    this.#frames = undefined;
    this.#units = 0;
    if (frames.length === 1) return this.#sink.write(frames[0]!);
    for (const frame of joinFrames(frames, this.#limit)) {
      this.#sink.write(frame);
    }
  }

  /**
   * Looks for the end of the tick: as long as the callbacks that run say more, it is
   * not over. The socket writes after all of them in any case, so this delays nothing.
   */
  #settle(seen: number): void {
    const length = this.#frames?.length ?? 0;
    if (length === 0) return;
    if (length === seen) return this.flush();
    queueMicrotask(() => this.#settle(length));
  }
}
