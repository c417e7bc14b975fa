/**
 * Opening a connection: all that `connect` does.
 *
 * @module
 */

import { ClientConnection, type Connection } from "./connection.ts";
import { Dispatcher } from "./dispatcher.ts";
import {
  type Endpoints,
  endpointsOf,
  fetchServerInfo_,
  openSocket,
  refusal,
  type WebSocketConstructor,
} from "./handshake.ts";
import { type Link, type LinkEvents } from "./link.ts";
import { ClientLog } from "./log.ts";
import { type ReconnectOptions } from "./reconnect_policy.ts";
import { type ReconnectingLinkOptions } from "./reconnecting_link.ts";
import { SocketLink } from "./socket_link.ts";
import { StateNotifier } from "./status.ts";
import { type Checks } from "./validate.ts";
import { limit } from "../common/async.ts";
import {
  ConnectError,
  ConnectionClosedError,
  TimeoutError,
} from "../common/errors.ts";
import { type Logger } from "../common/logger.ts";
import { type Contract } from "../contract/contract.ts";
import { assertDefined } from "../contract/define.ts";
import { type OpenContract } from "../contract/infer.ts";
import { MAX_BATCH } from "../protocol/batch.ts";
import { encodeLogin } from "../protocol/encode.ts";
import { type Feature, FEATURES } from "../protocol/features.ts";
import { serverFeaturesOf } from "../protocol/server_frames.ts";
import { isVersion, VERSION } from "../version.ts";
/** Options of {@linkcode connect}; `Of` is the contract */
export interface ConnectOptions<Of extends Contract = OpenContract> {
  /**
   * The URL of the server, with `http:`, `https:`, `ws:` or `wss:`. If the server is
   * mounted below a path, the URL ends with that path.
   *
   * @default {"http://localhost:5000"}
   */
  readonly url?: string | URL | undefined;
  /**
   * The lowest version that the server may have, such as `1.2.3`. Any if left out.
   */
  readonly minimumVersion?: string | undefined;
  /**
   * Gives up connecting for the first time when aborted. It does not close the
   * connection later, nor keep it from coming back.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long connecting and logging in may take, each time anew, in milliseconds from
   * 0 to 2,147,483,647; `Infinity` for no limit.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
  /**
   * Whether, and how, the connection comes back when it was lost. It does not after
   * `close()`, after a login that was refused for the token or the version, and after
   * a close code that a program chose (1000, and 3000 to 4999); what `connect` throws
   * the first time, it throws with this option as well.
   *
   * Listeners stay. What is under way when the connection is lost rejects with a
   * `ConnectionClosedError`, unless it is an operation called with `idempotent`.
   *
   * @default {false}
   */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /**
   * What both sides have agreed on, see `defineContract`: the names and types of all
   * that this side sends and gets.
   */
  readonly contract?: Of | undefined;
  /**
   * Whether what the server sends is held against the contract as well. A message that
   * does not fit is not handed to listeners; a reply, a result or an item that does not
   * rejects with a `ValidationError`. What a schema turns it into does not count here.
   *
   * @default {"none"}
   */
  readonly validate?: "none" | "all" | undefined;
  /**
   * The class to make the WebSocket with: that of `npm:ws`, say, where there is none.
   *
   * @default {globalThis.WebSocket}
   */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * Is told what a listener or an `onReply` throws.
   *
   * @default {console}
   */
  readonly logger?: Pick<Logger, "warn" | "error"> | undefined;
}

const DEFAULT_URL = "http://localhost:5000";

const DEFAULT_TIMEOUT = 10_000;

/** Connects to a server and logs in; `connect` says what may go wrong. */
export async function openConnection(
  token: string,
  options: ConnectOptions<Contract>,
): Promise<Connection> {
  const { logger = console } = options;
  const target = targetOf(token, options);
  const checks = await checksOf(options);
  const reporter = new ClientLog(logger);
  const inbox = new Dispatcher(reporter);
  const status = new StateNotifier(reporter);
  const link = await openLink({
    dial: (signal, events) => dial(target, signal, events),
    status,
    inbox,
  }, options);
  const { contract } = options;
  const parts = { link, inbox, status, reporter, contract, checks };
  return new ClientConnection(parts);
}

/** What the server is held against, if it is to be. */
async function checksOf(
  { contract, validate = "none" }: ConnectOptions<Contract>,
): Promise<Checks | undefined> {
  assertDefined("Cannot connect", contract);
  assertValidation(validate, contract);
  if (validate === "none" || contract === undefined) return undefined;
  // Most programs trust their server.
  const { ContractChecks } = await import("./validate.ts");
  return new ContractChecks(contract);
}

async function openLink(
  parts: ReconnectingLinkOptions,
  { reconnect, signal }: ConnectOptions<Contract>,
): Promise<Link> {
  const { dial, status, inbox } = parts;
  if (reconnect) {
    // Most programs do without.
    const { ReconnectingLink } = await import("./reconnecting_link.ts");
    const link = new ReconnectingLink(
      parts,
      reconnect === true ? {} : reconnect,
    );
    await link.open(signal);
    return link;
  }
  return await dial(signal, {
    onOpen: () => status.set({ state: "open" }),
    onClose: () => status.set({ state: "closed" }),
    onMessage: (wire, onDone) => inbox.onMessage(wire, onDone),
    onInvalid: () => inbox.onInvalid(),
  });
}

