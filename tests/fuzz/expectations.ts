/**
 * What must come back for a request, frame by frame.
 *
 * @module
 */

import { LISTENERS, OPERATIONS, REPLY } from "./host.ts";
import type { Data, Reading, Wire } from "./model.ts";

/** A frame of the server whose keys are in order. */
export interface Answer {
  readonly success: boolean;
  readonly data: Data | null;
  readonly code: number;
  readonly message: string | null;
  readonly id: number | null;
}

/** What the frames of one request say of each other. */
export interface Told {
  /** The number that the message has got; `undefined` as long as it is not known */
  number?: number | undefined;
}

/** A frame that must come; it may note what later ones have to repeat. */
export type Step = (answer: Answer, told: Told) => boolean;

/** A request, and what must come back for it. */
export interface Expectation {
  readonly id: number | null;
  /** The frames in their order; the last one is final */
  readonly steps: readonly Step[];
  /** Whether its answers come before those of all later requests */
  readonly isImmediate: boolean;
  /** Whether a reply follows that stands alone */
  readonly isLate: boolean;
}

/** What must come back for a request that was read. */
export function expectationOf(
  reading: Exclude<Reading, { readonly kind: "goodbye" | "fatal" }>,
  hasDoneId: boolean,
): Expectation {
  switch (reading.kind) {
    case "invalid":
      return refusal(reading.id, reading.codes);
    case "operation":
      return expectResult(reading.id, reading.name, reading.data);
    case "message":
      return expectReplies(reading.id, reading.wire, hasDoneId);
  }
}

/** An error with one of the codes and nothing else. */
export function refusal(
  id: number | null,
  codes: readonly number[],
): Expectation {
  const steps = [isError(codes)];
  return { id, steps, isImmediate: true, isLate: false };
}

function expectResult(id: number, name: string, data: Data): Expectation {
  const operation = OPERATIONS.get(name);
  if (operation === undefined) return refusal(id, [5]);
  const { isImmediate, expect } = {
    isImmediate: operation.immediate,
    expect: operation.expect,
  };
  const result = expect(data);
  const steps = [result === undefined ? isError([6]) : isResult(result)];
  return { id, steps, isImmediate, isLate: false };
}

function expectReplies(
  id: number,
  wire: Wire,
  hasDoneId: boolean,
): Expectation {
  const listener = LISTENERS.get(wire.message);
  const count = listener?.replies(wire.data) ?? 0;
  const replies = Array.from({ length: count }, (_, n) => isReply(wire, n));
  const done = listener?.fails === true ? isError([6]) : isDone(hasDoneId);
  const steps = [...hasDoneId ? [] : [isOpen], ...replies, done];
  return { id, steps, isImmediate: false, isLate: listener?.isLate ?? false };
}

function isError(codes: readonly number[]): Step {
  return ({ success, code }) => !success && codes.includes(code);
}

function isResult(result: unknown): Step {
  const expected = JSON.stringify({ result });
  return ({ success, message, data }) =>
    success && message === null && JSON.stringify(data) === expected;
}

const isOpen: Step = ({ success, message, data }, told) => {
  if (!success || message !== "open" || !hasOnlyNumber(data)) return false;
  told.number = data.id;
  return true;
};

function isDone(hasDoneId: boolean): Step {
  return ({ success, message, data }, told) => {
    if (!success || message !== "done") return false;
    if (!hasDoneId) return data === null;
    if (!hasOnlyNumber(data)) return false;
    // The replies may have said it already.
    const number = told.number ?? data.id;
    told.number = number;
    return number === data.id;
  };
}

function isReply(wire: Wire, n: number): Step {
  return ({ success, message, data }, told) => {
    if (!success || message !== "newmsg" || data === null) return false;
    if (data.message !== REPLY || data.data?.n !== n) return false;
    const number = told.number ?? data.replying?.id;
    told.number = number;
    return isSame(data.replying, { ...wire, id: number });
  };
}

/** Whether a message object is another, whatever the order of its keys. */
function isSame(actual: Data | null, expected: Wire & { id: number }): boolean {
  if (actual === null || Object.keys(actual).length !== 4) return false;
  return actual.message === expected.message && actual.id === expected.id &&
    JSON.stringify(actual.data) === JSON.stringify(expected.data) &&
    JSON.stringify(actual.replying) === JSON.stringify(expected.replying);
}

function hasOnlyNumber(data: Data | null): data is { readonly id: number } {
  return data !== null && Object.keys(data).join() === "id" &&
    Number.isSafeInteger(data.id) && data.id > 0;
}
