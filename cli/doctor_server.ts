/**
 * The steps of the doctor from HTTP on: the server, the WebSocket, the login and the frames.
 *
 * @module
 */

import { limit } from "../common/async.ts";
import { ConnectionClosedError } from "../common/errors.ts";
import { quote, showName } from "../common/text.ts";
import { connectTimeout } from "../client/login_errors.ts";
import type { Target } from "../client/handshake.ts";
import { fetchServerInfo, type ServerInfo } from "../client/server_info.ts";
import { FEATURES } from "../protocol/features.ts";
import { CloseCode } from "../common/codes.ts";
import type { ServerFeatures } from "../protocol/server_frames.ts";
import { failed, type Finding, formatTime, round } from "./findings.ts";
import { ExitCode } from "./exit_code.ts";
import { Probe } from "./probe.ts";

/** What the server answered to the first request. */
export interface Answer {
  readonly info: ServerInfo;
  readonly headers: Headers;
}

/** Thrown by a step that failed. It ends the examination. */
export class StepError extends Error {
  /** What the doctor found */
  readonly finding: Finding;

  /** Constructs a `StepError`. */
  constructor(finding: Finding) {
    super(finding.detail);
    this.finding = finding;
  }
}

/** Asks whether a Hoist server answers, as each client does first. */
export async function askServer(
  target: Target,
  signal: AbortSignal,
): Promise<{ readonly finding: Finding; readonly answer: Answer }> {
  const { endpoints: { base }, timeout } = target;
  let headers = new Headers();
  const recording: Target = {
    ...target,
    fetch: async (url, init) => {
      const response = await target.fetch(url, init);
      headers = response.headers;
      return response;
    },
  };
  const limited = limit(signal, timeout, () => connectTimeout(base, timeout));
  const start = performance.now();
  try {
    const info = await fetchServerInfo(recording, limited.signal);
    const time = performance.now() - start;
    return { finding: foundServer(info, time), answer: { info, headers } };
  } catch (error) {
    signal.throwIfAborted();
    const finding = failed("server", error, base);
    throw new StepError(withProgram(finding, headers));
  } finally {
    limited.cancel();
  }
}

function foundServer(
  { version, protocols }: ServerInfo,
  time: number,
): Finding {
  const kind = protocols.length === 0
    ? ", without the extensions of this package"
    : "";
  return {
    step: "server",
    result: "ok",
    detail: `Hoist ${showName(version)} answered in ${formatTime(time)}${kind}`,
    values: { version, ms: round(time) },
  };
}

/** Adds which program answered: often it is a proxy. */
function withProgram(finding: Finding, headers: Headers): Finding {
  const program = headers.get("server") ?? headers.get("via");
  return program === null ? finding : {
    ...finding,
    detail: `${finding.detail} (answered by ${showName(program)})`,
  };
}

