/**
 * All connections of one server: accepts them, sends broadcasts, and closes them.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { CloseCode } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { describeMessage } from "../common/text.ts";
import { Admission, type RemotePeer } from "./admission.ts";
import {
  Authenticator,
  type AuthenticatorOptions,
  isAuthenticated,
} from "./authenticator.ts";
import type { BroadcastResult } from "./broadcaster.ts";
import { type ConnectionEvents, ServerConnection } from "./connection.ts";
import { type ContractEndpoint, createEndpoint } from "./contract_endpoint.ts";
import {
  logUnfinished,
  RENEWAL_EVENTS,
  shutDownAll,
} from "./connection_groups.ts";
import { createContext, type HubContext } from "./create_context.ts";
import { type Credential, TokenStore } from "./credentials.ts";
import { DROPPED, lacksConnection, NOT_UPGRADABLE } from "./handshake.ts";
import { type HandlerHost, rejectHandshake } from "./http.ts";
import type { Log } from "./log.ts";
import type { Client } from "./message.ts";
import type { MiddlewareChain } from "./middleware.ts";
import { Openings } from "./openings.ts";
import type { ResolvedOptions } from "./options.ts";
import { encodeOutgoing } from "./outgoing.ts";
import type { Place } from "./places.ts";
import { Registry } from "./registry.ts";
import type { RenewalFailure } from "./renewal.ts";
import { Renewals } from "./renewals.ts";
import type { RoomClients } from "./room_clients.ts";
import { forEachPerTurn, TimeoutQueue } from "./scheduler.ts";
import { openSocket } from "./open_socket.ts";
import { Upgrades } from "./upgrades.ts";
import { type UserHost, Users } from "./users.ts";

/** The time that clients have to answer a Close frame, in milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** The options of a server. The login function is bound to its server before. */
type Options = Omit<ResolvedOptions<{ readonly token: string }>, "login">;

/** All connections of one server. */
export class Hub implements HandlerHost, UserHost {
  readonly log: Log;
  readonly registry: Registry;
  readonly credentials: TokenStore;
  readonly #context: HubContext;
  readonly #events: ConnectionEvents;
  readonly #admission: Admission;
  /** Only if the application has enabled it */
  readonly #endpoint: ContractEndpoint | undefined;
  /** Closes the connections of clients that do not log in */
  readonly #logins: TimeoutQueue<ServerConnection>;
  /** Asks clients for new tokens before their logins expire */
  readonly #renewals: Renewals<ServerConnection>;
  /** Ends the connections whose upgrade never opens */
  readonly #openings = new Openings(() => this.#upgrades.expectResets());
  readonly #upgrades: Upgrades;
  /** All connections with a socket, including those that have not logged in */
  readonly #connections = new Map<ServerConnection, Place>();
  /** The clients that have logged in and not left, after `onConnect` */
  readonly #clients = new Set<Client>();
  readonly #users = new Users();
  /** Whether a broadcast without clients was logged since the last login */
  #hasLoggedNoClients = false;
  #lastClientId = 0;
  #onEmpty: (() => void) | undefined;

