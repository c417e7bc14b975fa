/**
 * The options `url` and `headers` of a client: the URLs of its requests, and their headers.
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import { quote } from "../common/text.ts";
import { cutUrl } from "../common/url.ts";
import { canSendHeaders } from "./runtime.ts";

/** A token of RFC 9110, section 5.6.2 */
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** RFC 9110, section 5.5, without line breaks inside and without spaces at the ends */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The headers that describe the connection or the body, and those of RFC 6455 */
const OWN =
  /^(host|connection|upgrade|content-length|transfer-encoding|keep-alive|te|trailer|expect|proxy-connection|sec-websocket-.*)$/i;

/**
 * Checks the option `headers`. No error shows a value, because it can be a secret.
 *
 * @param subject What could not be done, such as `Cannot connect`
 * @param headers The headers
 * @returns A copy with names in lower case; `undefined` if there are none
 *
 * @throws {TypeError} If they are not an object, or if a name or a value is invalid
 */
export function resolveHeaders(
  subject: string,
  headers: unknown,
): Readonly<Record<string, string>> | undefined {
  if (headers === undefined) return undefined;
  if (!canSendHeaders()) {
    throw new TypeError(
      `${subject}: browsers cannot send 'headers' with a WebSocket. Pass the data in the token.`,
    );
  }
  const resolved = new Headers();
  for (const [name, value] of entriesOf(subject, headers)) {
    assertName(subject, name);
    assertValue(subject, name, value);
    resolved.append(name, value);
  }
  const entries = [...resolved];
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function entriesOf(subject: string, headers: unknown): [string, unknown][] {
  if (typeof headers === "object" && headers !== null) {
    // The `Headers` of another implementation, and a map, have no keys that are their own.
    if (isMap(headers)) return [...headers.entries()];
    if (!Array.isArray(headers)) return Object.entries(headers);
  }
  // The value itself could contain a secret.
  const kind = headers === null ? null : typeof headers;
  const needed = "an object of strings, or Headers";
  throw invalidType(subject, "'headers'", needed, kind);
}

/** Whether a value has the methods of `Headers` and of a map. */
function isMap(value: object): value is Map<string, unknown> {
  const { get, entries } = value as Partial<Map<string, unknown>>;
  return typeof get === "function" && typeof entries === "function";
}

function assertName(subject: string, name: string): void {
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new TypeError(
      `${subject}: ${
        quote(name)
      } in 'headers' is not a valid name of a header.`,
    );
  }
  if (!OWN.test(name)) return;
  throw new TypeError(
    `${subject}: 'headers' must not contain ${
      quote(name)
    }, because the runtime sets this header. Remove it.`,
  );
}

function assertValue(
  subject: string,
  name: string,
  value: unknown,
): asserts value is string {
  if (typeof value === "string" && VALUE.test(value)) return;
  throw new TypeError(
    `${subject}: the header ${
      quote(name)
    } must be a string of Latin-1 characters without line breaks.`,
  );
}

/** The URLs of a server */
export interface Endpoints {
  /** The URL for error messages, without its password, query and fragment */
  readonly base: string;
  readonly ack: URL;
  readonly socket: URL;
}

/** Returns the URLs that belong to the URL of a server. */
export function endpointsOf(url: string | URL): Endpoints {
  const base = parseUrl(url);
  const root = base.href.replace(/[?#].*$/, "").replace(/\/?$/, "/");
  const ack = new URL("hoist/ack", root);
  ack.protocol = base.protocol.replace("ws", "http");
  const socket = new URL("hoist", root);
  socket.protocol = base.protocol.replace("http", "ws");
  return { base: showUrl(base), ack, socket };
}

/** Returns a URL without its user name, password, query and fragment. */
export function showUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

function parseUrl(url: string | URL): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^(http|ws)s?:$/.test(parsed.protocol)) return parsed;
  const needed = 'an HTTP or WebSocket URL such as "http://localhost:5000"';
  const value = url instanceof URL ? url.href : url;
  const hint = hintFor(value);
  throw invalidType("Cannot connect", "'url'", needed, cutUrl(value), hint);
}

/** A host with an optional port and path, which lacks the protocol of a URL. */
const HOST = /^([\w.-]+|\[[\da-f:.]+\])(:\d+)?(\/.*)?$/i;

function hintFor(url: unknown): string {
  return typeof url === "string" && HOST.test(url)
    ? " Did you forget http://?"
    : "";
}
