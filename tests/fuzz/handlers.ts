/**
 * The operations and listeners of the host that give one result, and what a client must
 * therefore see.
 *
 * @module
 */

import type { JsonObject } from "../../common/json.ts";
import type { Schema } from "../../contract/schema.ts";
import { pause } from "../support/timing.ts";
import { isMark } from "./server_requests.ts";
import { NUMBERED, NUMBERED_LATER } from "./schemas.ts";

/** An operation of the host. */
export interface HostOperation {
  /** Whether it has its result at once, so that its answer cannot be overtaken */
  readonly immediate: boolean;
  /** Carries it out; `ask` asks the client that called */
  run(data: JsonObject, ask: () => Promise<unknown>): unknown;
  /** What its data has to be; anything if left out */
  readonly schema?: Schema<JsonObject>;
  /** What it may come to, for a client that can be asked or not; nothing if it fails */
  expect(data: JsonObject, isAsked: boolean): readonly unknown[];
}

/** A listener of the host. */
export interface HostListener {
  /** What its data has to be; anything if left out */
  readonly schema?: Schema<JsonObject>;
  /** How many replies it sends before it is done */
  replies(data: JsonObject): number;
  /** How long it takes between them, in milliseconds; 0 for no wait at all */
  readonly delay: number;
  /** Whether it then throws */
  readonly fails: boolean;
  /** Whether it sends a last reply when it has long been done */
  readonly isLate: boolean;
  /** Whether it asks the client something, and does not wait for the reply */
  readonly asks: boolean;
}

function thrower(): never {
  throw new Error("secret of the host");
}

const PROMPT = { immediate: true, expect: () => [] };
const SLOW = { immediate: false, expect: (data: JsonObject) => [data] };

const ask: HostOperation = {
  immediate: false,
  run: (_data, ask) => ask(),
  expect: ({ mark }, isAsked) => {
    if (!isMark(mark)) return ["nothing"];
    return isAsked ? ["reply", "silence", "failure", "timeout"] : ["feature"];
  },
};

/** The name of the operation that asks the client that calls it. */
export const ASK = "ask";

/** The name of all replies. */
export const REPLY = "re";

/** The name of the message whose listener asks the client that sends it. */
export const WONDER = "wonder";

/** The operations, by their names: some are properties that every object has. */
export const OPERATIONS: ReadonlyMap<string, HostOperation> = new Map<
  string,
  HostOperation
>([
  ["echo", { ...SLOW, immediate: true, run: (data) => data }],
  ["", { ...SLOW, immediate: true, run: (data) => data }],
  ["__proto__", { ...PROMPT, run: () => "proto", expect: () => ["proto"] }],
  ["nothing", { ...PROMPT, run: () => undefined, expect: () => [null] }],
  ["throw", { ...PROMPT, run: thrower }],
  ["big", { ...PROMPT, run: () => 1n }],
  ["function", { ...PROMPT, run: () => thrower }],
  ["getter", { ...PROMPT, run: () => ({ toJSON: thrower }) }],
  ["turn", { ...SLOW, run: (data) => pause(0).then(() => data) }],
  ["wait", { ...SLOW, run: (data) => pause(2).then(() => data) }],
  ["thenable", {
    ...SLOW,
    run: (data) => ({ then: (to: Resolve) => to(data) }),
  }],
  ["reject", { ...PROMPT, immediate: false, run: () => Promise.reject("no") }],
  [ASK, ask],
  ["picky", {
    ...SLOW,
    schema: NUMBERED,
    immediate: true,
    run: (data) => data,
  }],
  ["picky later", { ...SLOW, schema: NUMBERED_LATER, run: (data) => data }],
]);

type Resolve = (data: JsonObject) => void;

const MUTE = {
  replies: () => 0,
  delay: 0,
  fails: false,
  isLate: false,
  asks: false,
};

/** The listeners, by the names of their messages. */
export const LISTENERS: ReadonlyMap<string, HostListener> = new Map<
  string,
  HostListener
>([
  ["mute", MUTE],
  ["hello", { ...MUTE, replies: () => 1 }],
  ["constructor", { ...MUTE, replies: () => 2 }],
  ["many", { ...MUTE, replies: ({ n }) => isSmall(n) ? n : 0 }],
  ["steps", { ...MUTE, replies: () => 2, delay: 1 }],
  ["broken", { ...MUTE, replies: () => 1, fails: true }],
  ["late", { ...MUTE, replies: () => 1, isLate: true }],
  [WONDER, { ...MUTE, asks: true }],
  ["picky", { ...MUTE, schema: NUMBERED, replies: () => 1 }],
  ["picky later", { ...MUTE, schema: NUMBERED_LATER }],
]);

function isSmall(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 20;
}
