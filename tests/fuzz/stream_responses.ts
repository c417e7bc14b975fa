/**
 * What must come back for a stream: docs/protocol.md, "Extensions", `stream`.
 *
 * @module
 */

import type { Data } from "./actions.ts";
import type { Answer, Course } from "./response_steps.ts";
import { type HostStream, isOpen } from "./streams.ts";

/** The most items that one frame has. */
const MAX_ITEMS = 64;

/** The most characters that a frame with several items has, commas and all. */
const MAX_LENGTH = 8_192 + MAX_ITEMS;

/** Nobody waits until so many items of a stream without an end have come. */
const FLOOD = 2_000;

/** What becomes of a generator. */
export type Fate = "running" | "ended" | "failed";

/** What is known of the host, and who is told what was seen. */
export interface StreamWitness {
  /** What has become of the generator of a stream; `undefined` if nobody knows */
  fateOf(mark: unknown): Fate | undefined;
  /** Something was seen */
  note(what: string): void;
}

/** What a stream is to give. */
export interface StreamPlan {
  readonly stream: HostStream;
  readonly data: Data;
  readonly credit: number;
}

/** The frames of a stream: no more items than the client takes, and then the end. */
export class StreamCourse implements Course {
  readonly #plan: StreamPlan;
  readonly #witness: StreamWitness;
  /** How many items there are. */
  readonly #count: number;
  /** How many items the client takes. */
  #granted: number;
  /** How many have come. */
  #taken = 0;
  #isCancelled = false;

  constructor(plan: StreamPlan, witness: StreamWitness) {
    this.#plan = plan;
    this.#witness = witness;
    this.#granted = plan.credit;
    this.#count = plan.stream.count(plan.data);
  }

  get hasBegun(): boolean {
    return this.#taken > 0;
  }

  /** How many items the client takes */
  get granted(): number {
    return this.#granted;
  }

  get isDue(): boolean {
    if (this.mustEnd) return true;
    const isFlood = this.#count === Infinity && this.#granted > FLOOD;
    return !isFlood && this.#taken < Math.min(this.#granted, this.#count);
  }

  /** Without credit for one item more, nobody may know that there is none. */
  get mustEnd(): boolean {
    if (this.#isCancelled) return true;
    return this.#granted > this.#count && !isOpen(this.#plan.stream);
  }

  /** Whether it may have come to its end by now */
  get mayEnd(): boolean {
    if (this.#isCancelled) return true;
    return this.#granted >= this.#count && !isOpen(this.#plan.stream);
  }

  /** The client takes so many items more. */
  grant(credit: number): void {
    this.#granted += credit;
  }

  /** The client takes no more. */
  cancel(): void {
    this.#isCancelled = true;
  }

  take(answer: Answer): "more" | "last" | undefined {
    const items = itemsOf(answer);
    if (items !== undefined) return this.#takeItems(items);
    if (!this.#isEnd(answer)) return undefined;
    const isShort = this.#taken < this.#count;
    if (this.#isCancelled && isShort) this.#note("cut short");
    return "last";
  }

  describe(): string {
    const { stream: { ending }, data } = this.#plan;
    const items = `${this.#taken} of ${this.#count} items`;
    const end = this.#isCancelled ? "a cancel" : `a ${ending}`;
    const fate = this.#witness.fateOf(data.mark) ?? "unknown";
    return `${items}, credit ${this.#granted}, then ${end}; generator ${fate}`;
  }

  fits(answer: Answer, isLast: boolean): boolean {
    if (!isLast) return itemsOf(answer) !== undefined;
    // Another stream under the same id may not have come to its end.
    return isDone(answer) || !answer.success && [2, 6].includes(answer.code);
  }

  #takeItems(items: readonly unknown[]): "more" | undefined {
    const first = this.#taken;
    this.#taken += items.length;
    if (this.#taken > Math.min(this.#granted, this.#count)) return undefined;
    const isRight = items.every((item, index) =>
      JSON.stringify(item) === this.#textOf(first + index)
    );
    if (!isRight) return undefined;
    this.#noteItems(items);
    return "more";
  }

  #textOf(n: number): string {
    return JSON.stringify(this.#plan.stream.item(n) ?? null);
  }

  #isEnd(answer: Answer): boolean {
    const { ending } = this.#plan.stream;
    const isWhole = this.#taken === this.#count;
    if (answer.success) {
      return isDone(answer) && this.#hasEnded &&
        (this.#isCancelled || isWhole && ending === "return");
    }
    if (answer.code !== 6) return false;
    if (ending === "quit") return this.#isCancelled;
    const fails = ending !== "return" && ending !== "wait";
    return fails && (isWhole || this.#isCancelled);
  }

  /** It is over for its client when it is over for the host, and not if it has failed. */
  get #hasEnded(): boolean {
    const { stream, data } = this.#plan;
    const fate = this.#witness.fateOf(data.mark);
    // Who passes on that nobody wants more has done what was wanted.
    const isFair = fate !== "failed" || stream.ending === "quit";
    return fate !== "running" && isFair;
  }

  #noteItems(items: readonly unknown[]): void {
    const { credit } = this.#plan;
    if (items.length > 1) this.#note("items together");
    if (this.#taken > credit) this.#note("items of a later credit");
    const isHeld = this.#taken === this.#granted && this.#taken < this.#count;
    if (isHeld) this.#note("at its credit");
    if (JSON.stringify(items).length > MAX_LENGTH) this.#note("large item");
  }

  #note(what: string): void {
    this.#witness.note(`stream: ${what}`);
  }
}

/** The items in a frame; `undefined` if it is none with items, as it has to be. */
export function itemsOf(
  { success, message, data }: Answer,
): readonly unknown[] | undefined {
  if (!success || message !== "items" || data === null) return undefined;
  const { items, ...rest } = data;
  const isList = Array.isArray(items) && Object.keys(rest).length === 0;
  if (!isList || items.length === 0 || items.length > MAX_ITEMS) {
    return undefined;
  }
  const isShort = items.length === 1 ||
    JSON.stringify(items).length <= MAX_LENGTH;
  return isShort ? items : undefined;
}

function isDone({ success, message, data }: Answer): boolean {
  return success && message === "done" && data === null;
}
