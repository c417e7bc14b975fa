/**
 * Matches the frames of a stream: docs/reference/protocol.md, "Extensions", `stream`.
 *
 * @module
 */

import type { Data } from "./actions.ts";
import type { ResponseFrame, ResponseMatcher } from "./response_matcher.ts";
import { eventIdOf, isOpen, startOf, type TestStream } from "./streams.ts";

/** The maximum number of items in a frame. */
const MAX_ITEMS = 64;

/** The maximum length of the items in a frame with several items, with commas. */
const MAX_LENGTH = 8_192 + MAX_ITEMS;

/** The client does not wait for more items of an endless stream. */
const MAX_ENDLESS_ITEMS = 2_000;

/** The same for a generator that pauses: on a busy machine, a pause takes 30 ms. */
const MAX_SLOW_ITEMS = 100;

/** The state of a generator. */
export type GeneratorState = "running" | "ended" | "failed";

/** The states of generators, and the counters. */
export interface StreamContext {
  /** Returns the state of a generator, or `undefined` if it is unknown */
  stateOf(mark: unknown): GeneratorState | undefined;
  /** Counts an event */
  note(what: string): void;
}

/** The expected stream. */
export interface StreamPlan {
  readonly stream: TestStream;
  readonly data: Data;
  readonly credit: number;
  /** The id that it continues after, or `null`; `undefined` without ids */
  readonly lastEventId: string | null | undefined;
}

/** Returns the stream that follows: one that cannot continue only fails. */
function continued(plan: StreamPlan): { stream: TestStream; start: number } {
  const { stream, data, lastEventId } = plan;
  const start = startOf(stream, data, lastEventId);
  return start === undefined
    ? { stream: { ...stream, count: () => 0, ending: "throw" }, start: 0 }
    : { stream, start };
}

/** Matches the items of a stream within the credit, and then its end. */
export class StreamMatcher implements ResponseMatcher {
  readonly #plan: StreamPlan;
  readonly #context: StreamContext;
  /** The index of the first item. */
  readonly #start: number;
  /** The number of all items from there on. */
  readonly #count: number;
  /** The credit of the client, in items. */
  #granted: number;
  /** The number of items so far. */
  #taken = 0;
  #isCancelled = false;

  constructor(plan: StreamPlan, context: StreamContext) {
    const { stream, start } = continued(plan);
    this.#plan = { ...plan, stream };
    this.#context = context;
    this.#granted = plan.credit;
    this.#start = start;
    this.#count = stream.count(plan.data) - start;
    if (start > 0) this.#note("continued");
  }

  get hasBegun(): boolean {
    return this.#taken > 0;
  }

  /** The credit of the client, in items */
  get granted(): number {
    return this.#granted;
  }

  get isDue(): boolean {
    if (this.mustEnd) return true;
    const { delay } = this.#plan.stream;
    const most = delay > 0 ? MAX_SLOW_ITEMS : MAX_ENDLESS_ITEMS;
    const isEndless = this.#count === Infinity && this.#granted > most;
    return !isEndless && this.#taken < Math.min(this.#granted, this.#count);
  }