  /**
   * Constructs a `Hub`.
   *
   * @param options The options of the server
   * @param log The log of the server
   * @param login The login function of the application, if there is one
   */
  constructor(
    options: Options,
    log: Log,
    login: AuthenticatorOptions["login"],
  ) {
    const registry = new Registry(options.contract);
    const admission = new Admission(options);
    const credentials = new TokenStore(
      options.token,
      options.tokens,
      (credential) => void this.#closeAllOf(credential, "token expired"),
    );
    const authenticator = new Authenticator({
      log,
      login,
      credentials,
      admission,
      loginTimeout: options.limits.loginTimeout,
      maxBuffered: options.limits.maxBuffered,
    });
    this.log = log;
    this.registry = registry;
    this.credentials = credentials;
    this.#admission = admission;
    this.#upgrades = new Upgrades({
      log,
      admission,
      maxLost: options.limits.maxLostUpgrades,
      isClosing: () => this.isClosing,
      open: (request, peer) => this.#open(request, peer),
    });
    const connections = this.#connections;
    const parts = { log, registry, authenticator, connections };
    this.#context = createContext(options, parts);
    this.#logins = new TimeoutQueue(
      options.limits.loginTimeout,
      (connection) => connection.expire(),
    );
    this.#renewals = new Renewals<ServerConnection>(
      RENEWAL_EVENTS,
      options.limits.loginTimeout,
    );
    this.#events = this.#createEvents();
    this.#endpoint = createEndpoint(options, {
      authenticator,
      admission,
      loginTimeout: options.limits.loginTimeout,
      report: (line) => this.#upgrades.logRejection(line),
    });
  }

  /** The clients that have logged in and not left, after `onConnect` */
  get clients(): ReadonlySet<Client> {
    return this.#clients;
  }

  /** What runs around all listeners and handlers */
  get middleware(): MiddlewareChain {
    return this.#context.middleware;
  }

  get rooms(): RoomClients {
    return this.#context.rooms;
  }

  get isClosing(): boolean {
    return this.#context.shutdown.hasBegun;
  }

  get lostUpgrades(): number {
    return this.#upgrades.lost;
  }

  get isFailing(): boolean {
    return this.#upgrades.exceedsLost;
  }

  /** Answers `GET /hoist/contract`; returns `undefined` if the contract is private. */
  describeContract(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> | undefined {
    return this.#endpoint?.answer(request, remote);
  }

  lockout(request: Request, remote: Deno.Addr | undefined): number {
    return this.#admission.lockout(this.#admission.peerOf(request, remote));
  }

  logRejection(
    request: Request,
    remote: Deno.Addr | undefined,
    reason: string,
  ): void {
    const { address } = this.#admission.peerOf(request, remote);
    this.#upgrades.logRejection(`${address} rejected: ${reason}`);
  }

  accept(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> {
    return this.#upgrades.accept(request, remote);
  }

  /** Upgrades a request. */
  #open(request: Request, peer: RemotePeer): Response {
    const upgrade = this.#context.authenticator.contextOf(request, peer);
    const opened = openSocket(request, this.#context);
    if (opened === undefined) return this.#rejectHandshake(request, peer);
    const { socket, response, isTimed } = opened;
    const connection = new ServerConnection(
      ++this.#lastClientId,
      this.#context,
      this.#events,
      socket,
      upgrade,
      isTimed,
    );
    this.#connections.set(connection, this.#admission.enter(peer));
    this.#context.stalls.start();
    this.#context.silence.start();
    this.#logins.add(connection);
    this.#openings.add(connection);
    connection.announce();
    return response;
  }

  /** Rejects a request that Deno cannot upgrade. */
  #rejectHandshake(request: Request, { address }: RemotePeer): Response {
    if (!lacksConnection(request)) return rejectHandshake(NOT_UPGRADABLE);
    this.#upgrades.logRejection(`${address} rejected: ${DROPPED.reason}`);
    return rejectHandshake(DROPPED);
  }

  /** Sends a message to all clients. */
  async broadcast(name: string, data: JsonObject): Promise<BroadcastResult> {
    const frame = this.#encodeEvent(name, data);
    if (this.#clients.size === 0 && !this.isClosing) this.#logNoClients(name);
    const counts = await this.#context.broadcaster.send({ frame });
    return { ...counts, position: null };
  }

  clientsOf(user: string): ReadonlySet<Client> {
    return this.#users.clientsOf(user);
  }

  // deno-lint-ignore require-await -- an error rejects the promise
  async messageUser(
    user: string,
    name: string,
    data: JsonObject,
  ): Promise<BroadcastResult> {
    return this.#users.send(user, this.#encodeEvent(name, data));
  }

  #encodeEvent(name: string, data: JsonObject): string {
    const context = this.#context;
    return encodeOutgoing(context, null, "s_newmsg", name, data, null).frame;
  }

  /**
   * Stops accepting a named token, and closes the connections that used it.
   *
   * @returns The number of connections that were closed
   */
  revoke(name: string): number {
    const credential = this.credentials.revoke(name);
    this.log.info("revoke", `token ${name} revoked`);
    return this.#closeAllOf(credential, "token revoked");
  }

  /** Replaces the token. The old one is still accepted for `grace` milliseconds. */
  rotate(token: string, grace: number): void {
    const old = this.credentials.rotate(token, grace);
    if (old !== undefined && grace > 0) this.#renewAllOf(old);
    const rest = grace === 0
      ? ""
      : `: the old token is accepted for another ${grace} ms`;
    this.log.info("rotate", `token replaced${rest}`);
  }

  /** Closes all connections. Requests in progress can finish within `timeout` ms. */
  async close(timeout: number): Promise<void> {
    const begin = performance.now();
    const connections = [...this.#connections.keys()];
    this.#context.shutdown.begin(this.#clients.size);
    this.credentials.close();
    this.#renewals.close();
    this.#endpoint?.close();
    const isFinished = await settlesWithin(shutDownAll(connections), timeout);
    if (!isFinished) logUnfinished(this.log, connections, timeout);
    await forEachPerTurn(
      connections,
      (connection) => connection.closeForShutdown(),
    );
    // The decisions about logins can end only now that no login waits for its turn.
    this.#context.authenticator.close();
    const ended = connections.map(({ handlersEnded }) => handlersEnded);
    const rest = timeout - (performance.now() - begin);
    // The process can end after this, and `finally` blocks would not run.
    await Promise.all([
      settlesWithin(Promise.all([this.#emptied(), ...ended]), CLOSE_TIMEOUT),
      this.#finishHooks(Math.max(rest, CLOSE_TIMEOUT)),
    ]);
    await this.#context.rooms.rooms.close();
    for (const each of this.#connections.keys()) each.abort();
    for (const each of connections) if (each.isOpening) each.abandon();
    this.#context.silence.stop();
    this.#context.stalls.stop();
  }

  async #finishHooks(timeout: number): Promise<void> {
    const count = await this.#context.lifecycle?.finish(timeout) ?? 0;
    if (count === 0) return;
    const clients = count === 1 ? "1 client" : `${count} clients`;
    const hooks = `onConnect and onDisconnect of ${clients}`;
    this.log.warn("shutdown", `stopped waiting for ${hooks}`);
  }

  #createEvents(): ConnectionEvents {
    return {
      admit: (connection, decided) => {
        const result = this.#context.authenticator.confirm(decided);
        if (!isAuthenticated(result)) return result;
        const exceeded = this.#connections.get(connection)?.admit();
        if (exceeded !== undefined) return exceeded;
        this.#logins.delete(connection);
        this.#openings.delete(connection);
        this.#renewals.set(connection, result.expires);
        return result;
      },
      renew: (connection, decided) => {
        const result = this.#context.authenticator.confirm(decided);
        if (!isAuthenticated(result)) return result as RenewalFailure;
        this.#renewals.set(connection, result.expires);
        this.#changeUser(connection.client, result.user);
        return result;
      },
      onConnected: (connection) => {
        this.#hasLoggedNoClients = false;
        this.#clients.add(connection.client);
        this.#users.add(connection.client.user, connection.client);
      },
      onClosed: (connection) => {
        this.#connections.get(connection)?.close();
        this.#logins.delete(connection);
        this.#renewals.delete(connection);
        this.#clients.delete(connection.client);
        this.#users.delete(connection.client.user, connection.client);
      },
      onGone: (connection) => {
        // Deno closes some sockets twice.
        const place = this.#connections.get(connection);
        if (place === undefined) return;
        this.#connections.delete(connection);
        this.#openings.delete(connection);
        place.leave();
        if (connection.isOpening) this.#upgrades.countLost(connection.peer);
        if (this.#connections.size > 0) return;
        this.#context.stalls.stop();
        this.#context.silence.stop();
        this.#onEmpty?.();
      },
      onOpenedLate: ({ peer }) => this.#upgrades.restoreLost(peer),
    };
  }

  /** Called before the client knows its new user. */
  #changeUser(client: Client, user: string | undefined): void {
    this.#users.delete(client.user, client);
    if (this.#clients.has(client)) this.#users.add(user, client);
  }

  /** Closes the connections that used a token; returns their number. */
  #closeAllOf(credential: Credential, reason: string): number {
    // A client that has left can still have a socket, which is closing.
    const connections = [...this.#connections.keys()].filter((connection) =>
      connection.credential === credential && !connection.isClosed
    );
    for (const connection of connections) {
      connection.close(CloseCode.POLICY_VIOLATION, reason);
    }
    return connections.length;
  }

  /** Asks the clients that used a token for the next one, before it expires. */
  #renewAllOf(credential: Credential): void {
    for (const connection of this.#connections.keys()) {
      if (connection.credential !== credential || connection.isClosed) continue;
      this.#renewals.set(connection, credential.expires);
    }
  }

  #logNoClients(name: string): void {
    // A hook that announces its client can have no other client to announce it to.
    const isIdle = this.#context.lifecycle?.isIdle ?? true;
    if (this.#hasLoggedNoClients || !isIdle) return;
    this.#hasLoggedNoClients = true;
    const subject = describeMessage(this.log.redact(name));
    this.log.warn(
      "broadcast",
      `${subject} was not sent: no client is connected`,
    );
  }

  /** Resolves when the last connection is gone. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }
}
