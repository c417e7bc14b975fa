/**
 * The errors of a login, and of an attempt to connect that did not end in time.
 *
 * @module
 */

import { readApplicationError } from "../common/application_error.ts";
import {
  type ApplicationError,
  CloseCode,
  ConnectError,
  type ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  type HoistError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../common/errors.ts";
import { isJsonObject } from "../common/json.ts";
import { escapeControls, quote, showName } from "../common/text.ts";
import { VERSION } from "../version.ts";

/** Returns the error for a login that the server answered with an error frame. */
export function loginError(base: string, frame: ErrorFrame): HoistError {
  const { code, data, description, error, message } = frame;
  const refusal = readApplicationError(frame);
  if (refusal !== undefined) return loginRefused(base, refusal);
  if (code === ErrorCode.LOGIN_FAILED) {
    return new LoginError(
      `Cannot log in to ${base}: the server rejected the token. Check that it matches the server's token.`,
    );
  }
  const needed = isJsonObject(data) ? data.needed : undefined;
  if (code === ErrorCode.BAD_VERSION && typeof needed === "string") {
    return new VersionError(
      `Cannot log in to ${base}: the server needs a client of version ${
        showName(needed)
      } or later, but this client has version ${VERSION}. Update the client.`,
      { needed, current: VERSION },
    );
  }
  return new ConnectError(
    `Cannot log in to ${base}: the server answered ${showName(error)}: ${
      escapeControls(description ?? message.replace(/\.$/, ""))
    }`,
  );
}

/** Returns the error for a login that the application of the server refused. */
function loginRefused(base: string, cause: ApplicationError): LoginError {
  return new LoginError(
    `Cannot log in to ${base}: the server refused the login with ${
      quote(cause.kind)
    }: ${cause.message}`,
    { cause },
  );
}

/** Returns the error for an attempt that took longer than its timeout. */
export function connectTimeout(base: string, timeout: number): TimeoutError {
  return new TimeoutError(
    `Cannot connect to ${base}: no response within ${timeout} ms. Check the URL or raise 'timeout'.`,
  );
}

function loginTooLarge(
  base: string,
  cause: ConnectionClosedError,
): ConnectError {
  return new ConnectError(
    `Cannot connect to ${base}: the login is too large for the server (${cause.code}). Use a shorter token, or raise 'limits.maxLoginPayload' of the server.`,
    { cause },
  );
}

/** Returns the error for a server that broke a rule before it answered the login. */
export function loginOffence(base: string, offence: string): ConnectError {
  return new ConnectError(
    `Cannot log in to ${base}: ${offence}. Check that it is a Hoist server.`,
  );
}

/** Returns the error for a connection that ended before the login was answered. */
export function connectionLost(
  base: string,
  cause: ConnectionClosedError,
): ConnectError {
  const { code, reason } = cause;
  if (code === CloseCode.MESSAGE_TOO_BIG) return loginTooLarge(base, cause);
  const detail = reason === "" ? "" : `, ${quote(reason)}`;
  return new ConnectError(
    `Cannot connect to ${base}: the server closed the connection before it answered the login (${code}${detail}). Look at the log of the server.`,
    { cause },
  );
}
