/**
 * What a server answers over HTTP: protocol.md, "HTTP".
 *
 * @module
 */

import { formatAddress } from "./listen.ts";
import type { Log } from "./log.ts";
import { VERSION } from "./version.ts";

/** What a server has to know of a request besides the request itself */
export interface RequestInfo {
  /** The address of whoever sent the request */
  readonly remoteAddr?: Deno.Addr;
}

/** Answers a request, as a handler of `Deno.serve` */
export type Handler = (request: Request, info?: RequestInfo) => Response;

/** The path of the WebSocket. */
const SOCKET_PATH = "/hoist";

/** The path where a client asks whether this is a Hoist server. */
const ACK_PATH = "/hoist/ack";

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

// A browser may ask from a page of any origin; the version is no secret.
const ACK_HEADERS = { "access-control-allow-origin": "*" };

/**
 * Makes the handler of a server.
 *
 * @param log Is told each request
 * @param accept Opens a WebSocket; throws if the handshake is broken
 */
export function makeHandler(
  log: Log,
  accept: (request: Request, address: string) => Response,
): Handler {
  const readPath = makePathReader();
  return (request, info) => {
    const start = performance.now();
    const { method } = request;
    const pathname = readPath(request);
    const upgrading = isUpgrade(request);
    const response = pathname === undefined
      ? text(400, "Bad request: the Host header is broken")
      : upgrading
      ? upgrade(
        pathname,
        () => accept(request, formatAddress(info?.remoteAddr)),
      )
      : answer(method, pathname);
    log.http(() => {
      const time = (performance.now() - start).toFixed(1);
      const line = `${method} ${pathname} ${response.status} in ${time} ms`;
      return upgrading && response.status !== 101
        ? `${line}, upgrade refused`
        : line;
    });
    return response;
  };
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

function upgrade(pathname: string, accept: () => Response): Response {
  if (pathname !== SOCKET_PATH) {
    return text(404, `Not found: the WebSocket is at ${SOCKET_PATH}`);
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

function answer(method: string, pathname: string): Response {
  if (method !== "GET" && method !== "HEAD") {
    return text(405, "Method not allowed", { allow: "GET, HEAD" });
  }
  return pathname === ACK_PATH
    ? Response.json({ version: VERSION }, { headers: ACK_HEADERS })
    : new Response(PAGE, { headers: PAGE_HEADERS });
}

/** An answer in plain text. */
export function text(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${body}\n`, { status, headers });
}

/** Whether a request wants a WebSocket, which is always a GET: RFC 6455, section 4.1. */
function isUpgrade({ method, headers }: Request): boolean {
  return method === "GET" &&
    headers.get("upgrade")?.toLowerCase() === "websocket";
}
