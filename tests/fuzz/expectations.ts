/**
 * The frames that the server must send for a request.
 *
 * @module
 */

import { AbortableMatcher } from "./abortable_matcher.ts";
import type { CallRequest, Data, Wire } from "./actions.ts";
import {
  isError,
  type ResponseFrame,
  type ResponseMatcher,
  type Step,
  Steps,
} from "./response_matcher.ts";
import {
  DECLINED,
  LISTENERS,
  OPERATIONS,
  REPLY,
  REQUEST_OPERATION,
  type TestListener,
} from "./handlers.ts";
import { isSendable } from "./json_strings.ts";
import { isInvalidDataError, isValid } from "./schemas.ts";
import { type StreamContext, StreamMatcher } from "./stream_matcher.ts";
import { STREAMS } from "./streams.ts";

/** A request and its expected response. */
export interface Expectation {
  readonly id: number | null;
  /** The kind of request, for the counters */
  readonly what: string;
  readonly matcher: ResponseMatcher;
  /** The possible codes, if the response must be an error */
  readonly codes?: readonly number[];
  /** The number of frames without stream items */
  readonly length: number;
  /** Whether its response comes before the responses to all later requests */
  readonly isImmediate: boolean;
  /** Whether a late reply follows outside the response */
  readonly isLate: boolean;
}

/** The agreed extensions, and the context for streams. */
export interface ServerFeatures {
  readonly features: readonly string[];
  readonly context: StreamContext;
}

/** Returns the expected response to a valid request. */
export function expectationOf(
  request: CallRequest,
  serverFeatures: ServerFeatures,
): Expectation {
  switch (request.kind) {
    case "operation":
      return expectResult(request, serverFeatures);
    case "message":
      return expectReplies(request.id, request.wire, serverFeatures);
    case "stream":
      return expectItems(request, serverFeatures);
  }
}

/** Expects an error with one of the codes. */
export function expectError(
  id: number | null,
  codes: readonly number[],
  what: string,
  isImmediate = true,
): Expectation {
  const matcher = new Steps([isError(codes)]);
  const rest = { length: 1, isImmediate, isLate: false };
  return { id, what, matcher, codes, ...rest };
}

/** Expects the answer to a ping: docs/reference/protocol.md, `heartbeat`. */
export function expectPong(): Expectation {
  const isPong = ({ success, message, data }: ResponseFrame) =>
    success && message === "pong" && data === null;
  const rest = { length: 1, isImmediate: true, isLate: false };
  return { id: null, what: "ping", matcher: new Steps([isPong]), ...rest };
}

function expectResult(
  { id, name, data, timeout }: Extract<CallRequest, { kind: "operation" }>,
  { features }: ServerFeatures,
): Expectation {
  const what = name === REQUEST_OPERATION ? REQUEST_OPERATION : "operation";
  if (STREAMS.has(name)) return expectError(id, [7], what);
  const operation = OPERATIONS.get(name);
  if (operation === undefined) return expectError(id, [5], what);
  const { immediate, schema } = operation;
  if (!isValid(schema, data)) return expectInvalidData(id, immediate);
  const results = operation.expect(data, features.includes("request"));
  if (operation.isAbortable) {
    const [result] = results.map((result) => JSON.stringify({ result }));
    const matcher = new AbortableMatcher(result, timeout);
    const rest = { length: 1, isImmediate: false, isLate: false };
    return { id, what: "abortable", matcher, ...rest };
  }
  if (operation.declines && isSendable(data)) return expectDeclined(id, data);
  if (results.length === 0) return expectFault(id, what, immediate);
  const matcher = new Steps([isResult(results)]);
  const rest = { length: 1, isImmediate: immediate, isLate: false };
  return { id, what, matcher, ...rest };
}

/** Expects an error that the application throws on purpose. */
function expectDeclined(id: number, details: Data): Expectation {
  const matcher = new Steps([isDeclined(details)]);
  const rest = { length: 1, isImmediate: false, isLate: false };
  return { id, what: "declined", matcher, codes: [6], ...rest };
}

/** Expects an error of the application that it does not throw on purpose. */
function expectFault(
  id: number,
  what: string,
  isImmediate: boolean,
): Expectation {
  const expectation = expectError(id, [6], what, isImmediate);
  return { ...expectation, matcher: new Steps([isFault]) };
}

function expectInvalidData(id: number, isImmediate: boolean): Expectation {
  const rest = { length: 1, isImmediate, isLate: false };
  return {
    id,
    what: "invalid data",
    matcher: new Steps([isInvalidDataError]),
    ...rest,
  };
}

