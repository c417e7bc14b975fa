/**
 * The options of a client.
 *
 * @module
 */

import {
  checkArray,
  checkFunction,
  checkKeys,
  checkNumber,
  checkObject,
  checkOneOf,
  checkSignal,
  invalidType,
  type KnownKeys,
  TIMEOUT,
} from "../common/check.ts";
import { SPANS, type Spans } from "../common/telemetry.ts";
import { assertDefined } from "../contract/checks.ts";
import type { Contract } from "../contract/contract.ts";
import type { OpenContract } from "../contract/infer.ts";
import { encodeLogin } from "../protocol/encode.ts";
import {
  type Feature,
  FEATURES,
  type HeartbeatRules,
} from "../protocol/features.ts";
import { isVersion, VERSION } from "../version.ts";
import type { WebSocketConstructor } from "./client_socket.ts";
import type { Target } from "./handshake.ts";
import { type HeartbeatOptions, resolveHeartbeat } from "./heartbeat.ts";
import { endpointsOf, resolveHeaders } from "./http_options.ts";
import type { FetchFunction } from "./http_target.ts";
import { ClientLog, type ClientLogger } from "./log.ts";
import {
  type ReconnectOptions,
  type ReconnectRules,
  resolveReconnectOptions,
} from "./reconnect_policy.ts";
import { acceptsCaCerts } from "./runtime.ts";
import {
  checkTokenSource,
  type TokenFunction,
  TokenSource,
} from "./token_source.ts";

/** Options of {@linkcode connect}; `Of` is the type of the contract */
export interface ConnectOptions<Of extends Contract = OpenContract> {
  /**
   * The URL of the server, with the protocol `http:`, `https:`, `ws:` or `wss:`. If the
   * server is mounted below a path, the URL ends with that path.
   *
   * @default {"http://localhost:5000"}
   */
  readonly url?: string | URL | undefined;
  /**
   * The minimum version of the server, such as `1.2.3`. If omitted, the client accepts every
   * version.
   */
  readonly minimumVersion?: string | undefined;
  /**
   * Cancels connecting for the first time when aborted: `connect` rejects with the reason of
   * the signal, and a connection of `createConnection` ends. It has no effect on a connection
   * that has opened, or on reconnecting. If omitted, only `timeout` limits the time.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The timeout of each attempt to connect and log in, and of each call of the token
   * function, in milliseconds from 0 to 2,147,483,647. `Infinity` for no limit.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
  /**
   * Whether, and how, the client reconnects when the connection is lost. It does not
   * reconnect after `close()`, after the server rejected the token or the version, or after a
   * close code that an application chose (1000, and 3000 to 4999). If the first attempt to
   * connect fails, `connect` rejects. `reconnect` does not change this. A connection of
   * `createConnection` tries again.
   *
   * Listeners survive a reconnect. Requests in progress reject with a
   * `ConnectionClosedError`. Operations with the option `idempotent` do not reject: the client
   * calls them again.
   *
   * @default {false}, and `true` with `createConnection`
   */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /**
   * Whether, and how, the client checks that the server is still there. If the connection is
   * quiet for `interval`, the client sends a ping. If nothing arrives within `timeout`, the
   * client gives up the connection: it reconnects, or it ends with the code 1006. The time in
   * which this program was suspended does not count.
   *
   * A server that does not know heartbeats gets WebSocket pings, if the WebSocket class can
   * send them. The class of this package for Deno can.
   *
   * @default {true}
   */
  readonly heartbeat?: boolean | HeartbeatOptions | undefined;
  /**
   * The contract with the server, see `defineContract`. It defines the names and the types
   * of messages, events and operations. If omitted, all names and all data are allowed.
   */
  readonly contract?: Of | undefined;
  /**
   * Whether the client validates what the server sends with the schemas of the contract
   * (`"all"`). Invalid messages are logged and not passed to listeners. Requests with an
   * invalid reply, result or item reject with a `ValidationError`. The client discards
   * the values that schemas return.
   *
   * @default {"none"}
   */
  readonly validate?: "none" | "all" | undefined;
  /**
   * The largest frame that the client accepts, in bytes, at least 128. `Infinity` for no
   * limit. The client closes the connection with the code 1009 when a larger frame begins.
   * With another class `WebSocket` than that of this package, the client has to receive the
   * whole frame before.
   *
   * @default {16_777_216}
   */
  readonly maxPayload?: number | undefined;
  /**
   * The maximum data that waits in the client, in bytes, at least 1,024. `Infinity` for no
   * limit. It applies to the data that is not sent yet, to the requests that wait for a
   * reconnect, and to the replies to messages that are in progress. A request that exceeds
   * it rejects with a `BufferFullError`. A stream with long items requests only as many
   * items as fit, at least one. It ends with a `BufferFullError` if the items that wait
   * have more than twice this length.
   *
   * @default {16_777_216}
   */
  readonly maxBuffered?: number | undefined;
  /**
   * The WebSocket class, for example from `npm:ws` if the runtime has none. If omitted, the
   * client uses a class of this package on Deno, and `globalThis.WebSocket` elsewhere. On
   * Deno, `globalThis.WebSocket` is slow: it waits 44 ms after a frame over 1,024 bytes.
   */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * Headers of the requests to the server: `GET /hoist/ack` and the request of the WebSocket.
   * Use them for a proxy that asks for an access token. They cannot contain the headers of
   * the connection itself, such as `Host`. The client shows them in no log and no error, and
   * sends them to no other server. Not available in browsers.
   */
  readonly headers?: Readonly<Record<string, string>> | Headers | undefined;
  /**
   * Sends the request `GET /hoist/ack`. The client does not use it for the WebSocket.
   *
   * @default {globalThis.fetch}
   */
  readonly fetch?: FetchFunction | undefined;
  /**
   * Certificate authorities that the client trusts, in PEM format, besides those of the
   * runtime. Only on Deno.
   */
  readonly caCerts?: readonly string[] | undefined;
  /**
   * Which requests get a span, if the program uses OpenTelemetry (on Deno, with
   * `OTEL_DENO=true`): those that a span of the program contains (`"linked"`), all of them, or
   * none. The span of the server continues the trace.
   *
   * @default {"linked"}
   */
  readonly spans?: "linked" | "all" | "none" | undefined;
  /**
   * Logs the errors of listeners and of `onReply`, warnings and, after `debug()`, all frames.
   * Without the method `debug`, the logger gets no debug lines.
   *
   * @default {console}
   */
  readonly logger?: ClientLogger | undefined;
}

