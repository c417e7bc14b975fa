/**
 * Reaching a server: asking whether it is one, opening the WebSocket, and what is
 * wrong if that fails.
 *
 * @module
 */

import { aborted } from "../common/async.ts";
import {
  ConnectError,
  ErrorCode,
  type ErrorFrame,
  type HoistError,
  LoginError,
  VersionError,
} from "../common/errors.ts";
import { isJsonObject } from "../common/json.ts";
import { SUBPROTOCOL } from "../protocol/features.ts";
import { parseFrame } from "../protocol/message.ts";
import { isVersion, meetsMinimum, VERSION } from "../version.ts";
/** The part of a WebSocket that a connection needs */
export interface ClientSocket {
  /** 0 to 3, for connecting, open, closing and closed */
  readonly readyState: number;
  /** Sends a text frame */
  send(data: string): void;
  /** Sends a Close frame */
  close(code?: number, reason?: string): void;
  /** Calls a function once the socket is open */
  addEventListener(type: "open", listener: () => void): void;
  /** Calls a function when something went wrong */
  addEventListener(type: "error", listener: (event: unknown) => void): void;
  /** Calls a function with each frame */
  addEventListener(
    type: "message",
    listener: (event: { readonly data: unknown }) => void,
  ): void;
  /** Calls a function when the socket is closed */
  addEventListener(
    type: "close",
    listener: (
      event: { readonly code: number; readonly reason: string },
    ) => void,
  ): void;
}

/** Makes a WebSocket, as the class of that name does */
export type WebSocketConstructor = new (
  url: string,
  protocols?: string,
) => ClientSocket;

/** The URLs of a server. */
export interface Endpoints {
  readonly base: string;
  readonly ack: URL;
  readonly socket: URL;
}

/** The URLs that belong to the URL of a server. */
export function endpointsOf(url: string | URL): Endpoints {
  const base = parseUrl(url);
  const root = base.href.replace(/[?#].*$/, "").replace(/\/?$/, "/");
  const ack = new URL("hoist/ack", root);
  ack.protocol = base.protocol.replace("ws", "http");
  const socket = new URL("hoist", root);
  socket.protocol = base.protocol.replace("http", "ws");
  return { base: String(url), ack, socket };
}

function parseUrl(url: string | URL): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^(http|ws)s?:$/.test(parsed.protocol)) return parsed;
  throw new TypeError(
    `Cannot connect as 'url' must be like "http://localhost:5000": current value is ${
      JSON.stringify(String(url))
    }`,
  );
}

/**
 * Asks whether there is a Hoist server, and how old it is: protocol.md, "HTTP".
 *
 * @returns The subprotocol to offer. None if the server does not say that it echoes it:
 * browsers then fail the WebSocket
 */
export async function fetchServerInfo_(
  { base, ack }: Endpoints,
  minimumVersion: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { version, protocols } = await fetchServerInfo(base, ack, signal);
  if (minimumVersion !== undefined) {
    assertMinimum(base, version, minimumVersion);
  }
  return protocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined;
}

function assertMinimum(
  base: string,
  version: string,
  minimumVersion: string,
): void {
  if (isVersion(version) && meetsMinimum(version, minimumVersion)) return;
  throw new VersionError(
    `Cannot connect to ${base}: the server has version ${version}, at least ${minimumVersion} is asked for; update the server or lower 'minimumVersion'`,
    { needed: minimumVersion, current: version },
  );
}

/** What a server tells about itself before one connects. */
interface ServerInfo {
  readonly version: string;
  readonly protocols: readonly unknown[];
}

async function fetchServerInfo(
  base: string,
  ack: URL,
  signal: AbortSignal,
): Promise<ServerInfo> {
  const body = await fetchText(base, ack, signal);
  const value = parseFrame(body);
  if (isJsonObject(value) && typeof value.version === "string") {
    const { version, protocols } = value;
    return { version, protocols: Array.isArray(protocols) ? protocols : [] };
  }
  throw new ConnectError(
    `Cannot connect to ${base}: this is no Hoist server, ${ack.href} does not tell a version; ${
      ack.pathname.endsWith("/hoist/hoist/ack")
        ? "leave out /hoist, which is added to the URL"
        : "check the URL"
    }`,
  );
}

