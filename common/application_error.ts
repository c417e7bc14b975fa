/**
 * Errors that an application sends to a client on purpose: docs/reference/protocol.md,
 * "Frames", code 6.
 *
 * @module
 */

import { checkKeys, invalidType } from "./check.ts";
import {
  assertKindLength,
  ErrorCode,
  type ErrorFrame,
  isErrorKind,
} from "./codes.ts";
import { ResponseError } from "./hoist_error.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { JsonOf, NoData } from "./json_types.ts";
import { escapeControls, truncate } from "./text.ts";

/** Options of an {@linkcode ApplicationError} besides its details */
export interface ErrorDetailsOptions {
  /**
   * What happened, for the client. At most 1,000 UTF-16 units are sent.
   *
   * @default the kind
   */
  readonly message?: string | undefined;
  /**
   * Why it happened. The cause stays on the server.
   *
   * @default none
   */
  readonly cause?: unknown;
}

/** Options of {@linkcode ApplicationError}. `Details` is the type of the details. */
export interface ApplicationErrorOptions<Details extends object = JsonObject>
  extends ErrorDetailsOptions {
  /**
   * The data of the error, a JSON object. The client gets it as `error.details`. If the frame
   * would be larger than `limits.maxBuffered`, it is sent without the details.
   *
   * @default {}
   */
  readonly details?: Details | undefined;
}

/** The maximum length of a message that is sent, in UTF-16 units. */
export const MAX_MESSAGE = 1_000;

const OPTIONS = { message: true, details: true, cause: true };

/** Whether a value is an `ApplicationError`; runs no code of the value. */
let isInstance: (value: unknown) => value is ApplicationError;

/** Whether a client has read the error from a frame; runs no code of the error. */
let isReceived: (error: ApplicationError) => boolean;

/**
 * An error that the application sends to the client on purpose, such as "sold out". Throw it
 * in a listener, an operation, a stream, a middleware, `authorize` or `login`. The request of
 * the client then rejects with it. The client gets the kind, the message and the details, but
 * not the stack and the cause. The server logs it at the level `debug` only.
 *
 * A server sends only the errors that its application has created. If a handler receives an
 * `ApplicationError` of another server and does not catch it, this is a fault of the server,
 * as with any other error.
 *
 * `Kind` is the type of the kind, and `Details` is the type of the details.
 *
 * @example
 * ```ts
 * import { ApplicationError, connect, isApplicationError, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("buy", () => {
 *   throw new ApplicationError("sold_out", { details: { left: 3 } });
 * });
 *
 * await using connection = await connect("test", { url: server.url });
 * const error = await connection.operation("buy").catch((error) => error);
 * assert(isApplicationError(error, "sold_out"));
 * assert.equal(error.details.left, 3);
 * ```
 */
export class ApplicationError<
  Kind extends string = string,
  Details extends object = JsonObject,
> extends ResponseError {
  /** The name of the class */
  override name = "ApplicationError";
  /** What kind of error it is, such as `sold_out`, for programs */
  readonly kind: Kind;
  /** The data of the error; an empty object if there is none */
  readonly details: Details;
  readonly #isReceived: boolean;

  static {
    isInstance = (value): value is ApplicationError =>
      typeof value === "object" && value !== null && #isReceived in value;
    isReceived = (error) => error.#isReceived;
  }

  /**
   * Constructs an `ApplicationError`.
   *
   * @param kind What kind of error it is: a string of 1 to 100 UTF-16 units
   * @param options Optional. The message, the details and the cause
   * @param data Optional. The data of the error frame. Only a client passes it, for an error
   * that it has received
   *
   * @throws {TypeError} If the kind or the message is not a string, or an option is unknown
   * @throws {RangeError} If the kind is empty or too long
   */
  constructor(
    kind: Kind,
    options: ApplicationErrorOptions<Details> = {},
    data?: JsonObject,
  ) {
    assertOptions(kind, options);
    const { message = kind, details, cause } = options;
    super(
      "",
      {
        code: ErrorCode.SERVER_ERROR,
        error: "SERVER_ERROR",
        message: "Internal server error.",
        description: null,
        data: data ?? applicationData(kind, message, details),
      },
      { message, ...cause !== undefined && { cause } },
    );
    this.kind = kind;
    this.details = details ?? {} as Details;
    this.#isReceived = data !== undefined;
  }
}

