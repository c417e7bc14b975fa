/**
 * The errors for a Hoist server whose WebSocket does not open.
 *
 * @module
 */

import { ConnectError } from "../common/errors.ts";
import { escapeControls } from "../common/text.ts";
import { hidePasswords } from "../common/url.ts";
import { redirected, unreachable } from "./ack_errors.ts";
import { describeCertificate } from "./certificate_errors.ts";
import { type Endpoints, showUrl } from "./http_options.ts";
import { describeStatus, readRetryAfter } from "./http_status.ts";
import type { OpenFailure } from "./open_socket.ts";
import { pageOrigin } from "./runtime.ts";
import type { ServerInfo } from "./server_info.ts";
import { DialError, UpgradeError } from "./upgrade_error.ts";

/**
 * Returns the error for a WebSocket that did not open.
 *
 * @param endpoints The URLs of the server
 * @param failure The error; browsers and Node report none
 * @param lockout What the server reported about failed logins
 */
export function notOpened(
  endpoints: Endpoints,
  failure: OpenFailure,
  lockout: ServerInfo["lockout"],
): ConnectError {
  const { message, error } = failure;
  if (error instanceof UpgradeError) return refused(endpoints, error, lockout);
  if (error instanceof DialError) return unreachable(endpoints, error.cause);
  const status = statusOf(message);
  return socketError(endpoints, { message, status, lockout });
}

/** Returns the error for an answer of which everything is known. */
function refused(
  endpoints: Endpoints,
  { message, head }: UpgradeError,
  lockout: ServerInfo["lockout"],
): ConnectError {
  if (head === undefined) return invalidAnswer(endpoints, message);
  const { status, headers } = head;
  const location = headers.get("location");
  if (status < 400 && location !== null) {
    return redirected(endpoints, location, status);
  }
  const retryAfter = readRetryAfter(headers);
  return socketError(endpoints, { message, status, lockout, retryAfter });
}

function invalidAnswer(
  { base, socket }: Endpoints,
  message: string,
): ConnectError {
  return new ConnectError(
    `Cannot connect to ${base}: the WebSocket at ${
      showUrl(socket)
    } did not open, because ${message}. Check the URL, and the proxy in front of the server.`,
  );
}

/** What is known about a WebSocket that did not open */
interface Problem {
  readonly message: string;
  readonly status: number | undefined;
  readonly lockout: ServerInfo["lockout"];
  readonly retryAfter?: number | undefined;
}

function socketError(
  { base, socket }: Endpoints,
  { message, status, lockout, retryAfter }: Problem,
): ConnectError {
  const meaning = describeStatusOf(status, lockout, retryAfter) ??
    `the WebSocket at ${showUrl(socket)} did not open. ${
      describeAnswer(status) ?? describeSilence(message)
    }`;
  const cause = message === ""
    ? {}
    : { cause: new Error(hidePasswords(escapeControls(message))) };
  return new ConnectError(`Cannot connect to ${base}: ${meaning}`, {
    ...cause,
    status,
    retryAfter,
  });
}

/** Reads the HTTP status in the words of Deno and of npm's `ws`. */
function statusOf(problem: string): number | undefined {
  const status = /(?:status code|response): (\d{3})\b/.exec(problem)?.[1];
  return status === undefined ? undefined : Number(status);
}

/** The rejections of a Hoist server: docs/reference/errors_and_close_codes.md. */
function describeStatusOf(
  status: number | undefined,
  lockout: ServerInfo["lockout"],
  retryAfter: number | undefined,
): string | undefined {
  if (status === 403) return describeOrigin();
  if (status === 503) {
    return "the server has too many connections, is closing, or is not connected to its broker (503). Try again later.";
  }
  if (lockout !== undefined) return describeLockout(lockout);
  return status === 429 ? describeExcess(retryAfter) : undefined;
}

/** A lockout ends after a delay, which most WebSockets hide. */
function describeExcess(retryAfter: number | undefined): string {
  return retryAfter === undefined
    ? "too many connections from this address are open, or never opened (429). Close others, or try again in a minute."
    : `the server accepts no connections from this address for now (429). Try again in ${
      Math.ceil(retryAfter / 1_000)
    } s.`;
}

/** What a proxy answered. */
function describeAnswer(status: number | undefined): string | undefined {
  if (status === undefined) return undefined;
  if (status === 426 || status === 200) {
    return `The server received no request for a WebSocket (${status}), so a proxy probably removes the header Upgrade. Let the proxy forward WebSockets.`;
  }
  return status >= 300 && status < 400
    ? `The server redirects it (${status}), and a WebSocket cannot follow a redirect. Pass the URL that the server redirects to.`
    : capitalize(describeStatus(status));
}

function capitalize(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function describeOrigin(): string {
  return `the server does not allow connections from this page (403). Add ${
    pageOrigin() ?? "its origin"
  } to the option 'allowedOrigins' of the server.`;
}

/** A WebSocket hides the header `Retry-After`, and in a browser also the status. */
function describeLockout(lockout: number | null): string {
  const remedy = lockout === null
    ? "Try again when the server has restarted."
    : `Try again in ${lockout} s.`;
  return `too many logins from this address failed (429). ${remedy}`;
}

/** Browsers and Node do not say why a WebSocket did not open. */
function describeSilence(problem: string): string {
  const certificate = describeCertificate(problem);
  if (certificate !== undefined) return capitalize(certificate);
  const origin = pageOrigin();
  const page = origin === undefined
    ? ""
    : `does not allow this page (add ${origin} to 'allowedOrigins'), `;
  return `Look at the log of the server: perhaps it ${page}is full or closing, or rejected too many logins. If the log contains nothing, check whether a proxy blocks WebSockets.`;
}
