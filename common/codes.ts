/**
 * The error codes, the close codes, the kinds of errors, and the content of an error
 * frame.
 *
 * @module
 */

/** The error codes of a server: docs/reference/protocol.md, "Frames" */
export const ErrorCode: {
  /** The frame is not JSON. */
  readonly INVALID_JSON: 1;
  /** A field is missing or has the wrong type, or data does not match its schema. */
  readonly INVALID_CONTENT: 2;
  /** The token was rejected. */
  readonly LOGIN_FAILED: 3;
  /** The client is older than the server allows. */
  readonly BAD_VERSION: 4;
  /** No operation of that name is registered. */
  readonly UNKNOWN_OPERATION: 5;
  /** A listener or an operation of the server failed. */
  readonly SERVER_ERROR: 6;
  /**
   * A stream was called as an operation, an operation as a stream, or the client sent a new
   * token that the server has not asked for.
   */
  readonly UNSUPPORTED_OPERATION: 7;
  /** The action of the frame is unknown, or the login has not been answered yet. */
  readonly INVALID_ACTION: 8;
  /** The request exceeds a limit: docs/reference/protocol.md, "Limits". */
  readonly LIMIT_EXCEEDED: 9;
  /** The client is not allowed to do this: the option `authorize` of the server. */
  readonly FORBIDDEN: 10;
  /** The broker, which carries the messages of rooms, could not be reached. */
  readonly BROKER_UNAVAILABLE: 11;
} = {
  INVALID_JSON: 1,
  INVALID_CONTENT: 2,
  LOGIN_FAILED: 3,
  BAD_VERSION: 4,
  UNKNOWN_OPERATION: 5,
  SERVER_ERROR: 6,
  UNSUPPORTED_OPERATION: 7,
  INVALID_ACTION: 8,
  LIMIT_EXCEEDED: 9,
  FORBIDDEN: 10,
  BROKER_UNAVAILABLE: 11,
};

/** One of the numbers of {@linkcode ErrorCode} */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

const ERROR_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ErrorCode).map(([name, code]) => [code, name]),
);

/** Returns the name of an error code; `undefined` if the code is unknown. */
export function errorNameOf(code: number): string | undefined {
  return ERROR_NAMES.get(code);
}

/** The close codes of Hoist: RFC 6455, section 7.4.1 */
export const CloseCode: {
  /** The client or the application closed the connection. */
  readonly NORMAL: 1000;
  /** The server shuts down. */
  readonly GOING_AWAY: 1001;
  /** The server received a frame that is not a JSON object. */
  readonly UNSUPPORTED_DATA: 1003;
  /** The connection was lost without a Close frame; this code is never sent. */
  readonly ABNORMAL: 1006;
  /**
   * The login was rejected or took too long, the token was revoked or has expired, or the
   * client exceeded a limit.
   */
  readonly POLICY_VIOLATION: 1008;
  /** A frame was larger than the server accepts. */
  readonly MESSAGE_TOO_BIG: 1009;
  /** The function `onConnect` of the server failed or took too long. */
  readonly INTERNAL_ERROR: 1011;
  /** The server shuts down, and the reason contains when to reconnect. */
  readonly SERVICE_RESTART: 1012;
  /** The client reads too slowly. */
  readonly TRY_AGAIN_LATER: 1013;
} = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  UNSUPPORTED_DATA: 1003,
  ABNORMAL: 1006,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  INTERNAL_ERROR: 1011,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
};

/** The content of an error frame: docs/reference/protocol.md, "Frames" */
export interface ErrorFrame {
  /** The number of the error, see {@linkcode ErrorCode} */
  readonly code: number;
  /** The name of the error, such as `UNKNOWN_OPERATION` */
  readonly error: string;
  /** The sentence of Hoist 1 for the code; it is the same for all errors with this code */
  readonly message: string;
  /** What is wrong in this case, and what to do; `null` if the server does not send it */
  readonly description: string | null;
  /** The details, whose keys depend on the code */
  readonly data: unknown;
}

/** The maximum length of a kind, in UTF-16 units. */
const MAX_KIND = 100;

/** Returns whether a value can be the kind of an error. */
export function isErrorKind(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_KIND;
}

/**
 * Checks the length of the kind of an error.
 *
 * @param subject What failed, such as `Cannot define the contract`
 * @param kind The kind
 *
 * @throws {RangeError} If it is empty or too long
 */
export function assertKindLength(subject: string, kind: string): void {
  if (kind !== "" && kind.length <= MAX_KIND) return;
  throw new RangeError(
    `${subject}: the kind of an error must have 1 to ${MAX_KIND} UTF-16 units. It has ${kind.length}. Use a short name such as "sold_out", and pass the sentence as 'message'.`,
  );
}