const KNOWN: KnownKeys & Record<keyof ConnectOptions, true> = {
  url: true,
  minimumVersion: true,
  signal: true,
  timeout: true,
  reconnect: true,
  heartbeat: true,
  contract: true,
  validate: true,
  maxPayload: true,
  maxBuffered: true,
  WebSocket: true,
  headers: true,
  fetch: true,
  caCerts: true,
  spans: true,
  logger: true,
};

const SUBJECT = "Cannot connect";

const DEFAULT_URL = "http://localhost:5000";

const DEFAULT_TIMEOUT = 10_000;

/** The default of `maxPayload` and `maxBuffered`, in bytes. */
const DEFAULT_BYTES = 16_777_216;

const PEM = "-----BEGIN CERTIFICATE-----";

const BYTES = { integer: true, unit: "bytes", infinity: true } as const;

/** {@linkcode ConnectOptions} with their defaults */
export interface ResolvedOptions {
  readonly target: Target;
  /** `undefined` if the client does not reconnect */
  readonly rules: ReconnectRules | undefined;
  readonly signal: AbortSignal | undefined;
  readonly contract: Contract | undefined;
  readonly validate: boolean;
  readonly spans: Spans;
}

/** What a connection does if the application does not choose */
export interface ReconnectDefaults {
  readonly reconnect: boolean;
  readonly maxQueue: number;
}

/** Checks the arguments of `connect`, which documents the errors. */
export function resolveConnectOptions(
  token: string | TokenFunction,
  options: ConnectOptions<Contract>,
  defaults: ReconnectDefaults,
): ResolvedOptions {
  checkKeys(SUBJECT, options, KNOWN);
  checkTokenSource(SUBJECT, token);
  const { signal, contract, reconnect = defaults.reconnect } = options;
  const { spans = "linked" } = options;
  checkSignal(SUBJECT, "signal", signal);
  assertDefined(SUBJECT, contract);
  const rules = reconnect === false ? undefined : resolveReconnectOptions(
    reconnect === true ? {} : reconnect,
    defaults.maxQueue,
  );
  return {
    target: resolveTarget(token, rules, options),
    rules,
    signal,
    contract,
    validate: resolveValidate(options),
    spans: checkOneOf(SUBJECT, "spans", spans, SPANS),
  };
}

