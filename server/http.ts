/**
 * What a server answers over HTTP: protocol.md, "HTTP".
 *
 * @module
 */

import { SUBPROTOCOL } from "../protocol/features.ts";
import type { Log } from "./log.ts";
import { VERSION } from "../version.ts";
/** What a server has to know of a request besides the request itself */
export interface RequestInfo {
  /** The address of whoever sent the request */
  readonly remoteAddr?: Deno.Addr;
}

/** Answers a request, as a handler of `Deno.serve` */
export type Handler = (
  request: Request,
  info?: RequestInfo,
) => Response | Promise<Response>;

/** The path of the WebSocket. */
const SOCKET_PATH = "/hoist";

/** The path where a client asks whether this is a Hoist server. */
const ACK_PATH = "/hoist/ack";

/** The path where a load balancer asks whether to send clients here. */
const HEALTH_PATH = "/hoist/health";

/** The path where one asks what the server and its clients have agreed on. */
const CONTRACT_PATH = "/hoist/contract";

/** Where it is offered and echoed. */
export const PROTOCOL_HEADER = "sec-websocket-protocol";

const PAGE = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hoist ${VERSION}</title>
<h1>Hoist ${VERSION}</h1>
<p>This is a Hoist server. Programs connect to it over a WebSocket, with a token.</p>
</html>
`;

const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'",
  "x-content-type-options": "nosniff",
};

const ACK = { version: VERSION, protocols: [SUBPROTOCOL] };

// A browser may ask from a page of any origin; the version is no secret.
const ACK_HEADERS = { "access-control-allow-origin": "*" };

/** What answers the requests. */
export interface HandlerHost {
  /** Is told each request */
  readonly log: Log;
  /** Whether new clients are sent away */
  readonly isClosing: boolean;
  /** Opens a WebSocket; throws if the handshake is broken. */
  accept(request: Request, remote: Deno.Addr | undefined): Response;
  /** Describes the contract, to whoever may know it; `undefined` to nobody. */
  describe(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> | undefined;
}

/** Makes the handler of a server. */
export function makeHandler(host: HandlerHost): Handler {
  const readPath = makePathReader();
  return (request, info) => {
    const start = performance.now();
    // After an upgrade the request cannot be read any more.
    const asked = {
      method: request.method,
      pathname: readPath(request),
      upgrading: isUpgrade(request),
    };
    const report = (response: Response): Response => {
      host.log.http(() => describe(asked, response.status, start));
      return response;
    };
    const response = respond(host, request, asked, info?.remoteAddr);
    return response instanceof Promise
      ? response.then(report)
      : report(response);
  };
}

/** What was asked for. */
interface Asked {
  readonly method: string;
  /** `undefined` if the Host header is broken */
  readonly pathname: string | undefined;
  /** Whether it wants a WebSocket */
  readonly upgrading: boolean;
}

function describe(
  { method, pathname, upgrading }: Asked,
  status: number,
  start: number,
): string {
  const time = (performance.now() - start).toFixed(1);
  const line = `${method} ${pathname} ${status} in ${time} ms`;
  return upgrading && status !== 101 ? `${line}, upgrade refused` : line;
}

function respond(
  host: HandlerHost,
  request: Request,
  { method, pathname, upgrading }: Asked,
  remote: Deno.Addr | undefined,
): Response | Promise<Response> {
  if (pathname === undefined) {
    return text(400, "Bad request: the Host header is broken");
  }
  if (upgrading) {
    return upgrade(pathname, request, () => host.accept(request, remote));
  }
  const description = pathname === CONTRACT_PATH && isRead(method)
    ? host.describe(request, remote)
    : undefined;
  return description ?? answer(method, pathname, host.isClosing);
}

/**
 * Makes a function that tells the path of a request, or `undefined` if its Host header
 * is broken. That is in its URL, and is looked at only if it is another than before:
 * to read a URL costs as much as to answer.
 */
function makePathReader(): (request: Request) => string | undefined {
  let known: string | undefined;
  return ({ url }) => {
    const end = url.indexOf("/", url.indexOf("//") + 2);
    const origin = url.slice(0, end);
    if (origin !== known) {
      if (end < 0 || !URL.canParse(origin)) return undefined;
      known = origin;
    }
    return url.slice(end).split("?", 1)[0];
  };
}

// RFC 6455, section 4.4; Deno takes any.
const VERSION_HEADER = "sec-websocket-version";

const SOCKET_VERSION = "13";

function upgrade(
  pathname: string,
  { headers }: Request,
  accept: () => Response,
): Response {
  if (pathname !== SOCKET_PATH) {
    return text(404, `Not found: the WebSocket is at ${SOCKET_PATH}`);
  }
  if ((headers.get(VERSION_HEADER) ?? SOCKET_VERSION) !== SOCKET_VERSION) {
    const supported = {
      upgrade: "websocket",
      [VERSION_HEADER]: SOCKET_VERSION,
    };
    return text(426, "Upgrade required: to WebSocket version 13", supported);
  }
  try {
    return accept();
  } catch {
    return text(
      400,
      "Cannot upgrade: the WebSocket handshake is broken",
    );
  }
}

function answer(
  method: string,
  pathname: string,
  isClosing: boolean,
): Response {
  if (!isRead(method)) {
    return text(405, "Method not allowed", { allow: "GET, HEAD" });
  }
  switch (pathname) {
    case ACK_PATH:
      return Response.json(ACK, { headers: ACK_HEADERS });
    case HEALTH_PATH:
      return health(isClosing);
    default:
      return new Response(PAGE, { headers: PAGE_HEADERS });
  }
}

function health(isClosing: boolean): Response {
  const status = isClosing ? 503 : 200;
  return Response.json({ status: isClosing ? "closing" : "ok" }, {
    status,
    headers: { "cache-control": "no-store" },
  });
}

/** An answer in plain text. */
export function text(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${body}\n`, { status, headers });
}

/**
 * Whether a client offers our subprotocol. Others are not echoed, and it is up to the
 * client then whether it goes on: RFC 6455, section 4.2.2.
 */
export function offersSubprotocol({ headers }: Request): boolean {
  const offered = headers.get(PROTOCOL_HEADER)?.split(",") ?? [];
  return offered.some((name) => name.trim() === SUBPROTOCOL);
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** Whether a request wants a WebSocket, which is always a GET: RFC 6455, section 4.1. */
function isUpgrade({ method, headers }: Request): boolean {
  return method === "GET" &&
    headers.get("upgrade")?.toLowerCase() === "websocket";
}
