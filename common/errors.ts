/**
 * The errors that Hoist throws and the numbers that stand for them on the wire.
 *
 * ```text
 * HoistError
 * ├── ConnectError            nothing listens there, or it is no Hoist server
 * ├── LoginError              the server refused the token
 * ├── VersionError            one side is too old for the other
 * ├── ResponseError           the server answered a request with an error
 * ├── NoReplyError            the listeners were done, and none of them had replied
 * ├── ValidationError         what came does not fit the schema of the contract
 * ├── FeatureError            the other side does not speak what the request needs
 * ├── ConnectionClosedError   the connection ended before the answer came
 * └── TimeoutError            the answer took longer than the caller allowed
 * ```
 *
 * An argument that makes no sense is a `TypeError` or a `RangeError`, and a request
 * that its caller aborts rejects with the reason of the signal, as everywhere else.
 *
 * @example
 * ```ts
 * import { HoistError, LoginError } from "@hoist/cli/errors";
 * import assert from "node:assert/strict";
 *
 * assert(new LoginError("The server refused the token") instanceof HoistError);
 * ```
 *
 * @module
 */

import { within } from "./async.ts";
import { describeIssues, type Issue, readIssues } from "./issues.ts";

/** The error codes of a server: protocol.md, "Frames", and `LIMIT_EXCEEDED` */
export const ErrorCode = {
  /** The frame is not JSON */
  INVALID_JSON: 1,
  /** A field is missing or has the wrong type */
  INVALID_CONTENT: 2,
  /** The token is wrong */
  LOGIN_FAILED: 3,
  /** The client is older than the server allows */
  BAD_VERSION: 4,
  /** No operation of that name is registered */
  UNKNOWN_OPERATION: 5,
  /** A listener or an operation of the server failed */
  SERVER_ERROR: 6,
  /** The operation exists and the server does not offer it */
  UNSUPPORTED_OPERATION: 7,
  /** The action is neither `message` nor `operation` */
  INVALID_ACTION: 8,
  /** The request goes beyond a limit of the server: docs/protocol.md, "Limits" */
  LIMIT_EXCEEDED: 9,
} as const;

/** One of the numbers of {@linkcode ErrorCode} */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/** The codes with which Hoist closes a WebSocket: RFC 6455, section 7.4.1 */
export const CloseCode = {
  /** Said goodbye */
  NORMAL: 1000,
  /** The server shuts down */
  GOING_AWAY: 1001,
  /** What came was no JSON object: protocol.md, "Where ours is better" */
  UNSUPPORTED_DATA: 1003,
  /** The connection was lost without a Close frame; never sent */
  ABNORMAL: 1006,
  /** The login was refused or did not come in time, or the client sent too much */
  POLICY_VIOLATION: 1008,
  /** A frame was larger than the server takes */
  MESSAGE_TOO_BIG: 1009,
  /** The server goes down and says when to come back */
  SERVICE_RESTART: 1012,
  /** The client reads too slowly */
  TRY_AGAIN_LATER: 1013,
} as const;

/**
 * The class that all errors of Hoist extend.
 *
 * @example
 * ```ts
 * import { connect, HoistError } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * const error = await connect("test", { url: "http://127.0.0.1:1" })
 *   .catch((error) => error);
 * assert(error instanceof HoistError);
 * ```
 */
export class HoistError extends Error {
  /** The name of the class, as in the messages of uncaught errors */
  override name = "HoistError";
}

/** Nothing answers at the URL, or what answers is no Hoist server. */
export class ConnectError extends HoistError {
  /** The name of the class */
  override name = "ConnectError";
}

/** The server refused the token. */
export class LoginError extends HoistError {
  /** The name of the class */
  override name = "LoginError";
}

/** The client is older than the server allows, or the server than the client. */
export class VersionError extends HoistError {
  /** The name of the class */
  override name = "VersionError";
  /** The lowest version that the refusing side accepts */
  readonly needed: string;
  /** The version of the side that was refused */
  readonly current: string;

  /**
   * Constructs a `VersionError`.
   *
   * @param message What happened and what would help
   * @param versions The version that is needed and the one that is there
   */
  constructor(
    message: string,
    versions: { readonly needed: string; readonly current: string },
  ) {
    super(message);
    this.needed = versions.needed;
    this.current = versions.current;
  }
}

/** What an error frame says: protocol.md, "Frames" */
export interface ErrorFrame {
  /** The number of the error, see {@linkcode ErrorCode} */
  readonly code: number;
  /** The name of the error, such as `UNKNOWN_OPERATION` */
  readonly error: string;
  /** The sentence that goes with the code */
  readonly message: string;
  /** What exactly was wrong, if the server says so */
  readonly description: string | null;
  /** The details, whose keys depend on the code */
  readonly data: unknown;
}

/**
 * The server answered a request with an error; the connection goes on.
 *
 * @example
 * ```ts
 * import { connect, ErrorCode, ResponseError, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * await using connection = await connect("test", { url: server.url });
 * const error = await connection.operation("fly").catch((error) => error);
 * assert(error instanceof ResponseError);
 * assert.equal(error.code, ErrorCode.UNKNOWN_OPERATION);
 * ```
 */
export class ResponseError extends HoistError {
  /** The name of the class */
  override name = "ResponseError";
  /** The number of the error, see {@linkcode ErrorCode} */
  readonly code: number;
  /** The name of the error, such as `UNKNOWN_OPERATION` */
  readonly error: string;
  /** The details, whose keys depend on the code */
  readonly data: unknown;
  /** What is wrong with what was sent, if a schema of the server refused it */
  readonly issues: readonly Issue[];