  /** Without credit for one more item, the server does not send the end. */
  get mustEnd(): boolean {
    if (this.#isCancelled) return true;
    return this.#granted > this.#count && !isOpen(this.#plan.stream);
  }

  /** Whether the stream can have ended by now */
  get mayEnd(): boolean {
    if (this.#isCancelled) return true;
    return this.#granted >= this.#count && !isOpen(this.#plan.stream);
  }

  /** Adds credit. */
  grant(credit: number): void {
    this.#granted += credit;
  }

  /** Notes that the client cancels the stream. */
  cancel(): void {
    this.#isCancelled = true;
  }

  take(response: ResponseFrame): "more" | "last" | undefined {
    const items = itemsOf(response);
    if (items !== undefined) {
      return this.#hasIds(items.length, response.data?.ids)
        ? this.#takeItems(items)
        : undefined;
    }
    if (!this.#isEnd(response)) return undefined;
    const isShort = this.#taken < this.#count;
    if (this.#isCancelled && isShort) this.#note("cancelled early");
    return "last";
  }

  describe(): string {
    const { stream: { ending }, data } = this.#plan;
    const items = `${this.#taken} of ${this.#count} items`;
    const end = this.#isCancelled ? "a cancel" : `a ${ending}`;
    const state = this.#context.stateOf(data.mark) ?? "unknown";
    return `${items}, credit ${this.#granted}, then ${end}; generator ${state}`;
  }

  fits(response: ResponseFrame, isLast: boolean): boolean {
    if (!isLast) return itemsOf(response) !== undefined;
    // Another stream with the same id can still be running.
    return isDone(response) ||
      !response.success && [2, 6].includes(response.code);
  }

  #takeItems(items: readonly unknown[]): "more" | undefined {
    const first = this.#taken;
    this.#taken += items.length;
    if (this.#taken > Math.min(this.#granted, this.#count)) return undefined;
    const isExpected = items.every((item, index) =>
      JSON.stringify(item) === this.#textOf(first + index)
    );
    if (!isExpected) return undefined;
    this.#noteItems(items);
    return "more";
  }

  #textOf(n: number): string {
    return JSON.stringify(this.#plan.stream.item(this.#start + n) ?? null);
  }

  /** Reports whether a frame has the ids of its items, if the client asked for them. */
  #hasIds(length: number, ids: unknown): boolean {
    const { stream, lastEventId } = this.#plan;
    if (lastEventId === undefined) return ids === undefined;
    const first = this.#start + this.#taken;
    const expected = Array.from(
      { length },
      (_, n) => eventIdOf(stream, first + n),
    );
    return JSON.stringify(ids) === JSON.stringify(expected);
  }

  #isEnd(response: ResponseFrame): boolean {
    const { ending } = this.#plan.stream;
    const isWhole = this.#taken === this.#count;
    if (response.success) {
      return isDone(response) && this.#hasEnded &&
        (this.#isCancelled || isWhole && ending === "return");
    }
    if (response.code !== 6) return false;
    if (ending === "quit") return this.#isCancelled;
    const fails = ending !== "return" && ending !== "wait";
    return fails && (isWhole || this.#isCancelled);
  }

  /** A stream ends for its client only after its generator has ended without an error. */
  get #hasEnded(): boolean {
    const { stream, data } = this.#plan;
    const state = this.#context.stateOf(data.mark);
    // A generator that throws the reason of the abort has ended correctly.
    const isRegularEnd = state !== "failed" || stream.ending === "quit";
    return state !== "running" && isRegularEnd;
  }

  #noteItems(items: readonly unknown[]): void {
    const { credit } = this.#plan;
    if (items.length > 1) this.#note("items together");
    if (this.#taken > credit) this.#note("items of a later credit");
    const isHeld = this.#taken === this.#granted && this.#taken < this.#count;
    if (isHeld) this.#note("waits for credit");
    if (JSON.stringify(items).length > MAX_LENGTH) this.#note("large item");
  }

  #note(what: string): void {
    this.#context.note(`stream: ${what}`);
  }
}

/** Returns the items of a frame, or `undefined` if it has none or is invalid. */
export function itemsOf(
  { success, message, data }: ResponseFrame,
): readonly unknown[] | undefined {
  if (!success || message !== "items" || data === null) return undefined;
  const { items, ids: _, ...rest } = data;
  const isList = Array.isArray(items) && Object.keys(rest).length === 0;
  if (!isList || items.length === 0 || items.length > MAX_ITEMS) {
    return undefined;
  }
  const isShort = items.length === 1 ||
    JSON.stringify(items).length <= MAX_LENGTH;
  return isShort ? items : undefined;
}

function isDone({ success, message, data }: ResponseFrame): boolean {
  return success && message === "done" && data === null;
}
