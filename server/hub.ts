/**
 * All the clients of one server: letting them in, reaching them, seeing them off.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { CloseCode, HoistError } from "../common/errors.ts";
import { type JsonObject } from "../common/json.ts";
import { assertLength, describeMessage } from "../common/text.ts";
import { assertNamed, type Contract } from "../contract/contract.ts";
import { MAX_BATCH } from "../protocol/batch.ts";
import { encodeMessage, encodeSuccess } from "../protocol/encode.ts";
import { SUBPROTOCOL } from "../protocol/features.ts";
import { Admission, type AdmissionOptions } from "./admission.ts";
import {
  Authenticator,
  type AuthenticatorOptions,
  type LoginResult,
  type UpgradeContext,
} from "./authenticator.ts";
import { Broadcaster, type BroadcastResult } from "./broadcaster.ts";
import { ServerConnection } from "./connection.ts";
import { type ClientHost } from "./context.ts";
import { ContractEndpoint } from "./contract_endpoint.ts";
import { HttpAuth } from "./http_auth.ts";
import { type Credential, type NamedToken, TokenStore } from "./credentials.ts";
import {
  type HandlerHost,
  offersSubprotocol,
  PROTOCOL_HEADER,
  text,
} from "./http.ts";
import { type ResolvedLimits } from "./limits.ts";
import { type Log } from "./log.ts";
import { LogThrottle } from "./rate_limiter.ts";
import { Registry } from "./registry.ts";
import { FairScheduler, forEachInBatches, TimeoutQueue } from "./scheduler.ts";
import { type SessionRules } from "./session.ts";
/** How long the clients get to answer a Close frame, in milliseconds. */
const GRACE = 1_000;

/** How many refused upgrades are logged at once, and then in a second. */
const MAX_REFUSALS = 100;

const REFUSALS_PER_SECOND = 1;

/** What a hub is made of. */
export interface HubOptions extends AdmissionOptions {
  readonly log: Log;
  /** Empty if there are only named ones */
  readonly token: string;
  readonly tokens: readonly NamedToken[];
  readonly minimumVersion: string | undefined;
  readonly contract: Contract | undefined;
  readonly exposeContract: boolean;
  readonly exposeErrors: boolean;
  readonly onSlow: "disconnect" | "skip";
  readonly login: AuthenticatorOptions["login"];
}

/** All the clients of one server. */
export class Hub implements ClientHost, HandlerHost {
  readonly log: Log;
  readonly limits: ResolvedLimits;
  readonly rules: SessionRules;
  readonly exposeErrors: boolean;
  readonly skipsSlow: boolean;
  readonly contract: Contract | undefined;
  readonly registry: Registry;
  readonly turns = new FairScheduler((turn) => void setImmediate(turn));
  readonly credentials: TokenStore;
  closing: { readonly clients: number } | undefined;
  readonly #authenticator: Authenticator;
  /** None unless the host has switched it on. */
  readonly #endpoint: ContractEndpoint | undefined;
  readonly #admission: Admission;
  /** Those who have not logged in yet. */
  readonly #logins: TimeoutQueue<ServerConnection>;
  /** Everyone with a socket, those who have not logged in included. */
  readonly #connections = new Set<ServerConnection>();
  readonly #broadcasts: Broadcaster<ServerConnection>;
  readonly #refusals = new LogThrottle(REFUSALS_PER_SECOND, MAX_REFUSALS);
  /** Whether it was said that a broadcast has nobody to go to, since somebody came. */
  #saidNobody = false;
  #lastClientId = 0;
  #lastMessageId = 0;
  /** Whether nobody is left to be told anything, and no handler to tell it. */
  #closed = false;
  #onEmpty = (): void => {};

