/**
 * The WebSocket handshake of a request: RFC 6455, section 4.2. Deno accepts most invalid
 * handshakes. It does not report the HTTP version, so a handshake over HTTP/1.0 is only
 * rejected if the header Host is missing.
 *
 * @module
 */

/** The header that offers and selects a subprotocol */
export const PROTOCOL_HEADER = "sec-websocket-protocol";

/** The header with the version of the WebSocket protocol */
export const VERSION_HEADER = "sec-websocket-version";

/** The supported version of the WebSocket protocol */
export const SOCKET_VERSION = "13";

const KEY_HEADER = "sec-websocket-key";

/** 16 bytes in base64: the last character before the padding has two bits. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** Why a handshake is invalid. */
export interface HandshakeProblem {
  /** The status of the response */
  readonly status: 400 | 426;
  readonly reason: string;
}

/** The problem if a proxy did not forward the headers of the handshake */
export const DROPPED: HandshakeProblem = {
  status: 426,
  reason:
    "a proxy dropped the header 'Upgrade' or 'Connection'. Configure the proxy to forward 'Upgrade: websocket' and 'Connection: Upgrade'.",
};

/** The problem if the request was upgraded before, or has ended */
const HANDLED: HandshakeProblem = {
  status: 400,
  reason: "the request was already handled",
};

/** Returns whether a request asks for a WebSocket: a GET by RFC 6455, section 4.1. */
export function isUpgrade({ method, headers }: Request): boolean {
  return method === "GET" &&
    hasValue(headers.get("upgrade"), "websocket");
}

/** Returns whether a request that is no upgrade was one before it came to a proxy. */
export function lacksUpgrade({ method, headers }: Request): boolean {
  return method === "GET" && headers.get(KEY_HEADER) !== null;
}

/** Returns why Deno could not upgrade a request whose other headers are valid. */
export function problemOfDeno({ headers }: Request): HandshakeProblem {
  return hasValue(headers.get("connection"), "upgrade") ? HANDLED : DROPPED;
}

/**
 * Checks the headers of a handshake that Deno does not check; returns `undefined` if they
 * are valid.
 */
export function findProblem(
  { headers }: Request,
  hasHost: boolean,
): HandshakeProblem | undefined {
  if (!hasHost) return { status: 400, reason: "the header Host is missing" };
  if (headers.get(VERSION_HEADER) !== SOCKET_VERSION) {
    return { status: 426, reason: `use WebSocket version ${SOCKET_VERSION}` };
  }
  if (KEY.test(headers.get(KEY_HEADER) ?? "")) return undefined;
  const reason = "the header Sec-WebSocket-Key must be 16 bytes in base64";
  return { status: 400, reason };
}

/**
 * Returns the subprotocols that a client offers. The server selects only ours, and the
 * client then decides whether it continues: RFC 6455, section 4.2.2. The names are
 * case-sensitive.
 */
export function subprotocolsOf({ headers }: Request): readonly string[] {
  return valuesOf(headers.get(PROTOCOL_HEADER));
}

/** Returns whether one of the values of a header is `value`, in any case. */
function hasValue(header: string | null, value: string): boolean {
  return valuesOf(header).some((each) => each.toLowerCase() === value);
}

/** Returns the comma-separated values of a header. */
function valuesOf(header: string | null): readonly string[] {
  return header?.split(",").map((value) => value.trim()) ?? [];
}