function expectItems(
  { id, name, ...call }: Extract<CallRequest, { kind: "stream" }>,
  { context }: ServerFeatures,
): Expectation {
  const what = "stream";
  const operation = OPERATIONS.get(name);
  if (operation !== undefined) {
    // The server can learn of the wrong kind before or after it validates and calls.
    // It can be cancelled like a stream until the server learns of the wrong kind.
    const fails = operation.isAbortable === true ||
      operation.expect(call.data, true).length === 0;
    const codes = isValid(operation.schema, call.data) ? [7] : [2, 7];
    return expectError(id, fails ? [6, ...codes] : codes, what, false);
  }
  const stream = STREAMS.get(name);
  if (stream === undefined) return expectError(id, [5], what);
  const matcher = new StreamMatcher({ ...call, stream }, context);
  const rest = { length: 1, isImmediate: false, isLate: false };
  return { id, what, matcher, ...rest };
}

function expectReplies(
  id: number,
  wire: Wire,
  { features }: ServerFeatures,
): Expectation {
  const hasDoneId = features.includes("done-id");
  const listener = LISTENERS.get(wire.message);
  const isValidData = isValid(listener?.schema, wire.data);
  const count = isValidData ? listener?.replies(wire.data) ?? 0 : 0;
  const replies = Array.from({ length: count }, (_, n) => isReply(wire, n));
  const last = isValidData
    ? lastOf(wire, listener, hasDoneId)
    : isInvalidDataError;
  const steps = [...hasDoneId ? [] : [isOpen], ...replies, last];
  const matcher = new Steps(steps);
  const isLate = listener?.isLate ?? false;
  const rest = { length: steps.length, isImmediate: false, isLate };
  const what = isValidData ? "message" : "invalid data";
  return { id, what, matcher, ...rest };
}

/** Returns the last frame of the response to a message. */
function lastOf(
  wire: Wire,
  listener: TestListener | undefined,
  hasDoneId: boolean,
): Step {
  if (listener?.declines && isSendable(wire.data)) {
    return isDeclined(wire.data);
  }
  const isFailing = listener?.fails || listener?.declines;
  return isFailing ? isFault : isDone(hasDoneId);
}

/**
 * Matches an error that the application throws on purpose: docs/reference/protocol.md,
 * "Frames", code 6.
 */
function isDeclined(details: unknown): Step {
  const application = { kind: DECLINED, details };
  const expected = { exc: DECLINED, message: "No, thanks.", application };
  const json = JSON.stringify(expected);
  return ({ success, code, data }) =>
    !success && code === 6 && JSON.stringify(data) === json;
}

/** Matches the error of a handler, which reveals nothing about it. */
const isFault: Step = ({ success, code, data }) =>
  !success && code === 6 && data !== null &&
  data.application === undefined;

function isResult(results: readonly unknown[]): Step {
  const expected = results.map((result) => JSON.stringify({ result }));
  return ({ success, message, data }) =>
    success && message === null && expected.includes(JSON.stringify(data));
}

const isOpen: Step = ({ success, message, data }, info) => {
  if (!success || message !== "open" || !hasOnlyId(data)) return false;
  info.number = data.id;
  return true;
};

function isDone(hasDoneId: boolean): Step {
  return ({ success, message, data }, info) => {
    if (!success || message !== "done") return false;
    if (!hasDoneId) return data === null;
    if (!hasOnlyId(data)) return false;
    // A reply can have contained the id already.
    const number = info.number ?? data.id;
    info.number = number;
    return number === data.id;
  };
}

function isReply(wire: Wire, n: number): Step {
  return ({ success, message, data }, info) => {
    if (!success || message !== "newmsg" || data === null) return false;
    if (data.message !== REPLY || data.data?.n !== n) return false;
    const number = info.number ?? data.replying?.id;
    info.number = number;
    return isSameMessage(data.replying, { ...wire, id: number });
  };
}

/** Reports whether two messages are equal, in any order of keys. */
function isSameMessage(
  actual: Data | null,
  expected: Wire & { id: number },
): boolean {
  if (actual === null || Object.keys(actual).length !== 4) return false;
  return actual.message === expected.message && actual.id === expected.id &&
    JSON.stringify(actual.data) === JSON.stringify(expected.data) &&
    JSON.stringify(actual.replying) === JSON.stringify(expected.replying);
}

function hasOnlyId(data: Data | null): data is { readonly id: number } {
  return data !== null && Object.keys(data).join() === "id" &&
    Number.isSafeInteger(data.id) && data.id > 0;
}