/** Opens the WebSocket as a program does, which sends no origin. */
export async function openProbe(
  target: Target,
  { headers }: Answer,
  signal: AbortSignal,
): Promise<{ readonly finding: Finding; readonly probe: Probe }> {
  const start = performance.now();
  try {
    const probe = await Probe.open(target, signal);
    const time = performance.now() - start;
    const detail = `the WebSocket opened in ${formatTime(time)}`;
    const values = { ms: round(time) };
    return {
      finding: { step: "upgrade", result: "ok", detail, values },
      probe,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw new StepError(describeUpgrade(target, error, headers));
  }
}

function describeUpgrade(
  { endpoints: { base } }: Target,
  error: unknown,
  headers: Headers,
): Finding {
  const finding = withProgram(failed("upgrade", error, base), headers);
  const { status } = Object(error);
  if (status === 403) return { ...finding, ...FORBIDDEN };
  if (![200, 400, 404, 426].includes(status)) return finding;
  const isNginx = /nginx/i.test(headers.get("server") ?? "");
  return { ...finding, remedy: isNginx ? NGINX_REMEDY : PROXY_REMEDY };
}

const FORBIDDEN = {
  detail: "a proxy or the server forbids the WebSocket (403)",
  remedy:
    "Look at the log of the server. If it contains nothing, let the proxy forward requests of /hoist.",
} as const;

const PROXY_REMEDY =
  "Let the proxy forward WebSockets: it has to pass on the headers 'Upgrade' and 'Connection', over HTTP/1.1.";

const NGINX_REMEDY =
  `In the location of nginx, add: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`;

/** Opens a WebSocket as a page of an origin does. */
export async function tryOrigin(
  target: Target,
  origin: string,
  signal: AbortSignal,
): Promise<Finding> {
  const step = "origin";
  const headers = { ...target.headers, origin };
  try {
    await using _probe = await Probe.open({ ...target, headers }, signal);
    const detail = `pages of ${quote(origin)} can connect`;
    return { step, result: "ok", detail };
  } catch (error) {
    signal.throwIfAborted();
    const { status } = Object(error);
    if (status !== 403) return failed(step, error, target.endpoints.base);
    return {
      step,
      result: "FAIL",
      detail: `the server does not allow pages of ${quote(origin)} (403)`,
      remedy: `Add ${
        quote(origin)
      } to the option 'allowedOrigins' of the server. The scheme, the host and the port have to match.`,
      exitCode: ExitCode.CANNOT_CONNECT,
    };
  }
}

/** Returns the finding for a server that refuses the address of this device. */
export function lockedOut(lockout: number | null): Finding {
  return {
    step: "login",
    result: "FAIL",
    detail:
      "too many logins from this address failed, so the server rejects all of them",
    remedy: lockout === null
      ? "Restart the server, and correct the token of the clients at this address."
      : `Wait ${lockout} s, and correct the token of the clients at this address.`,
    exitCode: ExitCode.LOGIN_REFUSED,
  };
}

/** Logs in. */
export async function logIn(
  probe: Probe,
  token: string,
  base: string,
  signal: AbortSignal,
): Promise<{ readonly finding: Finding; readonly agreed: ServerFeatures }> {
  const start = performance.now();
  try {
    const agreed = await probe.logIn(token, FEATURES, signal);
    const time = performance.now() - start;
    const detail = `the server accepted the token in ${formatTime(time)}`;
    const values = { ms: round(time) };
    return { finding: { step: "login", result: "ok", detail, values }, agreed };
  } catch (error) {
    signal.throwIfAborted();
    const finding = failed("login", error, base);
    const remedy = finding.remedy ?? "Look at the log of the server.";
    throw new StepError({ ...finding, remedy });
  }
}

/** Describes the extensions that both sides support. */
export function describeFeatures(
  { features, maxPayload }: ServerFeatures,
): Finding {
  const step = "features";
  const named = [...features].sort();
  const missing = FEATURES.filter((feature) => !features.has(feature));
  const size = maxPayload === Infinity ? {} : { maxPayload };
  const values = { features: named, missing, ...size };
  const limitation = maxPayload === Infinity
    ? ""
    : `; the largest frame has ${maxPayload} bytes`;
  if (missing.length === 0) {
    const detail = `all ${named.length} extensions${limitation}`;
    return { step, result: "ok", detail, values };
  }
  const detail = named.length === 0
    ? "no extensions: the server is a Hoist 1 server, such as Python Hoist"
    : `${named.length} of ${FEATURES.length} extensions${limitation}; missing: ${
      missing.join(", ")
    }`;
  return { step, result: "ok", detail, values };
}

/** The number of pings for the round trip. The server counts each but the first as a request. */
const PINGS = 5;

/** Measures the round trip with pings. */
export async function measureRoundTrip(
  probe: Probe,
  signal: AbortSignal,
): Promise<Finding> {
  const step = "round trip";
  const times: number[] = [];
  try {
    for (let n = 0; n < PINGS; n++) times.push(await probe.pingInTime(signal));
  } catch (error) {
    signal.throwIfAborted();
    return pingFailed(step, error, "Look at the log of the server.");
  }
  times.sort((a, b) => a - b);
  const [least = 0] = times;
  const most = times.at(-1)!;
  const middle = times[PINGS >> 1]!;
  const detail = `${formatTime(middle)} in the middle of ${PINGS} pings (${
    formatTime(least)
  } to ${formatTime(most)})`;
  const values = { min: round(least), median: round(middle), max: round(most) };
  return { step, result: "ok", detail, values };
}

function pingFailed(step: string, error: unknown, remedy: string): Finding {
  const detail = error instanceof ConnectionClosedError
    ? `the connection ended (${error.code}${
      error.reason === "" ? "" : `, ${quote(error.reason)}`
    })`
    : String(Object(error).message);
  const exitCode = error instanceof ConnectionClosedError
    ? 1
    : ExitCode.TIMED_OUT;
  return { step, result: "FAIL", detail, remedy, exitCode };
}

/** The largest frame that the doctor sends, in bytes. */
const MAX_LARGE = 1_048_576;

/** The frame of a server that announces no limit, in bytes. */
const UNANNOUNCED = 65_536;

/** Sends a ping that is nearly as large as the server accepts. No handler sees it. */
export async function sendLarge(
  probe: Probe,
  { maxPayload }: ServerFeatures,
  signal: AbortSignal,
): Promise<Finding> {
  const step = "large frame";
  const size = Math.min(
    maxPayload === Infinity ? UNANNOUNCED : maxPayload,
    MAX_LARGE,
  );
  try {
    const time = await probe.pingInTime(signal, largePing(size));
    const detail = `${size} bytes were answered in ${formatTime(time)}`;
    const values = { bytes: size, ms: round(time) };
    return { step, result: "ok", detail, values };
  } catch (error) {
    signal.throwIfAborted();
    const isTooBig = error instanceof ConnectionClosedError &&
      error.code === CloseCode.MESSAGE_TOO_BIG;
    const remedy = isTooBig
      ? "A proxy limits the size of a frame. Raise its limit, or lower 'limits.maxPayload' of the server."
      : "A proxy probably limits the size of a frame, or inspects it. Raise its limit, or lower 'limits.maxPayload' of the server.";
    const finding = pingFailed(step, error, remedy);
    const detail = `a frame of ${size} bytes did not arrive: ${finding.detail}`;
    return { ...finding, detail };
  }
}

/** Returns a ping with so many bytes. */
function largePing(size: number): string {
  const frame = { id: null, action: "ping", data: { padding: "" } };
  const { length } = JSON.stringify(frame);
  frame.data.padding = "x".repeat(Math.max(0, size - length));
  return JSON.stringify(frame);
}

/** The headers that a proxy adds to a response. */
const PROXY_HEADERS = [
  ...["via", "server", "age", "x-cache", "x-served-by", "cf-ray"],
  ...["x-amz-cf-id", "fly-request-id", "x-envoy-upstream-service-time"],
];

/** The variables that name a proxy, which also a program without permission uses. */
export const PROXY_VARIABLES = "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY";

const NOT_READ = " (with --allow-env, the doctor also checks HTTP_PROXY)";

/** Describes what the answers show of a proxy. */
export function describeWay(
  { headers }: Answer,
  proxy: "proxy" | "direct" | "unknown",
): Finding {
  const step = "proxy";
  const seen = PROXY_HEADERS.filter((name) => headers.has(name));
  const shown = seen.map((name) => `${name}: ${showName(headers.get(name)!)}`);
  const environment = proxy === "proxy"
    ? [`a proxy of the environment (${PROXY_VARIABLES})`]
    : [];
  const signs = [...environment, ...shown];
  const values = { headers: seen, environment: proxy };
  if (headers.has("age")) {
    const detail = `a cache answered: ${signs.join("; ")}`;
    const remedy =
      "Let the proxy forward requests below /hoist without a cache.";
    return { step, result: "warn", detail, remedy, values };
  }
  const detail = signs.length === 0
    ? `no sign of a proxy${proxy === "unknown" ? NOT_READ : ""}`
    : `there is a proxy or another web server: ${signs.join("; ")}`;
  return { step, result: "ok", detail, values };
}
