/**
 * The errors for a server that does not answer `GET /hoist/ack` as a Hoist server does.
 *
 * @module
 */

import { ConnectError } from "../common/errors.ts";
import { showName } from "../common/text.ts";
import { readable } from "../common/thrown.ts";
import { hidePasswords, isBadPort } from "../common/url.ts";
import { describeCertificate } from "./certificate_errors.ts";
import { type Endpoints, showUrl } from "./http_options.ts";
import { describeStatus, readRetryAfter } from "./http_status.ts";
import { pageOrigin } from "./runtime.ts";

/** Returns the error for an answer of another kind of server. */
export function notHoist(
  { base, ack }: Endpoints,
  what: string,
  status?: number,
): ConnectError {
  const remedy = ack.pathname.endsWith("/hoist/hoist/ack")
    ? "Omit /hoist from the URL, because the client appends it."
    : "Check the URL.";
  return new ConnectError(
    `Cannot connect to ${base}: it is not a Hoist server, because ${
      showUrl(ack)
    } ${what}${status === undefined ? "" : ` (${status})`}. ${remedy}`,
    { status },
  );
}

/** Returns the error for an answer whose status is not 2xx. */
export function rejected(
  endpoints: Endpoints,
  { status, headers }: Response,
): ConnectError {
  if (status === 404) return notHoist(endpoints, "does not exist", 404);
  const retryAfter = readRetryAfter(headers);
  return new ConnectError(
    `Cannot connect to ${endpoints.base}: ${
      describeStatus(status, retryAfter)
    }`,
    { status, retryAfter },
  );
}

/**
 * Returns the error for a redirect.
 *
 * @param endpoints The URLs of the server
 * @param location Where the server redirects to; `null` in browsers, which hide it
 * @param status The HTTP status, unless the runtime hides it
 */
export function redirected(
  { base, ack }: Endpoints,
  location: string | null,
  status?: number,
): ConnectError {
  const target = location !== null && URL.canParse(location, ack.href)
    ? targetOf(new URL(location, ack))
    : "another URL";
  return new ConnectError(
    `Cannot connect to ${base}: the server redirects to ${target}, and a WebSocket cannot follow a redirect. Pass the URL that the server redirects to.`,
    { status },
  );
}

/** Returns the URL of a server, if the target belongs to one. */
function targetOf(target: URL): string {
  const path = target.pathname.replace(/\/hoist(\/\w+)?$/, "");
  const { protocol, host } = target;
  return showName(`${protocol}//${host}${path}`);
}

/**
 * Returns the error for a request without an answer.
 *
 * @param endpoints The URLs of the server
 * @param error The error of `fetch`
 */
export function unreachable(
  { base, ack }: Endpoints,
  error: unknown,
): ConnectError {
  const cause = withoutPassword(ack, causeOf(error));
  // The path and the host can contain words that name a reason.
  const detail = String(cause).replaceAll(showUrl(ack), "");
  return new ConnectError(
    `Cannot connect to ${base}: ${describeFailure(ack, error, detail)}`,
    { cause },
  );
}

/** The error of the system, such as a connection that was refused. */
function causeOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return readable(cause ?? error);
}

/** The errors of `fetch` contain the URL. */
function withoutPassword(ack: URL, cause: unknown): unknown {
  return hasPassword(ack) ? new Error(hidePasswords(String(cause))) : cause;
}

function hasPassword({ username, password }: URL): boolean {
  return username !== "" || password !== "";
}

function describeFailure(ack: URL, error: unknown, detail: string): string {
  if (error instanceof Error && error.name === "NotCapable") {
    return `the permission is missing. Run with --allow-net=${ack.host}.`;
  }
  if (hasPassword(ack) && /\bcredentials\b/.test(detail)) {
    return "this runtime accepts no user name and no password in a URL. Remove them.";
  }
  // Browsers name no cause.
  const isSilent = detail.startsWith("TypeError: ");
  if (isBadPort(portOf(ack)) && (isSilent || /\bport\b/.test(detail))) {
    return `fetch and browsers block port ${
      portOf(ack)
    }. Let the server listen on another port.`;
  }
  const page = pageOrigin();
  if (isSilent && page !== undefined) return describeBlocked(ack, page);
  return describeNetwork(ack, detail) ?? describeCertificate(detail) ??
    "no server answers there. Check the URL and that the server is running.";
}

/** A browser does not report why a page got no answer. */
function describeBlocked({ protocol }: URL, page: string): string {
  return protocol === "http:" && page.startsWith("https:")
    ? "a page with https: can only connect to a server with TLS. Write https: in the URL."
    : "no server answers there, or a proxy answers in its place, and this page cannot read that. Check the URL and that the server is running, and look at the network log of the browser.";
}

function portOf({ protocol, port }: URL): number {
  const standard = protocol === "https:" ? 443 : 80;
  return port === "" ? standard : Number(port);
}

function describeNetwork(
  { protocol, hostname }: URL,
  detail: string,
): string | undefined {
  if (/InvalidContentType|wrong version number/.test(detail)) {
    return "the server does not use TLS. Write http: instead of https: in the URL.";
  }
  if (/invalid HTTP|HTTPParserError|HPE_/.test(detail)) {
    const scheme = protocol === "http:"
      ? ", or write https: if it uses TLS"
      : "";
    return `the program that answers there does not use HTTP. Check the port${scheme}.`;
  }
  return /dns error|failed to lookup|ENOTFOUND|EAI_AGAIN/.test(detail)
    ? `there is no address of the host ${hostname}. Check the URL, and the network of this device.`
    : undefined;
}
