/**
 * Batches: several frames in one WebSocket message, as a JSON array. See
 * docs/reference/protocol.md, `batch`.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";

/**
 * The maximum length of a batch, in bytes. It is far below the frame size that a peer
 * rejects, and a larger batch saves almost nothing.
 */
export const MAX_BATCH = 16_384;

/**
 * Joins frames, in their order, to batches of at most `limit` bytes. A frame that is
 * alone in its batch, or larger than the limit, is returned as it is.
 *
 * @param frames JSON strings
 * @param limit The maximum length of a batch, in bytes of UTF-8
 * @returns The WebSocket messages to send
 */
export function joinFrames(
  frames: readonly string[],
  limit: number,
): readonly string[] {
  return groupFrames(frames, limit).map(joinGroup);
}

/**
 * Groups frames, in their order, so that each group fits into a batch.
 *
 * @param frames JSON strings
 * @param limit The maximum length of a batch, in bytes of UTF-8
 */
export function groupFrames(
  frames: readonly string[],
  limit: number,
): readonly (readonly string[])[] {
  if (isSmall(frames, limit)) return [frames];
  const groups: string[][] = [];
  let group: string[] = [];
  let size = BRACKETS;
  for (const frame of frames) {
    // A frame that is too long for a batch does not have to be measured.
    const added = frame.length > limit ? frame.length : byteLength(frame);
    if (group.length > 0 && size + COMMA + added > limit) {
      groups.push(group);
      group = [];
      size = BRACKETS;
    }
    size += (group.length > 0 ? COMMA : 0) + added;
    group.push(frame);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

const BRACKETS = 2;

const COMMA = 1;

/** Returns whether all frames fit even if each UTF-16 unit has three bytes. */
function isSmall(frames: readonly string[], limit: number): boolean {
  let units = 0;
  for (const frame of frames) units += frame.length + COMMA;
  return units > 0 && BRACKETS + 3 * units <= limit;
}

/** Encodes a group of frames as one WebSocket message. */
export function joinGroup(group: readonly string[]): string {
  return group.length === 1 ? group[0]! : `[${group.join(",")}]`;
}

/** The destination of frames. */
export interface Sink {
  /** Passes a frame to the socket; never throws. */
  write(frame: string): void;
}

/**
 * Sends frames in their order. If the peer supports batches, frames wait until a round of
 * microtasks adds no further frame. Then they are sent as one batch.
 */
export class BatchWriter {
  readonly #sink: Sink;
  /** The maximum length of a batch, in bytes; `undefined` while batching is off */
  #limit: number | undefined;
  /** The frames that wait; `undefined` if there are none, to save memory */
  #frames: string[] | undefined;
  #units = 0;

  /**
   * Constructs a `BatchWriter`. Batching is off until `enableBatching` is called.
   *
   * @param sink The destination of the frames
   */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Whether batching is on */
  get isBatching(): boolean {
    return this.#limit !== undefined;
  }

  /** The length of the frames that wait, in UTF-16 units */
  get units(): number {
    return this.#units;
  }

  /**
   * Turns batching on, because the peer supports it.
   *
   * @param limit The maximum length of a batch, in bytes
   */
  enableBatching(limit: number): void {
    this.#limit = limit;
  }

  /** Sends a frame at once or, if batching is on, in one of the next microtasks. */
  push(frame: string): void {
    if (this.#limit === undefined) return this.#sink.write(frame);
    this.#units += frame.length;
    if (this.#frames !== undefined) return void this.#frames.push(frame);
    this.#frames = [frame];
    queueMicrotask(() => this.#settle(1));
  }

  /** Sends all frames that wait. */
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
   * Sends the frames when a round of microtasks has added none. This delays nothing,
   * because the socket writes after all microtasks.
   */
  #settle(seen: number): void {
    const length = this.#frames?.length ?? 0;
    if (length === 0) return;
    if (length === seen) return this.flush();
    queueMicrotask(() => this.#settle(length));
  }
}
