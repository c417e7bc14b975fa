/**
 * Opens WebSockets to a server, after it has proved to be a Hoist server.
 *
 * @module
 */

import { limit } from "../common/async.ts";
import { VersionError } from "../common/errors.ts";
import { showName, showValue } from "../common/text.ts";
import type { LoginExtras, RequestEncoder } from "../protocol/encode.ts";
import {
  HEARTBEAT_SUBPROTOCOL,
  type HeartbeatRules,
  SUBPROTOCOL,
} from "../protocol/features.ts";
import { isVersion, meetsMinimum } from "../version.ts";
import { chooseSocket, type SocketSettings } from "./choose_socket.ts";
import type { ClientSocket } from "./client_socket.ts";
import type { HttpTarget } from "./http_target.ts";
import type { ClientLog } from "./log.ts";
import { isSocket, type OpenFailure, type OpenSocket } from "./open_socket.ts";
import { fetchServerInfo, type ServerInfo } from "./server_info.ts";
import type { TokenSource } from "./token_source.ts";
import { notOpened } from "./upgrade_errors.ts";

/** What each attempt to connect needs */
export interface Target extends HttpTarget, SocketSettings {
  readonly minimumVersion: string | undefined;
  /** The timeout of one attempt, in milliseconds */
  readonly timeout: number;
  /** The maximum data that waits in the client, in bytes */
  readonly maxBuffered: number;
  /** Returns the token for each login */
  readonly tokens: TokenSource;
  /** When to check the server; `undefined` for never */
  readonly heartbeat: HeartbeatRules | undefined;
  /** Encodes the login with a token */
  encodeLogin(token: string, extras: LoginExtras): RequestEncoder;
  readonly log: ClientLog;
}

/**
 * How long a server that was connected before can take to report about itself, in
 * milliseconds. The runtime can send the request over a kept connection that is dead.
 */
const ASK_AGAIN_TIMEOUT = 2_000;

/** Opens one WebSocket after the other to a server, and remembers what it reported. */
export class Dialer {
  /** The server to connect to */
  readonly target: Target;
  #info: ServerInfo | undefined;
  #openSocket: OpenSocket | undefined;

  /** Constructs a `Dialer`. */
  constructor(target: Target) {
    this.target = target;
  }

  /** When the client sends pings; `undefined` unless the WebSocket was opened for them */
  get heartbeat(): HeartbeatRules | undefined {
    const isOffered = this.#info !== undefined &&
      this.#protocolsOf(this.#info).includes(HEARTBEAT_SUBPROTOCOL);
    return isOffered ? this.target.heartbeat : undefined;
  }

  /** Opens a WebSocket. The first call asks what server this is, before it does so. */
  async open(signal: AbortSignal): Promise<ClientSocket> {
    const isFirst = this.#info === undefined;
    const info = await this.#currentInfo(signal);
    const opened = await this.#tryToOpen(info, signal);
    if (isSocket(opened)) return opened;
    if (!isFirst) return await this.#openAgain(info, opened, signal);
    throw notOpened(this.target.endpoints, opened, info.lockout);
  }

  /** Only `minimumVersion` needs to know the version of a server that has restarted. */
  async #currentInfo(signal: AbortSignal): Promise<ServerInfo> {
    const known = this.#info;
    if (known === undefined) return await this.#ask(signal);
    if (this.target.minimumVersion === undefined) return known;
    return await this.#askAgain(signal) ?? known;
  }

  /** Asks again after a failure, because the server can be another one by now. */
  async #openAgain(
    known: ServerInfo,
    failure: OpenFailure,
    signal: AbortSignal,
  ): Promise<ClientSocket> {
    const info = await this.#askAgain(signal) ?? known;
    const isSame =
      `${this.#protocolsOf(info)}` === `${this.#protocolsOf(known)}`;
    const opened = isSame ? failure : await this.#tryToOpen(info, signal);
    if (isSocket(opened)) return opened;
    throw notOpened(this.target.endpoints, opened, info.lockout);
  }

  /** Resolves to `undefined` if the server does not answer in time. */
  async #askAgain(callerSignal: AbortSignal): Promise<ServerInfo | undefined> {
    const noReason = () => undefined;
    const { signal, cancel } = limit(callerSignal, ASK_AGAIN_TIMEOUT, noReason);
    try {
      return await this.#ask(signal);
    } catch (error) {
      if (signal.aborted && !callerSignal.aborted) return undefined;
      throw error;
    } finally {
      cancel();
    }
  }

  async #ask(signal: AbortSignal): Promise<ServerInfo> {
    const { endpoints, minimumVersion } = this.target;
    const info = await fetchServerInfo(this.target, signal);
    if (minimumVersion !== undefined) {
      assertMinimum(endpoints.base, info.version, minimumVersion);
    }
    return this.#info = info;
  }

  async #tryToOpen(
    info: ServerInfo,
    signal: AbortSignal,
  ): Promise<ClientSocket | OpenFailure> {
    const { href } = this.target.endpoints.socket;
    const openSocket = this.#openSocket ??= await chooseSocket(this.target);
    return await openSocket(href, this.#protocolsOf(info), signal);
  }

  /** If the server selects none of the subprotocols, browsers fail the WebSocket. */
  #protocolsOf({ protocols }: ServerInfo): readonly string[] {
    if (!protocols.includes(SUBPROTOCOL)) return [];
    return this.target.heartbeat !== undefined &&
        protocols.includes(HEARTBEAT_SUBPROTOCOL)
      ? [SUBPROTOCOL, HEARTBEAT_SUBPROTOCOL]
      : [SUBPROTOCOL];
  }
}

function assertMinimum(
  base: string,
  version: string,
  minimumVersion: string,
): void {
  if (isVersion(version) && meetsMinimum(version, minimumVersion)) return;
  const current = isVersion(version) ? showName(version) : showValue(version);
  throw new VersionError(
    `Cannot connect to ${base}: the server has version ${current}, but 'minimumVersion' is ${minimumVersion}. Update the server or lower 'minimumVersion'.`,
    { needed: minimumVersion, current: version },
  );
}
