/**
 * The error codes, the close codes and the content of an error frame.
 *
 * @module
 */

/** The error codes of a server: docs/reference/protocol.md, "Frames" */
export const ErrorCode = {
  /** The frame is not JSON. */
  INVALID_JSON: 1,
  /** A field is missing or has the wrong type, or data does not match its schema. */
  INVALID_CONTENT: 2,
  /** The token is wrong. */
  LOGIN_FAILED: 3,
  /** The client is older than the server allows. */
  BAD_VERSION: 4,
  /** No operation of that name is registered. */
  UNKNOWN_OPERATION: 5,
  /** A listener or an operation of the server failed. */
  SERVER_ERROR: 6,
  /** A stream was called as an operation, or an operation as a stream. */
  UNSUPPORTED_OPERATION: 7,
  /** The action of the frame is unknown. */
  INVALID_ACTION: 8,
  /** The request exceeds a limit: docs/reference/protocol.md, "Limits". */
  LIMIT_EXCEEDED: 9,
} as const;

/** One of the numbers of {@linkcode ErrorCode} */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/** The close codes of Hoist: RFC 6455, section 7.4.1 */
export const CloseCode = {
  /** The client or the application closed the connection. */
  NORMAL: 1000,
  /** The server shuts down. */
  GOING_AWAY: 1001,
  /** The server received a frame that is not a JSON object. */
  UNSUPPORTED_DATA: 1003,
  /** The connection was lost without a Close frame; this code is never sent. */
  ABNORMAL: 1006,
  /** The login was refused or took too long, or the client exceeded a limit. */
  POLICY_VIOLATION: 1008,
  /** A frame was larger than the server accepts. */
  MESSAGE_TOO_BIG: 1009,
  /** The server shuts down, and the reason contains when to reconnect. */
  SERVICE_RESTART: 1012,
  /** The client reads too slowly. */
  TRY_AGAIN_LATER: 1013,
} as const;

/** The content of an error frame: docs/reference/protocol.md, "Frames" */
export interface ErrorFrame {
  /** The number of the error, see {@linkcode ErrorCode} */
  readonly code: number;
  /** The name of the error, such as `UNKNOWN_OPERATION` */
  readonly error: string;
  /** The sentence that belongs to the code */
  readonly message: string;
  /** What exactly is wrong, if the server sends it */
  readonly description: string | null;
  /** The details, whose keys depend on the code */
  readonly data: unknown;
}
