/**
 * All connections of one server: accepts them, sends broadcasts, and closes them.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import type { JsonObject } from "../common/json.ts";
import { detached } from "../common/telemetry.ts";
import { Admission, type RemotePeer } from "./admission.ts";
import {
  Authenticator,
  type AuthenticatorOptions,
  isAuthenticated,
} from "./authenticator.ts";
import { Announcements } from "./announcements.ts";
import type { BroadcastOptions } from "./method_options.ts";
import type { BroadcastResult } from "./broadcaster.ts";
import { type ConnectionEvents, ServerConnection } from "./connection.ts";
import {
  closeAllWith,
  connectionsWith,
  logUnfinished,
  RENEWAL_EVENTS,
  shutDownAll,
} from "./connection_groups.ts";
import { ClientDirectory } from "./client_directory.ts";
import { createContext, type HubContext } from "./create_context.ts";
import { TokenStore } from "./credentials.ts";
import { type HandshakeProblem, problemOfDeno } from "./handshake.ts";
import { Endpoints } from "./endpoints.ts";
import type { BrokerHealth, HandlerHost } from "./http.ts";
import { LiveConnections } from "./live_connections.ts";
import type { Log } from "./log.ts";
import type { Client } from "./message.ts";
import { Metrics } from "./metrics.ts";
import type { MiddlewareChain } from "./middleware.ts";
import type { ResolvedOptions } from "./options.ts";
import { Registry } from "./registry.ts";
import type { RenewalFailure } from "./renewal.ts";
import { Renewals } from "./renewals.ts";
import type { RoomClients } from "./room_clients.ts";
import { ServerCluster } from "./server_cluster.ts";
import { forEachPerTurn } from "./scheduler.ts";
import { openSocket } from "./socket.ts";
import { TokenControl } from "./token_control.ts";
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
  readonly tokens: TokenControl;
  readonly cluster: ServerCluster;
  readonly endpoints: Endpoints;
  readonly directory: ClientDirectory;
  readonly #announcements: Announcements;
  readonly #requiresBroker: boolean;
  readonly #context: HubContext;
  readonly #events: ConnectionEvents;
  readonly #admission: Admission;
  /** Asks clients for new tokens before their logins expire */
  readonly #renewals: Renewals<ServerConnection>;
  readonly #upgrades: Upgrades;
  /** All connections with a socket, including those that have not logged in */
  readonly #connections: LiveConnections<ServerConnection>;
  /** The clients that have logged in and not left, after `onConnect` */
  readonly #clients = new Set<Client>();
  readonly #users = new Users();
  #lastClientId = 0;

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
    const metrics = new Metrics();
    const registry = new Registry(options.contract, metrics);
    const admission = new Admission(options);
    const credentials = new TokenStore(
      options.token,
      options.tokens,
      (credential) => this.tokens.onExpired(credential),
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
      ...{ log, metrics },
      admission,
      maxLost: options.limits.maxLostUpgrades,
      isClosing: () => this.isClosing,
      isReady: () => this.#context.node?.isReady ?? true,
      open: (request, peer) => this.#open(request, peer),
    });
    const connections = this.#createConnections(options.limits);
    this.#connections = connections;
    const parts = { log, metrics, registry, authenticator, connections };
    this.#context = createContext(options, parts);
    metrics.observe("hoist_lost_upgrades", () => this.lostUpgrades);
    this.exportMetrics();
    this.#requiresBroker = options.requireBroker;
    this.#announcements = new Announcements(this.#context, this.#users);
    this.tokens = this.#controlTokens();
    const { nodeId, node, admin: guard } = this.#context;
    this.cluster = new ServerCluster(nodeId, node, log);
    this.directory = new ClientDirectory(nodeId, node, this.#clients);
    this.#renewals = new Renewals<ServerConnection>(
      RENEWAL_EVENTS,
      options.limits.loginTimeout,
    );
    this.#events = this.#createEvents();
    this.endpoints = new Endpoints({
      ...{ authenticator, admission, log, nodeId },
      contract: options.exposeContract ? options.contract : undefined,
      metrics: options.admin?.hasMetrics ? metrics : undefined,
      loginTimeout: options.limits.loginTimeout,
      decideAdmin: guard?.rules.decide &&
        ((candidate) => guard.decide(candidate)),
      report: (line) => this.#upgrades.logRejection(line),
      rejectUnready: () => this.#upgrades.rejectUnready(),
    });
    // Everything that follows the other servers is registered now.
    if (this.#context.node !== undefined) this.rooms.rooms.start();
  }

  /** The state that all connections share */
  get context(): HubContext {
    return this.#context;
  }

  /** The clients that have logged in and not left, after `onConnect` */
  get clients(): ReadonlySet<Client> {
    return this.#clients;
  }

  /** What runs around all listeners and handlers */
  get middleware(): MiddlewareChain {
    return this.#context.middleware;
  }

  get metrics(): Metrics {
    return this.#context.metrics;
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

  get broker(): BrokerHealth | undefined {
    const { node } = this.#context;
    const isRequired = this.#requiresBroker;
    return node && { state: node.state, isReady: node.isReady, isRequired };
  }

  lockout(request: Request, remote: Deno.Addr | undefined): number {
    return this.#admission.lockout(this.#admission.peerOf(request, remote));
  }

  rejectHandshake(
    request: Request,
    remote: Deno.Addr | undefined,
    problem: HandshakeProblem,
  ): Response {
    const peer = this.#admission.peerOf(request, remote);
    return this.#upgrades.rejectHandshake(problem, peer);
  }

  accept(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> {
    return this.#upgrades.accept(request, remote);
  }

  /** Lets OpenTelemetry read the metrics until `close`. Does nothing if it already does. */
  exportMetrics(): void {
    this.#context.telemetry?.export(this.metrics, this.#context.nodeId);
  }

  /** Upgrades a request. */
  #open(request: Request, peer: RemotePeer): Response {
    const upgrade = this.#context.authenticator.contextOf(request, peer);
    const opened = detached(() => openSocket(request, this.#context));
    if (opened === undefined) {
      return this.#upgrades.rejectHandshake(problemOfDeno(request), peer);
    }
    this.metrics.upgrades.accepted++;
    const { socket, response } = opened;
    const connection = new ServerConnection(
      ++this.#lastClientId,
      this.#context,
      this.#events,
      socket,
      upgrade,
      opened,
    );
    this.#connections.add(connection);
    connection.announce();
    return response;
  }

  clientsOf(user: string): ReadonlySet<Client> {
    return this.#users.clientsOf(user);
  }

  messageUser(
    ...message: Parameters<UserHost["messageUser"]>
  ): Promise<BroadcastResult> {
    return this.#announcements.messageUser(...message);
  }

  /** Sends a message to all clients. */
  broadcast(
    name: string,
    data: JsonObject,
    options: BroadcastOptions,
  ): Promise<BroadcastResult> {
    const { size } = this.#clients;
    return this.#announcements.broadcast(name, data, options, size);
  }

  /** Closes all connections. Requests in progress can finish within `timeout` ms. */
  async close(timeout: number): Promise<void> {
    const begin = performance.now();
    const connections = this.#connections.all;
    this.#context.shutdown.begin(this.#clients.size);
    this.credentials.close();
    this.#renewals.close();
    this.endpoints.close();
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
      settlesWithin(
        Promise.all([this.#connections.emptied(), ...ended]),
        CLOSE_TIMEOUT,
      ),
      this.#finishHooks(Math.max(rest, CLOSE_TIMEOUT)),
    ]);
    this.#context.node?.beginClose();
    await this.#context.rooms.rooms.close();
    await this.#context.node?.close();
    for (const each of this.#connections.keys()) each.abort();
    for (const each of connections) if (each.isOpening) each.abandon();
    this.#context.silence.stop();
    this.#context.stalls.stop();
    this.#context.telemetry?.close();
  }

  async #finishHooks(timeout: number): Promise<void> {
    const count = await this.#context.lifecycle?.finish(timeout) ?? 0;
    if (count === 0) return;
    const clients = count === 1 ? "1 client" : `${count} clients`;
    const hooks = `onConnect and onDisconnect of ${clients}`;
    this.log.warn("shutdown", `stopped waiting for ${hooks}`);
  }

  #controlTokens(): TokenControl {
    return new TokenControl({
      log: this.log,
      credentials: this.credentials,
      node: this.#context.node,
      closeAllOf: (credential, reason) =>
        closeAllWith(credential, this.#connections.keys(), reason),
      renewAllOf: (credential) =>
        connectionsWith(credential, this.#connections.keys())
          .forEach((each) => this.#renewals.set(each, credential.expires)),
    });
  }

  #createConnections(
    { loginTimeout }: Options["limits"],
  ): LiveConnections<ServerConnection> {
    // The context is created later, because it has the connections.
    return new LiveConnections<ServerConnection>({
      loginTimeout,
      upgrades: this.#upgrades,
      hasPlace: (peer) => this.#admission.hasPlace(peer),
      enter: (peer) => this.#admission.enter(peer),
      onConnection: () => {
        this.#context.stalls.start();
        this.#context.silence.start();
      },
      onEmpty: () => {
        this.#context.stalls.stop();
        this.#context.silence.stop();
      },
      stalled: () => this.#context.stalls.total(performance.now()),
    });
  }

  #createEvents(): ConnectionEvents {
    return {
      admit: (connection, decided) => {
        const result = this.#context.authenticator.confirm(decided);
        if (!isAuthenticated(result)) return result;
        const exceeded = this.#connections.admit(connection);
        if (exceeded !== undefined) return exceeded;
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
        this.#announcements.onClient();
        this.#clients.add(connection.client);
        this.#context.admin?.onConnected(connection.client);
        this.directory.add(connection.client);
        this.#users.add(connection.client.user, connection.client);
      },
      onClosed: (connection) => {
        this.#connections.close(connection);
        this.#renewals.delete(connection);
        this.#clients.delete(connection.client);
        this.directory.delete(connection.client);
        this.#users.delete(connection.client.user, connection.client);
      },
      onGone: (connection) => this.#connections.delete(connection),
      onOpenedLate: (connection) => this.#connections.resume(connection),
    };
  }

  /** Called before the client knows its new user. */
  #changeUser(client: Client, user: string | undefined): void {
    this.#users.delete(client.user, client);
    if (this.#clients.has(client)) this.#users.add(user, client);
  }
}
