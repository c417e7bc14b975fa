/**
 * The errors that Hoist throws, its error codes and its close codes.
 *
 * ```text
 * HoistError
 * ├── ConnectError            no server answers, or the server is no Hoist server
 * ├── LoginError              the server rejected the token or refused the login
 * ├── VersionError            one side is too old for the other
 * ├── ResponseError           the server answered a request with an error
 * │   └── ApplicationError    the application of the server threw it on purpose
 * ├── NoReplyError            all listeners finished, and none of them replied
 * ├── ValidationError         data does not match its schema
 * ├── FeatureError            the other side lacks an extension of the protocol
 * ├── ConnectionClosedError   the connection ended before the response arrived
 * ├── NoNodeError             a server of the deployment has ended
 * ├── TimeoutError            the response took longer than the timeout
 * ├── PublishError            a message to a room was not published, or maybe not
 * └── BufferFullError         more data waits in the client than it allows
 * ```
 *
 * An invalid argument throws a `TypeError` or a `RangeError`. A request whose signal
 * aborts rejects with the reason of the signal.
 *
 * @example
 * ```ts
 * import { HoistError, LoginError } from "@hoist/cli/errors";
 * import assert from "node:assert/strict";
 *
 * assert(new LoginError("The server rejected the token") instanceof HoistError);
 * ```
 *
 * @module
 */

import { HoistError } from "./hoist_error.ts";
import { showValue } from "./text.ts";

export {
  ApplicationError,
  type ApplicationErrorOptions,
  type DeclaredError,
  type DeclaresErrors,
  type DetailsOf,
  type ErrorDetailsOptions,
  isApplicationError,
  type KindIn,
} from "./application_error.ts";
export { CloseCode, ErrorCode, type ErrorFrame } from "./codes.ts";
export {
  HoistError,
  NoNodeError,
  PublishError,
  type PublishOutcome,
  ResponseError,
  ValidationError,
} from "./hoist_error.ts";

/**
 * No server answers at the URL, or the server is no Hoist server.
 *
 * @example
 * ```ts
 * import { connect, ConnectError } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * const error = await connect("test", { url: "http://127.0.0.1:1" })
 *   .catch((error) => error);
 * assert(error instanceof ConnectError);
 * ```
 */
export class ConnectError extends HoistError {
  /** The name of the class */
  override name = "ConnectError";
  /** The HTTP status that the server or a proxy answered; `undefined` if there is none */
  readonly status: number | undefined;
  /** The delay that the server or a proxy asks for, in milliseconds, if there is one */
  readonly retryAfter: number | undefined;

  /**
   * Constructs a `ConnectError`.
   *
   * @param message What failed, why, and what to do
   * @param options The cause, and the status and the delay of an HTTP response
   */
  constructor(
    message: string,
    options: ErrorOptions & {
      readonly status?: number | undefined;
      readonly retryAfter?: number | undefined;
    } = {},
  ) {
    super(message, options);
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}

/**
 * The server rejected the token, or its `login` function threw an
 * {@linkcode ApplicationError}, which is then the `cause`.
 *
 * @example
 * ```ts
 * import { connect, LoginError, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * const error = await connect("wrong", { url: server.url })
 *   .catch((error) => error);
 * assert(error instanceof LoginError);
 * ```
 */
export class LoginError extends HoistError {
  /** The name of the class */
  override name = "LoginError";
}

/**
 * The client is older than the server allows, or the server is older than the client
 * allows.
 *
 * @example
 * ```ts
 * import { connect, serve, VersionError } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * const error = await connect("test", { url: server.url, minimumVersion: "99.0.0" })
 *   .catch((error) => error);
 * assert(error instanceof VersionError);
 * assert.equal(error.needed, "99.0.0");
 * ```
 */
export class VersionError extends HoistError {
  /** The name of the class */
  override name = "VersionError";
  /** The minimum version of the side that rejected the other */
  readonly needed: string;
  /** The version of the side that was rejected */
  readonly current: string;

