/**
 * The operations of the host that give streams, and what a client must see of them.
 *
 * @module
 */

import type { JsonObject } from "../../common/json.ts";
import type { Schema } from "../../contract/schema.ts";
import { pause } from "../support/timing.ts";
import { NUMBERED, NUMBERED_LATER } from "./schemas.ts";

/** How a stream ends after its last item. */
export type Ending =
  | "return"
  | "throw"
  /** It gives something without a JSON form */
  | "unsayable"
  /** It gives something that does not match its schema */
  | "unfit"
  /** It goes on until it is told that nobody wants more */
  | "wait"
  /** The same, and it passes on what it is told */
  | "quit";

/** The endings for which something has to happen. */
const OPEN: readonly Ending[] = ["wait", "quit"];

/** An operation of the host that gives a stream. */
export interface HostStream {
  /** How many items it gives; `Infinity` for no end */
  count(data: JsonObject): number;
  /** An item, from 0 on */
  item(n: number): unknown;
  /** What each has to be; anything if left out */
  readonly schema?: Schema<JsonObject>;
  readonly ending: Ending;
  /** How long it takes for each item, in milliseconds; 0 for no wait at all */
  readonly delay: number;
  /** How long it takes to let go, in milliseconds; 0 for no wait at all */
  readonly farewell: number;
  /** Whether its handler is a generator, and not a function that returns something */
  readonly isGenerator: boolean;
}

/** What is easily taken for the end, or for nothing. */
const VALUES = [null, false, 0, "", [], {}, undefined, "größer ☃", { id: 1 }];

/** More than what a frame with several items may have. */
const LARGE = "é".repeat(9_000);

const PLAIN: HostStream = {
  count: ({ n }) => isSmall(n) ? n : 3,
  item: (n) => ({ n }),
  ending: "return",
  delay: 0,
  farewell: 0,
  isGenerator: true,
};

const ENDLESS = { ...PLAIN, count: () => Infinity };

/** The operations that give streams, by their names. */
export const STREAMS: ReadonlyMap<string, HostStream> = new Map<
  string,
  HostStream
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
  ["plenty", { ...PLAIN, count: () => 700, item: (n) => `item ${n}` }],
  ["drip", { ...PLAIN, delay: 1 }],
  ["toString", { ...PLAIN, isGenerator: false }],
  ["breaks", { ...PLAIN, ending: "throw" }],
  ["breaks late", { ...PLAIN, ending: "throw", delay: 1, farewell: 1 }],
  ["unsayable", { ...PLAIN, ending: "unsayable" }],
  ["checked", { ...PLAIN, schema: NUMBERED }],
  ["unfit", { ...PLAIN, schema: NUMBERED_LATER, ending: "unfit" }],
  ["patient", { ...PLAIN, ending: "wait" }],
  ["quitter", { ...PLAIN, ending: "quit" }],
  ["endless", ENDLESS],
  ["endless drip", { ...ENDLESS, delay: 1 }],
  ["reluctant", { ...ENDLESS, farewell: 1 }],
]);

function isSmall(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 20;
}

/** What the handler of a stream gives; `signal` makes the signal of the call. */
export async function* give(
  stream: HostStream,
  data: JsonObject,
  signal: () => AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const { ending, delay } = stream;
  const count = stream.count(data);
  for (let n = 0; n < count; n++) {
    if (delay > 0) await pause(delay);
    yield stream.item(n);
  }
  if (ending === "throw") throw new Error("secret of the host");
  if (ending === "unsayable") yield 1n;
  if (ending === "unfit") yield { n: "secret" };
  if (isOpen(stream)) await aborted(signal());
  if (ending === "quit") signal().throwIfAborted();
}

/** Whether a stream does not end by itself after its last item. */
export function isOpen({ ending }: HostStream): boolean {
  return OPEN.includes(ending);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What is no generator, and gives the same one after the other all the same. */
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
