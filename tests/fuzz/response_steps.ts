/**
 * How the answers to a request may go on, frame by frame.
 *
 * @module
 */

import type { Data } from "./actions.ts";

/** A frame of the server whose keys are in order. */
export interface Answer {
  readonly success: boolean;
  readonly data: Data | null;
  readonly code: number;
  readonly message: string | null;
  readonly id: number | null;
}

/** What must come back for one request, and how much of it has come. */
export interface Course {
  /** Whether a frame has come */
  readonly hasBegun: boolean;
  /** Whether a frame must come, even if the client says nothing more */
  readonly isDue: boolean;
  /** Whether the last frame must come, even if the client says nothing more */
  readonly mustEnd: boolean;
  /** Takes the next frame: whether it is the last one; `undefined` if it is wrong */
  take(answer: Answer): "more" | "last" | undefined;
  /** What was to come and how much has, for a message */
  describe(): string;
  /** Whether a frame can be one of these, or the last one, whatever has come before */
  fits(answer: Answer, isLast: boolean): boolean;
}

/** What the frames of one request say of each other. */
export interface Told {
  /** The number that the message has got; `undefined` as long as it is not known */
  number?: number | undefined;
}

/** A frame that must come; it may note what later ones have to repeat. */
export type Step = (answer: Answer, told: Told) => boolean;

/** Frames that come in their order, so many of them. */
export class Steps implements Course {
  readonly isDue = true;
  readonly mustEnd = true;
  readonly #steps: readonly Step[];
  readonly #told: Told = {};
  #taken = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  get hasBegun(): boolean {
    return this.#taken > 0;
  }

  take(answer: Answer): "more" | "last" | undefined {
    if (!this.#steps[this.#taken]!(answer, this.#told)) return undefined;
    this.#taken++;
    return this.#taken < this.#steps.length ? "more" : "last";
  }

  describe(): string {
    return `${this.#taken} of ${this.#steps.length} frames`;
  }

  fits(answer: Answer, isLast: boolean): boolean {
    const last = this.#steps.length - 1;
    return this.#steps.some((step, index) =>
      isLast === (index === last) && step(answer, {})
    );
  }
}

/** An error with one of the codes. */
export function isError(codes: readonly number[]): Step {
  return ({ success, code }) => !success && codes.includes(code);
}