  /**
   * Constructs a `ResponseError`.
   *
   * @param subject What was asked for, such as `operation "add"`
   * @param frame What the server answered
   */
  constructor(subject: string, frame: ErrorFrame) {
    super(
      `Cannot finish ${subject}: the server answered ${frame.error}, ${
        detailOf(frame)
      }`,
    );
    this.code = frame.code;
    this.error = frame.error;
    this.data = frame.data;
    this.issues = readIssues(frame.data);
  }
}

/** The most exact thing that an error frame says, as the end of a sentence. */
function detailOf({ description, message, data }: ErrorFrame): string {
  if (description !== null) return description;
  // Code 6 of a server that exposes its errors, as Python's does. The peer decides
  // what stands there.
  const { exc, message: cause } = Object(data);
  const text = typeof exc === "string" && typeof cause === "string"
    ? `${exc}: ${cause}`
    : message;
  return text.replace(/\.$/, "");
}

/**
 * All listeners to a request have finished, and none of them has replied.
 *
 * @example
 * ```ts
 * import { connect, NoReplyError, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * await using connection = await connect("test", { url: server.url });
 * const error = await connection.request("hello").catch((error) => error);
 * assert(error instanceof NoReplyError);
 * ```
 */
export class NoReplyError extends HoistError {
  /** The name of the class */
  override name = "NoReplyError";
  /** Whether a listener on the other side has failed; none has replied in any case */
  readonly hasFailed: boolean;

  /**
   * Constructs a `NoReplyError`.
   *
   * @param subject What was asked, such as `request "hello"`
   * @param hasFailed Whether a listener has failed
   */
  constructor(subject: string, hasFailed = false) {
    const reason = hasFailed
      ? "a listener on the other side failed, see its log, and none replied"
      : "no listener on the other side replied";
    super(`Cannot finish ${subject}: ${reason}`);
    this.hasFailed = hasFailed;
  }
}

/** What came from the other side, or from a handler, does not fit its schema. */
export class ValidationError extends HoistError {
  /** The name of the class */
  override name = "ValidationError";
  /** What is wrong, and where */
  readonly issues: readonly Issue[];

  /**
   * Constructs a `ValidationError`.
   *
   * @param subject What could not be done, such as `Cannot finish operation "add"`
   * @param problem Why, such as `the result does not fit its schema`
   * @param issues What is wrong with it
   */
  constructor(subject: string, problem: string, issues: readonly Issue[]) {
    super(`${subject}: ${problem}, ${describeIssues(issues)}`);
    this.issues = issues;
  }
}

/** The other side does not speak an extension that a request needs. */
export class FeatureError extends HoistError {
  /** The name of the class */
  override name = "FeatureError";
  /** The name of the extension: docs/protocol.md, "Extensions" */
  readonly feature: string;

  /**
   * Constructs a `FeatureError`.
   *
   * @param subject What could not be done, such as `stream "rows"`
   * @param feature The name of the extension
   * @param peer Who does not speak it
   */
  constructor(subject: string, feature: string, peer: "server" | "client") {
    super(
      `Cannot finish ${subject}: the ${peer} does not speak the extension "${feature}" of this package; update it, or do without`,
    );
    this.feature = feature;
  }
}

/** The connection ended before the answer came, or had ended before the request. */
export class ConnectionClosedError extends HoistError {
  /** The name of the class */
  override name = "ConnectionClosedError";
  /** The close code of the WebSocket, see {@linkcode CloseCode} */
  readonly code: number;
  /** The reason that the other side gave, or an empty string */
  readonly reason: string;

  /**
   * Constructs a `ConnectionClosedError`.
   *
   * @param subject What could not be done, such as `operation "add"`
   * @param close The close code and reason of the WebSocket
   * @param rest How the sentence goes on, if there is more to say
   */
  constructor(
    subject: string,
    close: { readonly code: number; readonly reason: string },
    rest = "",
  ) {
    const detail = close.reason === "" ? "" : `, "${close.reason}"`;
    super(
      `Cannot finish ${subject}: the connection is closed (${close.code}${detail})${rest}`,
    );
    this.code = close.code;
    this.reason = close.reason;
  }
}

/** The answer took longer than the caller allowed. */
export class TimeoutError extends HoistError {
  /** The name of the class, the same as that of the web's own timeouts */
  override name = "TimeoutError";
}

type Callee = (...args: never[]) => unknown;

interface StackCapturing {
  captureStackTrace?: (target: object, callee: Callee) => void;
}

/**
 * Gives an error the stack of whoever called a function of ours: it was made where a
 * frame arrived or a timer fired, which tells the caller nothing.
 *
 * @param error What was thrown; only an error of ours gets another stack
 * @param callee The asynchronous function, from within which this one is called
 * @returns The error
 */
export function withCallerStack(error: unknown, callee: Callee): unknown {
  // Not all engines have it.
  const { captureStackTrace }: StackCapturing = Error;
  if (error instanceof HoistError) captureStackTrace?.(error, callee);
  return error;
}

/** The error for a request, such as `operation "add"`, whose time is up. */
export function timedOut(
  subject: string,
  timeout: number | undefined,
): TimeoutError {
  return new TimeoutError(
    `Cannot finish ${subject}: no answer within ${timeout} ms`,
  );
}
