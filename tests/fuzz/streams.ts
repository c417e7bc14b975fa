/**
 * The operations of the application that return streams, and their expected items.
 *
 * @module
 */

import type { JsonObject } from "../../common/json.ts";
import { tracked } from "../../common/tracked.ts";
import type { Schema } from "../../contract/schema.ts";
import { pause } from "../support/timing.ts";
import { ASYNC_NUMBER_SCHEMA, NUMBER_SCHEMA } from "./schemas.ts";

/** How a stream ends after its last item. */
export type Ending =
  | "return"
  | "throw"
  /** It yields a value without a JSON form */
  | "no JSON form"
  /** It yields a value that does not match its schema */
  | "invalid item"
  /** It waits for the abort of its signal */
  | "wait"
  /** It waits for the abort of its signal and throws the reason */
  | "quit";

/** The endings that need an abort. */
const OPEN: readonly Ending[] = ["wait", "quit"];

/** An operation of the application that returns a stream. */
export interface TestStream {
  /** Returns the number of items, or `Infinity` */
  count(data: JsonObject): number;
  /** Returns the item with an index */
  item(n: number): unknown;
  /** The schema of the items. Without it, any item is valid. */
  readonly schema?: Schema<JsonObject>;
  readonly ending: Ending;
  /** The delay before each item in milliseconds. With 0, it does not wait. */
  readonly delay: number;
  /** The delay at its end in milliseconds. With 0, it does not wait. */
  readonly endDelay: number;
  /** Whether its handler is a generator function */
  readonly isGenerator: boolean;
  /** Whether its items have ids: their indexes */
  readonly isTracked: boolean;
}

/** Values that could be mistaken for the end or for no value. */
const VALUES = [null, false, 0, "", [], {}, undefined, "größer ☃", { id: 1 }];

/** Larger than a frame with several items can be. */
const LARGE = "é".repeat(9_000);

const PLAIN: TestStream = {
  count: ({ n }) => isSmall(n) ? n : 3,
  item: (n) => ({ n }),
  ending: "return",
  delay: 0,
  endDelay: 0,
  isGenerator: true,
  isTracked: false,
};

const TRACKED = { ...PLAIN, isTracked: true };

const ENDLESS = { ...PLAIN, count: () => Infinity };

/** The operations that return streams, by name. */
export const STREAMS: ReadonlyMap<string, TestStream> = new Map<
  string,
  TestStream
>([
  ["rows", PLAIN],
  ["empty", { ...PLAIN, count: () => 0 }],
  ["values", {
    ...PLAIN,
    count: () => VALUES.length,
    item: (n) => VALUES[n],
  }],
  ["large", {
    ...PLAIN,
    count: () => 3,
    item: (n) => n === 1 ? { n, text: LARGE } : { n },
  }],
  ["many items", { ...PLAIN, count: () => 700, item: (n) => `item ${n}` }],
  ["slow", { ...PLAIN, delay: 1 }],
  ["tracked", TRACKED],
  ["tracked slow", { ...TRACKED, delay: 1, isGenerator: false }],
  ["tracked values", {
    ...TRACKED,
    count: () => VALUES.length,
    item: (n) => VALUES[n],
  }],
  ["tracked many", { ...TRACKED, count: () => 300, item: (n) => `item ${n}` }],
  ["tracked checked", { ...TRACKED, schema: NUMBER_SCHEMA }],
  ["tracked breaks", { ...TRACKED, ending: "throw" }],
  ["tracked waits", { ...TRACKED, ending: "wait" }],
  ["tracked endless", { ...TRACKED, count: () => Infinity }],
  ["toString", { ...PLAIN, isGenerator: false }],
  ["breaks", { ...PLAIN, ending: "throw" }],
  ["breaks later", { ...PLAIN, ending: "throw", delay: 1, endDelay: 1 }],
  ["no JSON form", { ...PLAIN, ending: "no JSON form" }],
  ["checked", { ...PLAIN, schema: NUMBER_SCHEMA }],
  ["invalid item", {
    ...PLAIN,
    schema: ASYNC_NUMBER_SCHEMA,
    ending: "invalid item",
  }],
  ["waits", { ...PLAIN, ending: "wait" }],
  ["quits", { ...PLAIN, ending: "quit" }],
  ["endless", ENDLESS],
  ["endless slow", { ...ENDLESS, delay: 1 }],
  ["slow end", { ...ENDLESS, endDelay: 1 }],
]);

function isSmall(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 20;
}

/** Returns the id of an item, or `null` if it has none. */
export function eventIdOf({ isTracked }: TestStream, n: number): string | null {
  return isTracked ? String(n) : null;
}

/**
 * Returns the index of the first item of a stream that continues after an id; `undefined`
 * if the stream cannot continue after it. Streams without ids start at their first item.
 */
export function startOf(
  stream: TestStream,
  data: JsonObject,
  lastEventId: string | null | undefined,
): number | undefined {
  if (!stream.isTracked || typeof lastEventId !== "string") return 0;
  if (!/^(0|[1-9]\d{0,3})$/.test(lastEventId)) return undefined;
  const start = Number(lastEventId) + 1;
  return start <= stream.count(data) ? start : undefined;
}

/** Yields the items of a stream. `signal` returns the signal of the call. */
export async function* yieldItems(
  stream: TestStream,
  data: JsonObject,
  signal: () => AbortSignal,
  lastEventId: string | undefined,
): AsyncGenerator<unknown, void, void> {
  const { ending, delay } = stream;
  const count = stream.count(data);
  const start = startOf(stream, data, lastEventId);
  if (start === undefined) throw new Error("secret of the application");
  for (let n = start; n < count; n++) {
    if (delay > 0) await pause(delay);
    const id = eventIdOf(stream, n);
    yield id === null ? stream.item(n) : tracked(id, stream.item(n));
  }
  if (ending === "throw") throw new Error("secret of the application");
  if (ending === "no JSON form") yield 1n;
  if (ending === "invalid item") yield { n: "secret" };
  if (isOpen(stream)) await aborted(signal());
  if (ending === "quit") signal().throwIfAborted();
}

/** Reports whether a stream needs an abort to end. */
export function isOpen({ ending }: TestStream): boolean {
  return OPEN.includes(ending);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Returns an async iterable that is not a generator. */
export function iterable(
  generator: AsyncGenerator<unknown, void, void>,
): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => generator.next(),
      return: () => generator.return(),
    }),
  };
}
