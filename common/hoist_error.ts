/**
 * The base class of all errors of Hoist, and the errors of requests that were refused:
 * `NoNodeError`, `PublishError`, `ValidationError` and `ResponseError`.
 *
 * @module
 */

import { ErrorCode, type ErrorFrame } from "./codes.ts";
import { describeIssues, type Issue, readIssues } from "./issues.ts";
import { escapeControls, showName } from "./text.ts";

/**
 * The base class of all errors of Hoist.
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
  /** The name of the class, which starts the output of an uncaught error */
  override name = "HoistError";
}

/**
 * The server that a request is for has ended, or it has never been there.
 *
 * @example
 * ```ts
 * import { NoNodeError, serve } from "@hoist/cli/server";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * const error = await server.cluster.request("other-server", "hello")
 *   .catch((error) => error);
 * assert(error instanceof NoNodeError);
 * ```
 */
export class NoNodeError extends HoistError {
  /** The name of the class */
  override name = "NoNodeError";
}

/** What is known about a publication that failed. */
export type PublishOutcome =
  /** It was not published */
  | "none"
  /** It is unknown whether it was published */
  | "unknown";

/** A message to a room was not published, or it is unknown whether it was. */
export class PublishError extends HoistError {
  /** The name of the class */
  override name = "PublishError";
  /** `none` if it was not published, `unknown` if it can have been published */
  readonly outcome: PublishOutcome;

  /**
   * Constructs a `PublishError`.
   *
   * @param message What failed, why, and what to do
   * @param outcome What is known about the message
   * @param options The cause
   */
  constructor(
    message: string,
    outcome: PublishOutcome,
    options: ErrorOptions = {},
  ) {
    super(message, options);
    this.outcome = outcome;
  }
}

/**
 * Data from the other side, or the result of a handler, does not match its schema.
 *
 * @example
 * ```ts
 * import { connect, defineContract, serve, ValidationError } from "@hoist/cli";
 * import assert from "node:assert/strict";
 * import { z } from "zod";
 *
 * const contract = defineContract({ operations: { now: { output: z.number() } } });
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("now", () => "noon");
 *
 * const options = { url: server.url, contract, validate: "all" } as const;
 * await using connection = await connect("test", options);
 * const error = await connection.operation("now").catch((error) => error);
 * assert(error instanceof ValidationError);
 * assert.equal(error.issues.length, 1);
 * ```
 */
export class ValidationError extends HoistError {
  /** The name of the class */
  override name = "ValidationError";
  /** What is wrong, and where */
  readonly issues: readonly Issue[];

  /**
   * Constructs a `ValidationError`.
   *
   * @param subject What failed, such as `Cannot finish operation "add"`
   * @param problem Why, such as `the result does not match its schema`
   * @param issues What is wrong with the data
   */
  constructor(subject: string, problem: string, issues: readonly Issue[]) {
    super(`${subject}: ${problem}: ${describeIssues(issues)}`);
    this.issues = issues;
  }
}

/**
 * The server answered a request with an error. The connection stays open.
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
  /** What is wrong with the data, if it does not match the schema of the server */
  readonly issues: readonly Issue[];

  /**
   * Constructs a `ResponseError`.
   *
   * @param subject The request, such as `operation "add"`
   * @param frame The error frame of the server
   * @param options Optional. The cause, and a message instead of one made from the frame
   */
  constructor(
    subject: string,
    frame: ErrorFrame,
    options: ErrorOptions & { readonly message?: string } = {},
  ) {
    const issues = readIssues(frame.data);
    const {
      message = `Cannot finish ${subject}: ${problemOf(frame, issues)}`,
      ...rest
    } = options;
    super(message, rest);
    this.code = frame.code;
    this.error = frame.error;
    this.data = frame.data;
    this.issues = issues;
  }
}

/** What the caller can do, because the sentences of Hoist 1 do not say it. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [
    ErrorCode.UNKNOWN_OPERATION,
    ". Check the spelling, or register the operation on the server.",
  ],
  [ErrorCode.SERVER_ERROR, ". See the log of the server."],
]);

function problemOf(frame: ErrorFrame, issues: readonly Issue[]): string {
  // The places say more than the description, which ends with them.
  if (issues.some(({ path }) => path.length > 0)) {
    return `the server rejected the data (${showName(frame.error)}). ${
      describeIssues(issues)
    }`;
  }
  const remedy = REMEDIES.get(frame.code) ?? "";
  const detail = escapeControls(detailOf(frame));
  return `the server answered ${showName(frame.error)}: ${detail}${remedy}`;
}

/** The class of an exception that a server of this package does not expose. */
const HIDDEN_CLASS = "InternalError";

/** Returns the most exact description in an error frame, without the final period. */
function detailOf({ description, message, data }: ErrorFrame): string {
  if (description !== null) return withoutPeriod(description);
  // Python Hoist sends the class and the message of an exception with code 6. Both can
  // have any type.
  const { exc, message: cause } = Object(data);
  if (typeof exc !== "string" || typeof cause !== "string") {
    return withoutPeriod(message);
  }
  return withoutPeriod(exc === HIDDEN_CLASS ? cause : `${exc}: ${cause}`);
}

function withoutPeriod(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