async function fetchText(
  base: string,
  ack: URL,
  signal: AbortSignal,
): Promise<string> {
  try {
    const response = await fetch(ack, { signal });
    return await response.text();
  } catch (error) {
    // Only what is wrong with the network is a TypeError, here and in the browser.
    if (signal.aborted || !(error instanceof TypeError)) throw error;
    throw unreachable(base, error.cause ?? error);
  }
}

/** `cause` is the reason of the system, such as a refused connection. */
function unreachable(base: string, cause: unknown): ConnectError {
  const text = String(cause);
  const problem = /certificate/i.test(text)
    ? "its TLS certificate is not accepted; make this program trust whoever signed it"
    : /InvalidContentType|wrong version number/.test(text)
    ? "what answers there does not speak TLS; write http: for a server without it"
    : "nothing answers there; check the URL and that the server is running";
  return new ConnectError(`Cannot connect to ${base}: ${problem}`, { cause });
}

/** Opens the WebSocket, offering a subprotocol if there is one. */
export async function openSocket(
  { base, socket: url }: Endpoints,
  Implementation: WebSocketConstructor,
  subprotocol: string | undefined,
  signal: AbortSignal,
): Promise<ClientSocket> {
  const socket = subprotocol === undefined
    ? new Implementation(url.href)
    : new Implementation(url.href, subprotocol);
  let problem = "";
  // Node's implementations end the program at an error that nobody listens to.
  socket.addEventListener("error", (event) => problem = messageOf(event));
  const opened = new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(undefined));
    socket.addEventListener(
      "close",
      () => reject(notOpened(base, url, problem)),
    );
  });
  try {
    await Promise.race([opened, aborted(signal)]);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** What an implementation says of an error: browsers say nothing. */
function messageOf(event: unknown): string {
  const { message } = Object(event);
  return typeof message === "string" ? message : "";
}

/** What a server of ours means by a status. */
const REFUSALS: readonly (readonly [status: RegExp, meaning: string])[] = [
  [
    /\b403\b/,
    "the server does not allow this page (403), see 'allowedOrigins'",
  ],
  [
    /\b429\b/,
    "the server has too many connections, or refused too many logins, from this address (429): try again later",
  ],
  [/\b503\b/, "the server is full or closing (503): try again later"],
];

function notOpened(base: string, url: URL, problem: string): ConnectError {
  const meaning = REFUSALS.find(([status]) => status.test(problem))?.[1] ??
    `no WebSocket opens at ${url.href}; either something on the way refuses it, or the server does, as it is full or closing, does not allow this page, or has refused too many logins from this address: look at the server's log`;
  const options = problem === "" ? {} : { cause: new Error(problem) };
  return new ConnectError(`Cannot connect to ${base}: ${meaning}`, options);
}

/** The error for a login that the server answered with one. */
export function refusal(
  base: string,
  { code, data, description, error, message }: ErrorFrame,
): HoistError {
  if (code === ErrorCode.LOGIN_FAILED) {
    return new LoginError(
      `Cannot log in to ${base}: the server refused the token; compare it with the one of the server`,
    );
  }
  const needed = isJsonObject(data) ? data.needed : undefined;
  if (code === ErrorCode.BAD_VERSION && typeof needed === "string") {
    return new VersionError(
      `Cannot log in to ${base}: the server needs version ${needed} or later, this client has ${VERSION}; update the client`,
      { needed, current: VERSION },
    );
  }
  return new ConnectError(
    `Cannot log in to ${base}: the server answered ${error}: ${
      description ?? message.replace(/\.$/, "")
    }`,
  );
}
