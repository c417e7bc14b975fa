/**
 * The HTTP handler of a server: the upgrade to a WebSocket, and the paths below `/hoist`.
 *
 * @module
 */

import { HEARTBEAT_SUBPROTOCOL, SUBPROTOCOL } from "../protocol/features.ts";
import { VERSION } from "../version.ts";
import {
  DROPPED,
  findProblem,
  type HandshakeProblem,
  isUpgrade,
  lacksUpgrade,
  SOCKET_VERSION,
  VERSION_HEADER,
} from "./handshake.ts";
import type { Log } from "./log.ts";

/** The second argument of a handler of `Deno.serve` */
export interface RequestInfo {
  /** The address of the client or of the proxy */
  readonly remoteAddr?: Deno.Addr;
}

/** Handles an HTTP request, as a handler of `Deno.serve` */
export type Handler = (
  request: Request,
  info?: RequestInfo,
) => Response | Promise<Response>;

/** The path of the WebSocket */
const SOCKET_PATH = "/hoist";

/** The path where a client checks that this is a Hoist server */
const ACK_PATH = "/hoist/ack";

/** The path for the health checks of a load balancer */
const HEALTH_PATH = "/hoist/health";

/** The path of the description of the contract */
const CONTRACT_PATH = "/hoist/contract";

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

const ACK = {
  version: VERSION,
  protocols: [SUBPROTOCOL, HEARTBEAT_SUBPROTOCOL],
};

// Pages of all origins can read the version, because it is not a secret.
const ACK_HEADERS = { "access-control-allow-origin": "*" };

