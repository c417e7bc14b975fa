/**
 * What must come back for a request, frame by frame.
 *
 * @module
 */

import type { Data, Request, Wire } from "./actions.ts";
import { type Course, isError, type Step, Steps } from "./response_steps.ts";
import { ASK, LISTENERS, OPERATIONS, REPLY } from "./handlers.ts";
import { isFit, isUnfit } from "./schemas.ts";
import { StreamCourse, type StreamWitness } from "./stream_responses.ts";
import { STREAMS } from "./streams.ts";

/** A request, and what must come back for it. */
export interface Expectation {
  readonly id: number | null;
  /** What it is, for the tally */
  readonly what: string;
  readonly course: Course;
  /** The codes of the error that must come, if nothing else may */
  readonly codes?: readonly number[];
  /** How many frames come that the client has not asked for one by one */
  readonly length: number;
  /** Whether its answers come before those of all later requests */
  readonly isImmediate: boolean;
  /** Whether a reply follows that stands alone */
  readonly isLate: boolean;
}

/** What both sides have agreed on, and who knows more. */
export interface ServerFeatures {
  readonly features: readonly string[];
  readonly witness: StreamWitness;
}

/** What must come back for a request that was read. */
export function expectationOf(
  request: Request,
  terms: ServerFeatures,
): Expectation {
  switch (request.kind) {
    case "operation":
      return expectResult(request.id, request.name, request.data, terms);
    case "message":
      return expectReplies(request.id, request.wire, terms);
    case "stream":
      return expectItems(request, terms);
  }
}

/** An error with one of the codes and nothing else. */
export function refusal(
  id: number | null,
  codes: readonly number[],
  what: string,
  isImmediate = true,
): Expectation {
  const course = new Steps([isError(codes)]);
  const rest = { length: 1, isImmediate, isLate: false };
  return { id, what, course, codes, ...rest };
}

function expectResult(
  id: number,
  name: string,
  data: Data,
  { features }: ServerFeatures,
): Expectation {
  const what = name === ASK ? ASK : "operation";
  if (STREAMS.has(name)) return refusal(id, [7], what);
  const operation = OPERATIONS.get(name);
  if (operation === undefined) return refusal(id, [5], what);
  const { immediate, schema } = operation;
  if (!isFit(schema, data)) return expectUnfit(id, immediate);
  const results = operation.expect(data, features.includes("request"));
  if (results.length === 0) return refusal(id, [6], what, immediate);
  const course = new Steps([isResult(results)]);
  const rest = { length: 1, isImmediate: immediate, isLate: false };
  return { id, what, course, ...rest };
}

function expectUnfit(id: number, isImmediate: boolean): Expectation {
  const rest = { length: 1, isImmediate, isLate: false };
  return { id, what: "unfit", course: new Steps([isUnfit]), ...rest };
}

function expectItems(
  { id, name, data, credit }: Extract<Request, { kind: "stream" }>,
  { witness }: ServerFeatures,
): Expectation {
  const what = "stream";
  const operation = OPERATIONS.get(name);
  if (operation !== undefined) {
    // Who finds out by calling it may find that it fails, or cannot be called so.
    const fails = operation.expect(data, true).length === 0;
    const codes = isFit(operation.schema, data) ? [7] : [2, 7];
    return refusal(id, fails ? [6, ...codes] : codes, what, false);
  }
  const stream = STREAMS.get(name);
  if (stream === undefined) return refusal(id, [5], what);
  const course = new StreamCourse({ stream, data, credit }, witness);
  const rest = { length: 1, isImmediate: false, isLate: false };
  return { id, what, course, ...rest };
}

function expectReplies(
  id: number,
  wire: Wire,
  { features }: ServerFeatures,
): Expectation {
  const hasDoneId = features.includes("done-id");
  const listener = LISTENERS.get(wire.message);
  const fits = isFit(listener?.schema, wire.data);
  const count = fits ? listener?.replies(wire.data) ?? 0 : 0;
  const replies = Array.from({ length: count }, (_, n) => isReply(wire, n));
  const done = listener?.fails === true ? isError([6]) : isDone(hasDoneId);
  const last = fits ? done : isUnfit;
  const steps = [...hasDoneId ? [] : [isOpen], ...replies, last];
  const course = new Steps(steps);
  const isLate = listener?.isLate ?? false;
  const rest = { length: steps.length, isImmediate: false, isLate };
  const what = fits ? "message" : "unfit";
  return { id, what, course, ...rest };
}

function isResult(results: readonly unknown[]): Step {
  const expected = results.map((result) => JSON.stringify({ result }));
  return ({ success, message, data }) =>
    success && message === null && expected.includes(JSON.stringify(data));
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