/** Where a client connects, and how; the same each time. */
interface Target {
  readonly endpoints: Endpoints;
  readonly minimumVersion: string | undefined;
  readonly timeout: number;
  readonly WebSocket: WebSocketConstructor;
  /** The frame of the login */
  readonly login: string;
}

function targetOf(
  token: string,
  options: ConnectOptions<Contract>,
): Target {
  const { url = DEFAULT_URL, minimumVersion } = options;
  const { timeout = DEFAULT_TIMEOUT } = options;
  const { WebSocket = globalThis.WebSocket } = options;
  const endpoints = endpointsOf(url);
  assertVersion(minimumVersion);
  assertToken(token);
  assertImplementation(WebSocket);
  const login = encodeLogin(token, VERSION, featuresOf(options));
  return { endpoints, minimumVersion, timeout, WebSocket, login };
}

/** Opens a WebSocket and logs in, within the time that there is for it. */
async function dial(
  target: Target,
  callerSignal: AbortSignal | undefined,
  events: LinkEvents,
): Promise<SocketLink> {
  const { endpoints, minimumVersion, timeout, WebSocket } = target;
  const { signal, cancel } = limit(
    callerSignal,
    timeout,
    () => tooSlow(endpoints, timeout),
  );
  try {
    const protocol = await fetchServerInfo_(endpoints, minimumVersion, signal);
    const socket = await openSocket(endpoints, WebSocket, protocol, signal);
    return await logIn(target, new SocketLink(socket, events), signal);
  } finally {
    cancel();
  }
}

/** Logs in: protocol.md, "1. Login". */
async function logIn(
  { endpoints: { base }, login, WebSocket }: Target,
  channel: SocketLink,
  signal: AbortSignal,
): Promise<SocketLink> {
  const maxBatch = maxBatchOf(WebSocket);
  try {
    await channel.request({
      subject: "the login",
      encode: () => login,
      signal,
      toError: (frame) => refusal(base, frame),
      onAnswer: (data) => channel.open(serverFeaturesOf(data), maxBatch),
    });
    return channel;
  } catch (error) {
    channel.abort();
    throw error instanceof ConnectionClosedError ? lost(base, error) : error;
  }
}

/** A client that does not come back has no use for being told when. */
function featuresOf(
  { reconnect }: ConnectOptions<Contract>,
): readonly Feature[] {
  return reconnect
    ? FEATURES
    : FEATURES.filter((feature) => feature !== "retry");
}

/**
 * The most that a batch may hold, in bytes. Deno's own WebSocket writes a longer frame
 * in two steps, between which TCP waits some 40 ms for the other side.
 */
function maxBatchOf(implementation: WebSocketConstructor): number {
  const isOfDeno = "Deno" in globalThis &&
    implementation === globalThis.WebSocket;
  return isOfDeno ? MAX_DENO_FRAME : MAX_BATCH;
}

const MAX_DENO_FRAME = 1_024;

function tooSlow({ base }: Endpoints, timeout: number): TimeoutError {
  return new TimeoutError(
    `Cannot connect to ${base}: no answer within ${timeout} ms; check the URL or raise 'timeout'`,
  );
}

function lost(base: string, cause: ConnectionClosedError): ConnectError {
  const { code, reason } = cause;
  const detail = reason === "" ? "" : `, ${JSON.stringify(reason)}`;
  return new ConnectError(
    `Cannot connect to ${base}: the server closed the connection (${code}${detail}) before it answered the login; look at its log`,
    { cause },
  );
}

function assertVersion(minimumVersion: string | undefined): void {
  if (minimumVersion === undefined || isVersion(minimumVersion)) return;
  throw new TypeError(
    `Cannot connect as 'minimumVersion' must be a version such as "1.2.3": current value is ${
      JSON.stringify(minimumVersion)
    }`,
  );
}

function assertToken(token: string): void {
  if (typeof token === "string" && token !== "") return;
  throw new TypeError(
    "Cannot connect as the token must be a text of at least one character: pass the one of the server",
  );
}

function assertImplementation(implementation: unknown): void {
  if (typeof implementation === "function") return;
  throw new TypeError(
    "Cannot connect as this runtime has no WebSocket: pass one in the option 'WebSocket', as that of npm:ws",
  );
}

function assertValidation(
  validate: string,
  contract: Contract | undefined,
): void {
  if (validate !== "none" && validate !== "all") {
    throw new TypeError(
      `Cannot connect as 'validate' must be "none" or "all": current value is ${
        JSON.stringify(validate)
      }`,
    );
  }
  if (validate === "none" || contract !== undefined) return;
  throw new TypeError(
    "Cannot connect as 'validate' has nothing to go by without a 'contract'",
  );
}
