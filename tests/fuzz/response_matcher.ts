/**
 * Matches the frames of a response, one by one.
 *
 * @module
 */

import type { Data } from "./actions.ts";

/** A frame of the server whose keys are in order. */
export interface ResponseFrame {
  readonly success: boolean;
  readonly data: Data | null;
  readonly code: number;
  readonly message: string | null;
  readonly id: number | null;
}

/** Matches the frames of one response, and tracks how many have arrived. */
export interface ResponseMatcher {
  /** Whether a frame has come */
  readonly hasBegun: boolean;
  /** Whether a frame must arrive even if the client sends nothing more */
  readonly isDue: boolean;
  /** Whether the last frame must arrive even if the client sends nothing more */
  readonly mustEnd: boolean;
  /** Matches the next frame. Returns `undefined` if it is wrong. */
  take(response: ResponseFrame): "more" | "last" | undefined;
  /** Describes the expected frames and their number so far */
  describe(): string;
  /** Reports whether a frame can be one of these in any position, or the last one */
  fits(response: ResponseFrame, isLast: boolean): boolean;
}

/** What earlier frames of a response have shown. */
export interface MessageInfo {
  /** The id of the message, if it is known */
  number?: number | undefined;
}

/** Matches one frame, and can record what later frames must repeat. */
export type Step = (response: ResponseFrame, info: MessageInfo) => boolean;

/** A response with a fixed sequence of frames. */
export class Steps implements ResponseMatcher {
  readonly isDue = true;
  readonly mustEnd = true;
  readonly #steps: readonly Step[];
  readonly #info: MessageInfo = {};
  #taken = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  get hasBegun(): boolean {
    return this.#taken > 0;
  }

  take(response: ResponseFrame): "more" | "last" | undefined {
    if (!this.#steps[this.#taken]!(response, this.#info)) return undefined;
    this.#taken++;
    return this.#taken < this.#steps.length ? "more" : "last";
  }

  describe(): string {
    return `${this.#taken} of ${this.#steps.length} frames`;
  }

  fits(response: ResponseFrame, isLast: boolean): boolean {
    const last = this.#steps.length - 1;
    return this.#steps.some((step, index) =>
      isLast === (index === last) && step(response, {})
    );
  }
}

/** Matches an error with one of the codes. */
export function isError(codes: readonly number[]): Step {
  return ({ success, code }) => !success && codes.includes(code);
}