  /**
   * Constructs a `VersionError`.
   *
   * @param message What failed, why, and what to do
   * @param versions The minimum version and the current version
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

/**
 * All listeners to a request finished, and none of them replied.
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
  /** Whether a listener on the other side failed */
  readonly hasFailed: boolean;

  /**
   * Constructs a `NoReplyError`.
   *
   * @param subject The request, such as `request "hello"`
   * @param hasFailed Whether a listener failed
   */
  constructor(subject: string, hasFailed = false) {
    const reason = hasFailed
      ? "a listener on the other side failed, and no other listener replied. See the log of the other side."
      : "no listener on the other side replied. Register a listener that calls message.reply().";
    super(`Cannot finish ${subject}: ${reason}`);
    this.hasFailed = hasFailed;
  }
}

/**
 * The other side lacks an extension of the protocol that a request needs. A server of
 * Python Hoist, for example, has no streams.
 */
export class FeatureError extends HoistError {
  /** The name of the class */
  override name = "FeatureError";
  /** The name of the extension: docs/reference/protocol.md, "Extensions" */
  readonly feature: string;

  /**
   * Constructs a `FeatureError`.
   *
   * @param subject The request, such as `stream "rows"`
   * @param feature The name of the extension
   * @param peer The side that lacks the extension
   */
  constructor(subject: string, feature: string, peer: "server" | "client") {
    super(
      `Cannot finish ${subject}: the ${peer} does not support the extension "${feature}" of this package. Update the ${peer}.`,
    );
    this.feature = feature;
  }
}

/**
 * The connection ended before the response arrived, or before the request was sent.
 *
 * @example
 * ```ts
 * import { connect, ConnectionClosedError, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * const connection = await connect("test", { url: server.url });
 * await connection.close();
 * const error = await connection.operation("add").catch((error) => error);
 * assert(error instanceof ConnectionClosedError);
 * assert.equal(error.code, 1000);
 * ```
 */
export class ConnectionClosedError extends HoistError {
  /** The name of the class */
  override name = "ConnectionClosedError";
  /** The close code of the WebSocket, see {@linkcode CloseCode} */
  readonly code: number;
  /**
   * The reason that the other side sent, `closed by the client` after `Connection.close()`, or
   * an empty string
   */
  readonly reason: string;

  /**
   * Constructs a `ConnectionClosedError`.
   *
   * @param subject The request, such as `operation "add"`
   * @param close The close code and the reason of the WebSocket
   * @param rest The end of the message, if there is more to add
   */
  constructor(
    subject: string,
    close: { readonly code: number; readonly reason: string },
    rest = "",
  ) {
    const detail = close.reason === "" ? "" : `, ${showValue(close.reason)}`;
    super(
      `Cannot finish ${subject}: the connection is closed (${close.code}${detail})${rest}`,
    );
    this.code = close.code;
    this.reason = close.reason;
  }
}

/**
 * The response took longer than the timeout of the caller.
 *
 * @example
 * ```ts
 * import { connect, serve, TimeoutError } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("wait", (_data, { signal }) =>
 *   new Promise((resolve) => signal.addEventListener("abort", resolve)));
 *
 * await using connection = await connect("test", { url: server.url });
 * const error = await connection.operation("wait", {}, { timeout: 10 })
 *   .catch((error) => error);
 * assert(error instanceof TimeoutError);
 * ```
 */
export class TimeoutError extends HoistError {
  /** The name of the class. A timeout of `AbortSignal.timeout()` has the same name. */
  override name = "TimeoutError";
}

/**
 * More data waits than the option `maxBuffered` of the client allows: requests that are
 * not sent yet, replies to messages that are still in progress, or items of a stream.
 *
 * @example
 * ```ts
 * import { BufferFullError, connect, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * await using connection = await connect("test", {
 *   url: server.url,
 *   maxBuffered: 1_024,
 * });
 * const data = { text: "x".repeat(1_000) };
 * const first = connection.message("hello", data);
 * const error = await connection.message("hello", data).catch((error) => error);
 * assert(error instanceof BufferFullError);
 * await first;
 * ```
 */
export class BufferFullError extends HoistError {
  /** The name of the class */
  override name = "BufferFullError";
}
