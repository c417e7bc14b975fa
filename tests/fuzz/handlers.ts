/**
 * The operations and listeners of the application, except streams, and their expected
 * results.
 *
 * @module
 */

import { ApplicationError } from "../../common/application_error.ts";
import type { JsonObject } from "../../common/json.ts";
import type { Schema } from "../../contract/schema.ts";
import { pause } from "../support/timing.ts";
import { isSendable } from "./json_strings.ts";
import { isMark } from "./server_requests.ts";
import { ASYNC_NUMBER_SCHEMA, NUMBER_SCHEMA } from "./schemas.ts";

/** An operation of the application. */
export interface TestOperation {
  /** Whether it returns its result synchronously, so its response keeps the order */
  readonly immediate: boolean;
  /**
   * Runs the operation. `ask` sends a request to the calling client, and `signal` returns
   * the signal of the call.
   */
  run(
    data: JsonObject,
    ask: () => Promise<unknown>,
    signal: () => AbortSignal,
  ): unknown;
  /** Whether it throws an error on purpose, which the client gets */
  readonly declines?: boolean;
  /** Whether the operation fails when its signal aborts */
  readonly isAbortable?: boolean;
  /** The schema of its data. Without it, any data is valid. */
  readonly schema?: Schema<JsonObject>;
  /** Returns the possible results, or an empty array if it fails. */
  expect(data: JsonObject, supportsRequests: boolean): readonly unknown[];
}

/** A listener of the application. */
export interface TestListener {
  /** The schema of its data. Without it, any data is valid. */
  readonly schema?: Schema<JsonObject>;
  /** Returns the number of replies that it sends */
  replies(data: JsonObject): number;
  /** The delay before each reply in milliseconds. With 0, it does not wait. */
  readonly delay: number;
  /** Whether it throws at the end */
  readonly fails: boolean;
  /** Whether it throws an error on purpose at the end, which the client gets */
  readonly declines: boolean;
  /** Whether it sends one more reply after it is done */
  readonly isLate: boolean;
  /** Whether it sends a request to the client without waiting for the reply */
  readonly asks: boolean;
}

/** Returns the data if it can be sent back, as the only possible result. */
function sendable(data: JsonObject): readonly JsonObject[] {
  return isSendable(data) ? [data] : [];
}

function thrower(): never {
  throw new Error("secret of the application");
}

/** The kind of the errors that handlers throw on purpose. */
export const DECLINED = "declined";

/** Throws an error on purpose, with the data of the request as its details. */
export function decline(details: JsonObject): never {
  throw new ApplicationError(DECLINED, { message: "No, thanks.", details });
}

const IMMEDIATE = { immediate: true, expect: () => [] };
const SLOW = { immediate: false, expect: sendable };

/** The server checks the details before it answers, so the order is not kept. */
const DECLINING = { immediate: false, declines: true, expect: () => [] };

const ask: TestOperation = {
  immediate: false,
  run: (_data, ask) => ask(),
  expect: ({ mark }, supportsRequests) => {
    if (!isMark(mark)) return ["nothing"];
    return supportsRequests
      ? ["reply", "silence", "failure", "timeout"]
      : ["feature"];
  },
};

/** Resolves after a time, and rejects when a signal aborts. */
function pauseUntilAborted(
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = milliseconds === Infinity
      ? undefined
      : setTimeout(resolve, milliseconds);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  });
}

/** The result of an operation that was not aborted. */
export const WAITED = "waited";

/** Returns a result after a time, or fails when its signal aborts. */
function abortable(milliseconds: number): TestOperation {
  return {
    immediate: false,
    isAbortable: true,
    run: (_data, _ask, signal) =>
      pauseUntilAborted(milliseconds, signal()).then(() => WAITED),
    expect: () => milliseconds === Infinity ? [] : [WAITED],
  };
}

/** The operation that only an abort ends. */
export const ENDLESS_OPERATION = "forever";

/** The operation that sends a request to the calling client. */
export const REQUEST_OPERATION = "ask";

/** The name of all replies. */
export const REPLY = "re";

/** The message whose listener sends a request to the client. */
export const REQUESTING_MESSAGE = "wonder";

/** The operations by name. Some names are properties of Object.prototype. */
export const OPERATIONS: ReadonlyMap<string, TestOperation> = new Map<
  string,
  TestOperation
>([
  ["echo", { ...SLOW, immediate: true, run: (data) => data }],
  ["", { ...SLOW, immediate: true, run: (data) => data }],
  ["__proto__", { ...IMMEDIATE, run: () => "proto", expect: () => ["proto"] }],
  ["nothing", { ...IMMEDIATE, run: () => undefined, expect: () => [null] }],
  ["throw", { ...IMMEDIATE, run: thrower }],
  ["big", { ...IMMEDIATE, run: () => 1n }],
  ["function", { ...IMMEDIATE, run: () => thrower }],
  ["getter", { ...IMMEDIATE, run: () => ({ toJSON: thrower }) }],
  ["turn", { ...SLOW, run: (data) => pause(0).then(() => data) }],
  ["wait", { ...SLOW, run: (data) => pause(2).then(() => data) }],
  ["thenable", {
    ...SLOW,
    run: (data) => ({ then: (to: Resolve) => to(data) }),
  }],
  ["reject", {
    ...IMMEDIATE,
    immediate: false,
    run: () => Promise.reject("no"),
  }],
  [DECLINED, { ...DECLINING, run: decline }],
  ["declined later", {
    ...DECLINING,
    run: (data) => pause(0).then(() => decline(data)),
  }],
  [REQUEST_OPERATION, ask],
  ["patient", abortable(3)],
  [ENDLESS_OPERATION, abortable(Infinity)],
  ["validated", {
    ...SLOW,
    schema: NUMBER_SCHEMA,
    immediate: true,
    run: (data) => data,
  }],
  ["validated later", {
    ...SLOW,
    schema: ASYNC_NUMBER_SCHEMA,
    run: (data) => data,
  }],
]);

/** The names of the operations that end by themselves. */
export const ENDING_OPERATIONS: readonly string[] = [...OPERATIONS.keys()]
  .filter((name) => name !== ENDLESS_OPERATION);

type Resolve = (data: JsonObject) => void;

const SILENT = {
  replies: () => 0,
  delay: 0,
  fails: false,
  declines: false,
  isLate: false,
  asks: false,
};

/** The listeners by the names of their messages. */
export const LISTENERS: ReadonlyMap<string, TestListener> = new Map<
  string,
  TestListener
>([
  ["silent", SILENT],
  ["hello", { ...SILENT, replies: () => 1 }],
  ["constructor", { ...SILENT, replies: () => 2 }],
  ["many", { ...SILENT, replies: ({ n }) => isSmall(n) ? n : 0 }],
  ["steps", { ...SILENT, replies: () => 2, delay: 1 }],
  ["broken", { ...SILENT, replies: () => 1, fails: true }],
  [DECLINED, { ...SILENT, replies: () => 1, declines: true }],
  ["late", { ...SILENT, replies: () => 1, isLate: true }],
  [REQUESTING_MESSAGE, { ...SILENT, asks: true }],
  ["validated", { ...SILENT, schema: NUMBER_SCHEMA, replies: () => 1 }],
  ["validated later", { ...SILENT, schema: ASYNC_NUMBER_SCHEMA }],
]);

function isSmall(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 20;
}