function resolveTarget(
  token: string | TokenFunction,
  rules: ReconnectRules | undefined,
  options: ConnectOptions<Contract>,
): Target {
  const { url = DEFAULT_URL, minimumVersion, logger = console } = options;
  const endpoints = endpointsOf(url);
  const { base } = endpoints;
  assertVersion(minimumVersion);
  const limits = resolveLimits(options);
  const settings = resolveSettings(options);
  checkObject(SUBJECT, "logger", logger);
  const log = new ClientLog({ logger, url: base });
  const heartbeat = resolveHeartbeat(options.heartbeat);
  const features = featuresOf(rules, heartbeat);
  return {
    ...limits,
    ...settings,
    endpoints,
    tokens: new TokenSource(token, { base, timeout: limits.timeout, log }),
    minimumVersion,
    heartbeat,
    encodeLogin: (token, extras) =>
      encodeLogin(token, VERSION, features, extras),
    log,
  };
}

function resolveLimits(
  options: ConnectOptions<Contract>,
): Pick<Target, "timeout" | "maxPayload" | "maxBuffered"> {
  const { timeout = DEFAULT_TIMEOUT } = options;
  const { maxPayload = DEFAULT_BYTES, maxBuffered = DEFAULT_BYTES } = options;
  checkNumber(SUBJECT, "timeout", timeout, TIMEOUT);
  checkNumber(SUBJECT, "maxPayload", maxPayload, { ...BYTES, min: 128 });
  checkNumber(SUBJECT, "maxBuffered", maxBuffered, { ...BYTES, min: 1_024 });
  return { timeout, maxPayload, maxBuffered };
}

/** Checks how the client sends its requests, and what they contain. */
function resolveSettings(
  options: ConnectOptions<Contract>,
): Pick<Target, "WebSocket" | "headers" | "fetch" | "caCerts"> {
  const { WebSocket, fetch = globalFetch, caCerts } = options;
  assertImplementation(
    WebSocket === undefined ? globalThis.WebSocket : WebSocket,
  );
  const headers = resolveHeaders(SUBJECT, options.headers);
  checkFunction(SUBJECT, "fetch", fetch);
  assertCaCerts(caCerts);
  return { WebSocket, headers, fetch, caCerts: caCerts && [...caCerts] };
}

function resolveValidate(
  { validate = "none", contract }: ConnectOptions<Contract>,
): boolean {
  checkOneOf(SUBJECT, "validate", validate, ["none", "all"]);
  if (validate === "none") return false;
  if (contract !== undefined) return true;
  throw new TypeError(
    `${SUBJECT}: 'validate' needs a contract. Pass one as the option 'contract'.`,
  );
}

/** Uses the function that is the global one at the time of the request. */
const globalFetch: FetchFunction = (url, init) => fetch(url, init);

function assertCaCerts(caCerts: readonly string[] | undefined): void {
  checkArray(SUBJECT, "caCerts", caCerts, "certificates in PEM format");
  if (caCerts === undefined) return;
  if (!acceptsCaCerts) {
    throw new TypeError(
      `${SUBJECT}: only Deno accepts 'caCerts'. Add the certificate authority to this runtime or to the system.`,
    );
  }
  for (const cert of caCerts) {
    if (typeof cert === "string" && cert.includes(PEM)) continue;
    // An error must not show a part of a key.
    if (typeof cert === "string" && cert.includes("PRIVATE KEY")) {
      throw new TypeError(
        `${SUBJECT}: 'caCerts' must be certificates in PEM format, and not private keys.`,
      );
    }
    const needed = "certificates in PEM format, and not their paths";
    throw invalidType(SUBJECT, "'caCerts'", needed, cert);
  }
}

function assertVersion(minimumVersion: string | undefined): void {
  if (minimumVersion === undefined || isVersion(minimumVersion)) return;
  const needed = 'a version such as "1.2.3"';
  throw invalidType(SUBJECT, "'minimumVersion'", needed, minimumVersion);
}

function assertImplementation(WebSocket: unknown): void {
  if (typeof WebSocket === "function") return;
  throw new TypeError(
    `${SUBJECT}: this runtime has no WebSocket. Pass one as the option 'WebSocket', for example from npm:ws.`,
  );
}

/** A client names no extension that it does not use. */
function featuresOf(
  rules: ReconnectRules | undefined,
  heartbeat: HeartbeatRules | undefined,
): readonly Feature[] {
  return FEATURES.filter((feature) =>
    (feature !== "retry" || rules !== undefined) &&
    (feature !== "heartbeat" || heartbeat !== undefined)
  );
}
