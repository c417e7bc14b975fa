/**
 * The URLs that belong to the URL of a server.
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import { cutUrl } from "../common/url.ts";

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