/**
 * Whether a thrown value is an error that the application has created to send it. An error
 * that a client has received belongs to another server: its details can be secret here.
 */
export function isOwnError(thrown: unknown): thrown is ApplicationError {
  return isInstance(thrown) && !isReceived(thrown);
}

/**
 * Returns the data of the error frame: docs/reference/protocol.md, "Frames", code 6.
 *
 * @param kind The kind of the error, which is also its class for a client of Hoist 1
 * @param message The message
 * @param details The details; omitted if `undefined`
 */
export function applicationData(
  kind: string,
  message: string,
  details: object | undefined,
): JsonObject {
  const application = details === undefined ? { kind } : { kind, details };
  return { exc: kind, message, application: application as JsonObject };
}

const SUBJECT = "Cannot create an ApplicationError";

function assertOptions(kind: unknown, options: unknown): void {
  if (typeof kind !== "string") {
    throw invalidType(SUBJECT, "the kind of an error", "a string", kind);
  }
  assertKindLength(SUBJECT, kind);
  checkKeys(SUBJECT, options as object, OPTIONS);
  const { message }: { readonly message?: unknown } = options as object;
  if (message !== undefined && typeof message !== "string") {
    throw invalidType(SUBJECT, "'message'", "a string", message);
  }
}

/**
 * Returns the error for an error frame: an {@linkcode ApplicationError} if the application of
 * the server threw one, otherwise a {@linkcode ResponseError}.
 *
 * @param subject The request, such as `operation "buy"`
 * @param frame The error frame
 */
export function responseErrorOf(
  subject: string,
  frame: ErrorFrame,
): ResponseError {
  return readApplicationError(frame) ?? new ResponseError(subject, frame);
}

/** Returns the error of an application in an error frame; `undefined` if it has none. */
export function readApplicationError(
  { code, data }: ErrorFrame,
): ApplicationError | undefined {
  if (code !== ErrorCode.SERVER_ERROR || !isJsonObject(data)) return undefined;
  const { exc, message, application } = data;
  if (typeof exc !== "string" || !isMessage(message)) return undefined;
  if (!isJsonObject(application) || !isErrorKind(application.kind)) {
    return undefined;
  }
  const { kind, details } = application;
  if (details !== undefined && !isJsonObject(details)) return undefined;
  const shown = escapeControls(message);
  return new ApplicationError(kind, { message: shown, details }, data);
}

function isMessage(message: unknown): message is string {
  return typeof message === "string" && message.length <= MAX_MESSAGE;
}

/** A message or an operation of a contract that declares errors */
export interface DeclaresErrors {
  /** The schemas of the details, by the kinds of the errors; `null` if there are no details */
  readonly errors: Readonly<Record<string, object | null>>;
}

/** The kinds of the errors that a message or an operation declares */
export type KindIn<Entry extends DeclaresErrors> = Extract<
  keyof Entry["errors"],
  string
>;

/** The details of an error with this schema, as the client receives them */
export type DetailsOf<Declared> = Declared extends {
  readonly "~standard": {
    readonly types?: { readonly output: infer Output } | undefined;
  };
} ? JsonOf<Output> extends infer Details extends object ? Details : JsonObject
  : NoData;

/** An error that a message or an operation declares, by its kind */
export type DeclaredError<
  Entry extends DeclaresErrors,
  Kind extends string,
> = {
  [Each in Kind]: ApplicationError<Each, DetailsOf<Entry["errors"][Each]>>;
}[Kind];

/**
 * Returns whether a caught value is an {@linkcode ApplicationError}.
 *
 * @param error The caught value. The cause of a `LoginError` can also be one
 * @returns Whether it is an `ApplicationError`
 *
 * @example
 * ```ts
 * import { ApplicationError, isApplicationError } from "@hoist/cli/errors";
 * import assert from "node:assert/strict";
 *
 * assert(isApplicationError(new ApplicationError("sold_out")));
 * assert(!isApplicationError(new Error("sold_out")));
 * ```
 */
