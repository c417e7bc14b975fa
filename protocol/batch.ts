/**
 * Frames that were said together, as fewer frames: docs/protocol.md, "Extensions",
 * `batch`.
 *
 * @module
 */

import { byteLength } from "../common/text.ts";
/**
 * The most that a batch holds, in bytes, where nothing asks for less. Far below what
 * a peer may refuse, and beyond it a further system call costs next to nothing.
 */
export const MAX_BATCH = 16_384;

/**
 * Joins frames, in their order, to arrays of at most `limit` bytes. What is alone in
 * its array, and what is larger than the limit, goes without one.
 *
 * @param frames JSON texts
 * @param limit The most that an array has, in bytes of UTF-8
 * @returns The frames to send
 */
export function joinFrames(
  frames: readonly string[],
  limit: number,
): readonly string[] {
  return groupFrames(frames, limit).map(textOf);
}

/**
 * What goes together, as {@linkcode joinFrames} has it.
 *
 * @param frames JSON texts
 * @param limit The most that an array has, in bytes of UTF-8
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
    const added = byteLength(frame, limit);
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

/** Whether the limit is out of reach even if each UTF-16 unit has three bytes. */
function isSmall(frames: readonly string[], limit: number): boolean {
  let units = 0;
  for (const frame of frames) units += frame.length + COMMA;
  return units > 0 && BRACKETS + 3 * units <= limit;
}

/** The text of what goes together. */
export function textOf(group: readonly string[]): string {
  return group.length === 1 ? group[0]! : `[${group.join(",")}]`;
}

/** Where frames go. */
export interface Sink {
  /** Hands a frame to the socket; never throws. */
  write(frame: string): void;
}

/** Sends frames in their order, those of one tick together if the peer takes that. */
export class BatchWriter {
  readonly #sink: Sink;
  /** The most that a batch holds, in bytes; none before the peer has agreed. */
  #limit: number | undefined;
  /** None where nothing waits: an idle connection should not keep a list. */
  #frames: string[] | undefined;
  #units = 0;

  /**
   * Constructs an `BatchWriter`.
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
