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

/** The beginning of the paths of the dashboard */
const DASHBOARD_PATH = "/hoist/dashboard";

/** The path for the health checks of a load balancer */
const HEALTH_PATH = "/hoist/health";

/** The path of the metrics. Other servers respond with 404, not with the page */
const METRICS_PATH = "/hoist/metrics";

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

/** The connection of a server to others. */
export interface BrokerHealth {
  readonly state: "starting" | "up" | "down" | "refused";
  /** Whether the server accepts clients */
  readonly isReady: boolean;
  /** Whether the server is unhealthy while the broker is down */
  readonly isRequired: boolean;
}

/** Answers a request for a path that begins with `/hoist/dashboard`. */
export type AnswerDashboard = (
  request: Request,
  pathname: string,
) => Promise<Response>;

/** What the HTTP handler needs of its server. */
export interface HandlerHost {
  readonly log: Log;
  /** Whether the server rejects new clients */
  readonly isClosing: boolean;
  /** The number of upgrades that never opened */
  readonly lostUpgrades: number;
  /** Whether more upgrades were lost than the limit allows */
  readonly isFailing: boolean;
  /** The state of the connection to other servers; `undefined` if the server is alone */
  readonly broker: BrokerHealth | undefined;
  /** Returns how long the client is still locked out, in milliseconds, or 0. */
  lockout(request: Request, remote: Deno.Addr | undefined): number;
  /** Returns the response to an upgrade request whose handshake is invalid. */
  rejectHandshake(
    request: Request,
    remote: Deno.Addr | undefined,
    problem: HandshakeProblem,
  ): Response;
  /** Opens a WebSocket, or returns the response that rejects the request. */
  accept(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response>;
  /** The endpoints that need a token */
  readonly endpoints: {
    /** Responds to a request; returns `undefined` if no endpoint has the path. */
    answer(
      pathname: string,
      request: Request,
      remote: Deno.Addr | undefined,
    ): Response | Promise<Response> | undefined;
  };
}

/**
 * Creates the handler of a server.
 *
 * @param host The server
 * @param answerDashboard Answers the requests for the dashboard, if the server has one
 */
export function makeHandler(
  host: HandlerHost,
  answerDashboard?: AnswerDashboard,
): Handler {
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
    const response = answerDashboard !== undefined && isInDashboard(target)
      ? answerDashboard(request, target.pathname)
      : respond(host, request, target, info?.remoteAddr);
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
    return upgrade(host, request, target, remote);
  }
  if (pathname === SOCKET_PATH && lacksUpgrade(request)) {
    return host.rejectHandshake(request, remote, DROPPED);
  }
  const response = isRead(method)
    ? host.endpoints.answer(pathname, request, remote)
    : undefined;
  if (response !== undefined) return response;
  return pathname === ACK_PATH && isRead(method)
    ? acknowledge(host.lockout(request, remote))
    : answer(method, pathname, host);
}

function isInDashboard(
  target: Target,
): target is Target & { readonly pathname: string } {
  const { pathname, isUpgrade } = target;
  return !isUpgrade && pathname !== undefined &&
    (pathname === DASHBOARD_PATH || pathname.startsWith(`${DASHBOARD_PATH}/`));
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
  host: HandlerHost,
  request: Request,
  { pathname, hasHost }: Target,
  remote: Deno.Addr | undefined,
): Response | Promise<Response> {
  if (pathname !== SOCKET_PATH) {
    return text(404, `Not found: the WebSocket is at ${SOCKET_PATH}`);
  }
  const problem = findProblem(request, hasHost);
  return problem === undefined
    ? host.accept(request, remote)
    : host.rejectHandshake(request, remote, problem);
}

function answer(
  method: string,
  pathname: string,
  host: HandlerHost,
): Response {
  if (!isRead(method)) {
    return text(405, "Method not allowed", { allow: "GET, HEAD" });
  }
  if (pathname === HEALTH_PATH) return health(host);
  return pathname === METRICS_PATH
    ? text(404, "Not found: the option 'metrics' is off")
    : new Response(PAGE, { headers: PAGE_HEADERS });
}

/** A client cannot read why an upgrade was rejected, but it can read this. */
function acknowledge(lockout: number): Response {
  if (lockout === 0) return Response.json(ACK, { headers: ACK_HEADERS });
  // JSON has no Infinity: it becomes null.
  const body = { ...ACK, lockout: Math.ceil(lockout / 1_000) };
  return Response.json(body, { headers: ACK_HEADERS });
}

function health(host: HandlerHost): Response {
  const { lostUpgrades, broker } = host;
  const status = statusOf(host);
  // A server that is alone has no field `broker`.
  return Response.json({ status, lostUpgrades, broker: broker?.state }, {
    status: status === "ok" ? 200 : 503,
    headers: { "cache-control": "no-store" },
  });
}

/** The health of a server, in one word. */
export function statusOf(
  { isClosing, isFailing, broker }: Pick<
    HandlerHost,
    "isClosing" | "isFailing" | "broker"
  >,
): "ok" | "starting" | "closing" | "failing" {
  if (isClosing) return "closing";
  if (isFailing || broker?.isRequired && broker.state !== "up") {
    return "failing";
  }
  return broker?.isReady === false ? "starting" : "ok";
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