export function isApplicationError(error: unknown): error is ApplicationError;
/**
 * Returns whether a caught value is an {@linkcode ApplicationError} of a kind.
 *
 * @param error The caught value
 * @param kind The kind, such as `sold_out`
 * @returns Whether it is an `ApplicationError` of this kind
 *
 * @example
 * ```ts
 * import { ApplicationError, isApplicationError } from "@hoist/cli/errors";
 * import assert from "node:assert/strict";
 *
 * assert(isApplicationError(new ApplicationError("sold_out"), "sold_out"));
 * assert(!isApplicationError(new ApplicationError("closed"), "sold_out"));
 * ```
 */
export function isApplicationError<Kind extends string>(
  error: unknown,
  kind: Kind,
): error is ApplicationError<Kind>;
/**
 * Returns whether a caught value is an {@linkcode ApplicationError} that a message or an
 * operation of a contract declares. TypeScript then knows the details. Returns `false` for an
 * error whose details were too large for the server to send.
 *
 * @param error The caught value
 * @param entry The entry of the contract, such as `contract.operations.buy`
 * @param kind Optional. The kind; if omitted, any kind that the entry declares
 * @returns Whether it is such an error
 *
 * @example
 * ```ts
 * import { connect, defineContract, isApplicationError, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 * import { z } from "zod";
 *
 * const contract = defineContract({
 *   operations: { buy: { errors: { sold_out: z.object({ left: z.int() }) } } },
 * });
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0, contract });
 * server.operation("buy", (_data, { errors }) => {
 *   throw errors.sold_out({ left: 3 });
 * });
 *
 * await using connection = await connect("test", { url: server.url, contract });
 * const error = await connection.operation("buy").catch((error) => error);
 * assert(isApplicationError(error, contract.operations.buy, "sold_out"));
 * assert.equal(error.details.left.toFixed(), "3");
 * ```
 */
export function isApplicationError<
  const Entry extends DeclaresErrors,
  Kind extends KindIn<Entry> = KindIn<Entry>,
>(
  error: unknown,
  entry: Entry,
  kind?: Kind,
): error is DeclaredError<Entry, Kind>;
export function isApplicationError(
  error: unknown,
  entry?: DeclaresErrors | string,
  kind = typeof entry === "string" ? entry : undefined,
): boolean {
  if (!isInstance(error) || (kind !== undefined && error.kind !== kind)) {
    return false;
  }
  return typeof entry !== "object" || isDeclared(error, entry);
}

/** Whether an entry declares an error, and the error has the details that it declares. */
function isDeclared(
  { kind, data }: ApplicationError,
  { errors = {} }: Partial<DeclaresErrors>,
): boolean {
  if (!Object.hasOwn(errors, kind)) return false;
  const { application }: { readonly application?: unknown } = Object(data);
  return errors[kind] === null || "details" in Object(application);
}

/** The functions that make errors, without their types */
type ErrorMakers = Readonly<
  Record<
    string,
    (
      details?: object,
      options?: ErrorDetailsOptions,
    ) => ApplicationError<string, object>
  >
>;

/** The functions of each entry, so that no message and no call makes any. */
const makers = new WeakMap<DeclaresErrors["errors"], ErrorMakers>();

/** Returns the functions that make declared errors, by the kinds of the errors. */
export function errorMakersOf(errors: DeclaresErrors["errors"]): ErrorMakers {
  const known = makers.get(errors);
  if (known !== undefined) return known;
  const made = Object.fromEntries(
    Object.entries(errors).map(([kind, schema]) => [
      kind,
      makerOf(kind, schema === null ? undefined : {}),
    ]),
  );
  makers.set(errors, made);
  return made;
}

function makerOf(kind: string, empty: object | undefined): ErrorMakers[string] {
  return (details = empty, options) =>
    new ApplicationError(kind, { ...options, details });
}

/** How many characters of the details are shown. */
const MAX_SHOWN = 1_000;

/** Returns the message, the kind and the details of an error, for a developer. */
export function describeApplicationError(error: ApplicationError): string {
  const { kind, message, details } = error;
  const parts = message === kind ? [] : [`Kind: ${kind}.`];
  if (Object.keys(details).length > 0) {
    parts.push(`Details: ${truncate(encode(details), MAX_SHOWN)}`);
  }
  const end = parts.length === 0 || message.endsWith(".") ? "" : ".";
  return [`${message}${end}`, ...parts].join(" ");
}

/** Encodes the details, which can be nested deeper than the stack allows. */
function encode(details: object): string {
  try {
    return JSON.stringify(details);
  } catch {
    return "nested too deeply to be shown";
  }
}