  constructor(options: HubOptions) {
    this.log = options.log;
    this.limits = options.limits;
    const { limits, minimumVersion } = options;
    this.rules = { ...limits, minimumVersion };
    this.exposeErrors = options.exposeErrors;
    this.skipsSlow = options.onSlow === "skip";
    this.contract = options.contract;
    this.registry = new Registry(options.contract);
    this.#admission = new Admission(options);
    this.#logins = new TimeoutQueue(limits.loginTimeout);
    this.#broadcasts = new Broadcaster(
      (turn) => void setImmediate(turn),
      Math.min(MAX_BATCH, limits.maxBuffered),
    );
    this.credentials = new TokenStore(
      options.token,
      options.tokens,
      (credential) => void this.#dismiss(credential, "token expired"),
    );
    this.#authenticator = new Authenticator({
      log: options.log,
      login: options.login,
      credentials: this.credentials,
      admission: this.#admission,
    });
    if (options.exposeContract && options.contract !== undefined) {
      const auth = new HttpAuth({
        authenticator: this.#authenticator,
        admission: this.#admission,
        loginTimeout: limits.loginTimeout,
        report: (line) => this.#reportRefusal(line),
      });
      this.#endpoint = new ContractEndpoint(options.contract, auth);
    }
  }

  /** Those who have logged in. */
  get clients(): ReadonlySet<ServerConnection> {
    return this.#broadcasts.recipients;
  }

  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  get listeners(): Registry["listeners"] {
    return this.registry.listeners;
  }

  get operations(): Registry["operations"] {
    return this.registry.operations;
  }

  /** What `GET /hoist/contract` is answered with; `undefined` if that is nothing. */
  describe(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> | undefined {
    return this.#endpoint?.answer(request, remote);
  }

  /**
   * Opens a WebSocket for a request, if limits allow it.
   *
   * @throws {TypeError} If the request cannot be upgraded
   */
  accept(request: Request, remote: Deno.Addr | undefined): Response {
    if (this.isClosing) return text(503, "The server is closing");
    const peer = this.#admission.peerOf(request, remote);
    const refusal = this.#admission.refusal(request, peer);
    if (refusal !== undefined) {
      this.#reportRefusal(`${peer.address}: ${refusal.reason}`);
      return refusal.response;
    }
    const origin = this.#authenticator.originOf(request, peer);
    const offersOurs = offersSubprotocol(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    // As an option, Deno takes it only if there is a space after each comma.
    if (offersOurs) response.headers.set(PROTOCOL_HEADER, SUBPROTOCOL);
    const client = new ServerConnection(
      ++this.#lastClientId,
      this,
      socket,
      origin,
    );
    this.#connections.add(client);
    this.#admission.enter(peer);
    this.#logins.add(client);
    this.log.info("connect", `${peer.address} has connected`);
    return response;
  }

  /** Sends a message to everyone who has logged in. */
  broadcast(name: string, data: JsonObject): Promise<BroadcastResult> {
    const subject = () => this.log.redact(describeMessage(name));
    if (this.#closed) {
      throw new HoistError(
        `Cannot broadcast ${subject()}: the server is closed`,
      );
    }
    assertNamed(
      `Cannot broadcast ${subject()}`,
      this.contract?.events,
      name,
    );
    const message = encodeMessage(name, data, null, this.nextMessageId());
    const frame = encodeSuccess(null, "s_newmsg", message);
    const { maxBuffered } = this.limits;
    assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
    if (this.clients.size === 0 && !this.#saidNobody) {
      this.#saidNobody = true;
      const text = `no clients are connected to get ${subject()}`;
      this.log.warn("broadcast", text);
    }
    return this.#broadcasts.send(frame);
  }

  /** Takes a named token no more; returns how many clients were closed. */
  revoke(name: string): number {
    const credential = this.credentials.revoke(name);
    this.log.info("revoke", `token ${name} is not taken any more`);
    return this.#dismiss(credential, "token revoked");
  }

  /** Takes another token, and the old one for a time. */
  rotate(token: string, grace: number): void {
    this.credentials.rotate(token, grace);
    this.log.hide(token);
    const rest = `the old one is taken for ${grace} ms more`;
    this.log.info("rotate", `there is a new token, and ${rest}`);
  }

  /** Closes those who logged in with a token; returns how many these are. */
  #dismiss(credential: Credential, reason: string): number {
    const dismissed = [...this.clients].filter((client) =>
      client.credential === credential
    );
    for (const client of dismissed) {
      client.disconnect(CloseCode.POLICY_VIOLATION, reason);
    }
    return dismissed.length;
  }

  /** Sees all clients off, those with requests under way within `timeout`. */
  async close(timeout: number): Promise<void> {
    const connections = [...this.#connections];
    this.closing = { clients: this.clients.size };
    this.credentials.close();
    const isDrained = await settlesWithin(drain(connections), timeout);
    if (!isDrained) this.#reportCut(connections, timeout);
    await forEachInBatches(connections, (client) => client.dismiss());
    const ended = connections.map(({ handlersEnded }) => handlersEnded);
    // The program may end next, and a `finally` would not run.
    await settlesWithin(Promise.all([this.#emptied(), ...ended]), GRACE);
    this.#closed = true;
  }

  nextMessageId(): number {
    return ++this.#lastMessageId;
  }

  authenticate(
    token: string,
    version: string,
    origin: UpgradeContext,
  ): LoginResult | Promise<LoginResult> {
    return this.#authenticator.authenticate(token, version, origin);
  }

  join(client: ServerConnection): void {
    this.#saidNobody = false;
    this.#logins.delete(client);
    this.#broadcasts.join(client);
  }

  catchUp(client: ServerConnection): void {
    this.#broadcasts.catchUp(client);
  }

  leave(client: ServerConnection): void {
    this.#logins.delete(client);
    this.#broadcasts.leave(client);
  }

  forget(client: ServerConnection): void {
    // Deno closes some sockets twice.
    if (!this.#connections.delete(client)) return;
    this.#admission.leave(client.peer);
    if (this.#connections.size === 0) this.#onEmpty();
  }

  /** Writes a line, if not too many were written: it costs a stranger next to nothing. */
  #reportRefusal(text: string): void {
    const line = this.#refusals.pass(text, performance.now());
    if (line !== undefined) this.log.warn("refuse", line);
  }

  #reportCut(clients: readonly ServerConnection[], timeout: number): void {
    const count = clients.filter(({ isBusy }) => isBusy).length;
    const text =
      `clients with requests under way after ${timeout} ms: ${count}`;
    this.log.warn("shutdown", text);
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }
}

/** Resolves when all clients have been answered and told that the server closes. */
async function drain(clients: readonly ServerConnection[]): Promise<void> {
  const drained: Promise<void>[] = [];
  await forEachInBatches(clients, (client) => drained.push(client.drain()));
  await Promise.all(drained);
}