/** The part of a server that handles upgrades and the contract. */
export interface HandlerHost {
  readonly log: Log;
  /** Whether the server rejects new clients */
  readonly isClosing: boolean;
  /** The number of upgrades that never opened */
  readonly lostUpgrades: number;
  /** Whether more upgrades were lost than the limit allows */
  readonly isFailing: boolean;
  /** Returns how long the client is still locked out, in milliseconds, or 0. */
  lockout(request: Request, remote: Deno.Addr | undefined): number;
  /** Logs why a request is rejected. */
  logRejection(
    request: Request,
    remote: Deno.Addr | undefined,
    reason: string,
  ): void;
  /** Opens a WebSocket, or returns the response that rejects the request. */
  accept(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response>;
  /** Describes the contract; returns `undefined` if the server does not expose it. */
  describeContract(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> | undefined;
}

/** Creates the handler of a server. */
export function makeHandler(host: HandlerHost): Handler {
  const readPath = makePathReader();
  return (request, info) => {
    const start = performance.now();
    // The request cannot be read after an upgrade, and a header is not cheap to read.
    const hostHeader = request.headers.get("host") ?? "";
    const target = {
      method: request.method,
      pathname: readPath(request.url, hostHeader),
      hasHost: hostHeader !== "",
      isUpgrade: isUpgrade(request),
    };
    const report = (response: Response): Response => {
      host.log.http(() => formatLine(host.log, target, response.status, start));
      return response;
    };
    const response = respond(host, request, target, info?.remoteAddr);
    return response instanceof Promise
      ? response.then(report)
      : report(response);
  };
}

/** The parts of a request that decide about the response. */
interface Target {
  readonly method: string;
  /** `undefined` if the Host header is invalid */
  readonly pathname: string | undefined;
  /** Whether there is a Host header */
  readonly hasHost: boolean;
  /** Whether the request asks for a WebSocket */
  readonly isUpgrade: boolean;
}

/** Returns the log line of a response. */
function formatLine(
  log: Log,
  { method, pathname, isUpgrade }: Target,
  status: number,
  start: number,
): string {
  const time = (performance.now() - start).toFixed(1);
  const path = log.redact(pathname ?? "(invalid Host header)");
  const line = `${method} ${path} ${status} in ${time} ms`;
  return isUpgrade && status !== 101 ? `${line}, upgrade rejected` : line;
}

function respond(
  host: HandlerHost,
  request: Request,
  target: Target,
  remote: Deno.Addr | undefined,
): Response | Promise<Response> {
  const { method, pathname } = target;
  if (pathname === undefined) {
    return text(400, "Bad request: the Host header is invalid");
  }
  if (target.isUpgrade) {
    return upgrade(target, request, () => host.accept(request, remote));
  }
  if (pathname === SOCKET_PATH && lacksUpgrade(request)) {
    host.logRejection(request, remote, DROPPED.reason);
    return rejectHandshake(DROPPED);
  }
  const description = pathname === CONTRACT_PATH && isRead(method)
    ? host.describeContract(request, remote)
    : undefined;
  if (description !== undefined) return description;
  return pathname === ACK_PATH && isRead(method)
    ? acknowledge(host.lockout(request, remote))
    : answer(method, pathname, host);
}

/**
 * Creates a function that returns the path of a request, or `undefined` if its Host header
 * is invalid. It checks the host only if it differs from the last one, because parsing a URL
 * costs as much as the response.
 */
function makePathReader(): (
  url: string,
  hostHeader: string,
) => string | undefined {
  let known: string | undefined;
  return (url, hostHeader) => {
    const start = url.indexOf("//") + 2;
    const end = url.indexOf("/", start);
    const authority = url.slice(start, end);
    // Deno copies the header into the URL, where the path would begin at a slash.
    const host = hostHeader || authority;
    if (host !== known) {
      if (end < 0 || !isHost(host)) return undefined;
      known = host;
    }
    // A client can send the whole URL, with another host than in the header.
    if (authority !== host && !isHost(authority)) return undefined;
    return url.slice(end).split("?", 1)[0];
  };
}

/** Whether a string is a host with or without a port, and not another part of a URL. */
function isHost(host: string): boolean {
  return !/[\/\\?#@\s]/.test(host) && URL.canParse(`http://${host}`);
}

function upgrade(
  { pathname, hasHost }: Target,
  request: Request,
  accept: () => Response | Promise<Response>,
): Response | Promise<Response> {
  if (pathname !== SOCKET_PATH) {
    return text(404, `Not found: the WebSocket is at ${SOCKET_PATH}`);
  }
  const problem = findProblem(request, hasHost);
  return problem === undefined ? accept() : rejectHandshake(problem);
}

/** Returns the response to an invalid handshake. */
export function rejectHandshake(
  { status, reason }: HandshakeProblem,
): Response {
  if (status === 400) return text(status, `Cannot upgrade: ${reason}`);
  return text(status, `Upgrade required: ${reason}`, {
    upgrade: "websocket",
    [VERSION_HEADER]: SOCKET_VERSION,
  });
}

function answer(
  method: string,
  pathname: string,
  host: HandlerHost,
): Response {
  if (!isRead(method)) {
    return text(405, "Method not allowed", { allow: "GET, HEAD" });
  }
  return pathname === HEALTH_PATH
    ? health(host)
    : new Response(PAGE, { headers: PAGE_HEADERS });
}

/** A client cannot read why an upgrade was rejected, but it can read this. */
function acknowledge(lockout: number): Response {
  if (lockout === 0) return Response.json(ACK, { headers: ACK_HEADERS });
  // JSON has no Infinity: it becomes null.
  const body = { ...ACK, lockout: Math.ceil(lockout / 1_000) };
  return Response.json(body, { headers: ACK_HEADERS });
}

function health(
  { isClosing, isFailing, lostUpgrades }: HandlerHost,
): Response {
  const status = isClosing ? "closing" : isFailing ? "failing" : "ok";
  return Response.json({ status, lostUpgrades }, {
    status: status === "ok" ? 200 : 503,
    headers: { "cache-control": "no-store" },
  });
}

/** Creates a response in plain text. */
export function text(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${body}\n`, { status, headers });
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}
