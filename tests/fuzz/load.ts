/**
 * The load of one client, for the limits in docs/reference/protocol.md, "Limits".
 *
 * @module
 */

import type { Rules } from "./model.ts";

/** The maximum size of a response without the data of its request, in bytes. */
const RESPONSE_OVERHEAD = 400;

/** The number of invalid frames that a client can send at once. */
const MAX_INVALID = 100;

/** Estimates whether a client can exceed a limit. */
export class Load {
  readonly #rules: Rules;
  /** Returns the size of what was sent to all rooms, in bytes */
  readonly #bytesOfRooms: () => number;
  /** What was sent before the client */
  readonly #bytesBefore: number;
  /** The number of frames that were sent, counting each frame of a batch. */
  #sent = 0;
  /** The maximum size of all responses, in bytes. */
  #bytes = 0;
  #hasStreams = false;
  /** The number of frames that do not always count, because they answer the server. */
  #uncounted = 0;

  /**
   * Constructs a `Load`.
   *
   * @param rules The limits of the server
   * @param bytesOfRooms Returns the size of what was sent to all rooms, in bytes
   */
  constructor(rules: Rules, bytesOfRooms: () => number) {
    this.#rules = rules;
    this.#bytesOfRooms = bytesOfRooms;
    this.#bytesBefore = bytesOfRooms();
  }

  /** The number of frames that were sent, counting each frame of a batch */
  get sent(): number {
    return this.#sent;
  }

  /** The number of frames that always count */
  get counted(): number {
    return this.#sent - this.#uncounted;
  }

  /** Counts a frame. */
  send(): void {
    this.#sent++;
  }

  /** Counts a frame about a request or a stream. */
  control(): void {
    this.#uncounted++;
  }

  /** Adds the responses to a payload, given the number of frames for each request. */
  response(frames: readonly number[], length: number): void {
    const count = frames.reduce((sum, each) => sum + each, 0);
    this.#bytes += count * RESPONSE_OVERHEAD + Math.max(...frames) * length;
  }

  /** Notes that the client requests a stream, or the history of a room. */
  stream(): void {
    this.#hasStreams = true;
  }

  /** Whether the server can have rejected a request because of `maxRate` */
  get mayBeRefused(): boolean {
    return this.#sent > this.#rules.maxBurst;
  }

  /** Whether the server can have closed the connection because of `maxRate` */
  get mayBeCutOff(): boolean {
    return this.#sent > 2 * this.#rules.maxBurst;
  }

  /** Whether the server can have closed the connection because of invalid frames */
  get mayBeInvalid(): boolean {
    return this.#sent > MAX_INVALID;
  }

  /**
   * Whether the server can have closed the connection because of `maxBuffered`. Streams
   * alone use at most half of it.
   */
  get mayBeSlow(): boolean {
    const { maxBuffered } = this.#rules;
    const capacity = this.#hasStreams ? maxBuffered / 2 : maxBuffered;
    const rooms = this.#bytesOfRooms() - this.#bytesBefore;
    return this.#bytes + rooms > capacity;
  }
}
