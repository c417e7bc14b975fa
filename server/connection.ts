/**
 * One connection of a server: its WebSocket, its state machine and its requests.
 *
 * @module
 */

import { truncate } from "../common/text.ts";
import type { LoginRequest, RenewRequest } from "../protocol/client_frames.ts";
import { type CloseInfo, describeEnd } from "../protocol/close.ts";
import type { RemotePeer } from "./admission.ts";
import {
  type Authenticated,
  isAuthenticated,
  type LoginResult,
  type UpgradeContext,
} from "./authenticator.ts";
import {
  Backlog,
  type BacklogOwner,
  WORK_PER_TURN,
  workOf,
} from "./backlog.ts";
import { ClientState, ConnectedClient } from "./connected_client.ts";
import { ConnectionLog } from "./connection_log.ts";
import type { ServerContext } from "./context.ts";
import type { Credential } from "./credentials.ts";
import type { VisitOwner } from "./lifecycle.ts";
import type { Client } from "./message.ts";
import { MessageSender } from "./outgoing.ts";
import { rejectUnasked, Renewal, type RenewalFailure } from "./renewal.ts";
import { RequestHandler } from "./requests.ts";
import { Session } from "./session.ts";
import type { Batch, CloseEffect, Effect } from "./session_types.ts";
import { longestSilence } from "./silence.ts";
import type { Socket, SocketTraits, TransportOwner } from "./socket.ts";
import { Transport } from "./transport.ts";

/** What a connection reports to the hub. */
export interface ConnectionEvents {
  /**
   * Called when a login was decided, before the client gets the answer.
   *
   * @returns The same result, or the reason why the client cannot enter after all
   */
  admit(connection: ServerConnection, result: LoginResult): LoginResult;
  /** Called when the client has logged in, and its `onConnect` has finished. */
  onConnected(connection: ServerConnection): void;
  /**
   * Called when the renewal of a login was decided.
   *
   * @returns The same result, or the reason why the token is rejected after all
   */
  renew(
    connection: ServerConnection,
    result: LoginResult,
  ): Authenticated | RenewalFailure;
  /** Called when the connection has ended; its socket can still be closing. */
  onClosed(connection: ServerConnection): void;
  /** Called when the socket is gone; Deno can report this twice. */
  onGone(connection: ServerConnection): void;
  /** Called when the socket opens although its upgrade was probably lost. */
  onOpenedLate(connection: ServerConnection): void;
}

/** An entry of a batch. */
type Entry = Batch["entries"][number];

/** A connection of a server. */
export class ServerConnection implements TransportOwner, VisitOwner {
  readonly peer: RemotePeer;
  /** The client that listeners and handlers see */
  readonly client: Client;
  readonly #state = new ClientState();
  readonly #isTimed: boolean;
  readonly #context: ServerContext;
  readonly #events: ConnectionEvents;
  readonly #transport: Transport;
  readonly #session: Session;
  readonly #sender: MessageSender;
  readonly #requests: RequestHandler;
  /** Kept only for a login, because it holds the headers of the upgrade request */
  #upgrade: UpgradeContext | undefined;
  /** Created when the server first asks the client for a new token */
  #renewal: Renewal | undefined;
  #handlersEnded: Promise<unknown> | undefined;
  #onShutdown: (() => void) | undefined;
  /** Created for the first batch, and for a client that sends many frames */
  #backlog: Backlog<Entry> | undefined;
  /** The work for frames that did not wait, since the last pause */
  #work = 0;

  /**
   * Constructs a `ServerConnection`.
   *
   * @param id The number of the client
   * @param context The state of the server
   * @param events What to call when the connection changes
   * @param socket The WebSocket
   * @param upgrade What is known from the upgrade request
   * @param traits What is known about the client
   */
  constructor(
    id: number,
    context: ServerContext,
    events: ConnectionEvents,
    socket: Socket,
    upgrade: UpgradeContext,
    { isTimed = true, isExtended }: Partial<SocketTraits> = {},
  ) {
    this.#isTimed = isTimed;
    this.peer = upgrade.peer;
    this.#context = context;
    this.#events = events;
    this.#upgrade = upgrade;
    this.#session = new Session(context.rules, isExtended);
    const { log: serverLog, connectionLines } = context;
    const log = new ConnectionLog(serverLog, upgrade.peer, connectionLines);
    this.#transport = new Transport(socket, context, log, this);
    this.#sender = new MessageSender(context, this.#transport, id);
    this.client = new ConnectedClient(
      id,
      upgrade.peer.address,
      this.#state,
      this.#transport,
      this.#sender,
      context.rooms,
    );
    this.#requests = new RequestHandler(
      context,
      this.client,
      this.#transport,
      this.#sender,
    );
    this.#state.requests = this.#requests;
  }

  /** Whether the connection has ended; its socket can still be closing */
  get isClosed(): boolean {
    return this.#transport.closed !== undefined;
  }

  /** The token that the client logged in with, if the server has it */
  get credential(): Credential | undefined {
    return this.#state.authenticated?.credential;
  }

  /** The bytes that wait until the client reads */
  get bufferedBytes(): number {
    return this.#transport.bufferedBytes;
  }

  /** Whether requests of the client are in progress */
  get isBusy(): boolean {
    return this.#requests.isBusy;
  }

  /** Resolves when the handlers of all streams have ended; set when the connection has */
  get handlersEnded(): Promise<unknown> | undefined {
    return this.#handlersEnded;
  }

  /** Closes the connection. */
  close(code: number, reason: string): void {
    this.#transport.close(code, reason);
  }

  /** Closes the connection after its requests, and resolves when it is closed. */
  shutdown(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#transport.closed !== undefined) resolve();
    else this.#onShutdown = resolve;
    this.#requests.shutdown();
    return promise;
  }

  /** Closes the connection because the server shuts down. */
  closeForShutdown(): void {
    this.#transport.closeForShutdown();
  }

  /** Logs that the client has connected. */
  announce(): void {
    this.#transport.log.connected();
  }

  /** Whether the upgrade has not been completed yet, and perhaps never will be */
  get isOpening(): boolean {
    return this.#transport.isOpening;
  }

  /** Waits for an upgrade that is probably lost. */
  awaitOpening(): void {
    this.#transport.awaitOpening();
  }

  /** Ends the connection without waiting for its upgrade. */
  abandon(): void {
    this.#transport.abandon();
  }

  /** Ends a socket whose client has not answered the Close frame. */
  abort(): void {
    this.#transport.abort();
  }

  /** Called when the time for the login has expired. */
  expire(): void {
    this.#apply(this.#session.expireLogin());
  }

  /** Asks the client for a new token, because its token expires. */
  askForToken(): void {
    if (!this.#transport.features.has("renew")) return;
    this.#renewal ??= this.#createRenewal();
    this.#renewal.ask();
  }

  onFrame(frame: unknown): void {
    const isLogin = this.#session.state === "login";
    this.#transport.log.received(frame, isLogin);
    if (isLogin && this.#context.authenticator.locksOut(this.peer)) {
      return this.#apply(this.#session.rejectUnread(frame));
    }
    if (this.#transport.closed !== undefined) return;
    const now = performance.now();
    // The login has a limit of its own.
    if (!isLogin && !this.#requests.admitFrame(frame, now)) return;
    if (this.#backlog?.keep(frame, now)) return;
    this.#receive(frame, now);
    this.#backlog?.run(now);
    this.#work += workOf(frame);
    if (this.#work >= WORK_PER_TURN) this.#pause();
  }

  onClosed(info: CloseInfo, how: string): void {
    this.#session.close();
    this.#dropUpgrade();
    this.#events.onClosed(this);
    this.#context.rooms.onClosed(this.#transport, info);
    this.#transport.log.disconnected(how);
    this.#sender.pending?.close(info);
    this.#handlersEnded = this.#requests.close();
    this.#state.onClosed(info);
    this.#onShutdown?.();
    // Last, because it can report that the socket is gone.
    this.#backlog?.clear();
  }

  onGone(): void {
    this.#events.onGone(this);
  }

  onConnected(): void {
    this.#transport.join();
    this.#events.onConnected(this);
    this.#requests.release();
  }

  onOpenedLate(): void {
    this.#events.onOpenedLate(this);
  }

  finishFrames(next: () => void): boolean {
    return this.#backlog?.finish(next) ?? false;
  }

  #receive(frame: unknown, now: number): void {
    const effect = this.#session.receive(frame);
    if (effect.kind !== "batch") return this.#apply(effect, now);
    this.#backlog ??= this.#createBacklog();
    this.#backlog.start(effect.entries);
  }

  /** Gives other clients a turn. */
  #pause(): void {
    this.#work = 0;
    this.#backlog ??= this.#createBacklog();
    this.#backlog.pause();
  }

  #createBacklog(): Backlog<Entry> {
    const owner: BacklogOwner<Entry> = {
      apply: (entry, now) =>
        this.#apply(this.#session.receiveEntry(entry), now),
      receive: (frame, now) => this.#receive(frame, now),
      onOverrun: (time) => this.#requests.admitOverrun(this.peer.network, time),
    };
    return new Backlog(owner, this.#context.scheduler);
  }

  #apply(effect: Effect, now = performance.now()): void {
    // An earlier request of the batch can have closed the connection.
    if (this.#transport.closed !== undefined) return;
    switch (effect.kind) {
      case "ignore":
        return;
      case "login":
        return this.#authenticate(effect);
      case "close":
        return this.#closeWith(effect);
      case "renew":
        return this.#renew(effect, now);
      default:
        return this.#requests.take(effect, now);
    }
  }

  #authenticate({ token, version }: LoginRequest): void {
    const upgrade = this.#upgrade!;
    // The version can be any string, which the application keeps and logs.
    const known = this.#state.version = truncate(version);
    const { authenticator } = this.#context;
    const result = authenticator.authenticate(token, known, upgrade);
    // Answer at once if possible, because another turn of the event loop costs more.
    if (!(result instanceof Promise)) return this.#finishLogin(result);
    void result.then((result) => this.#finishLogin(result));
  }

  #finishLogin(decided: LoginResult): void {
    // The client can have left in the meantime.
    if (this.#transport.closed !== undefined) return;
    const result = this.#events.admit(this, decided);
    if (!isAuthenticated(result) || result.expires === undefined) {
      this.#upgrade = undefined;
    }
    if (!isAuthenticated(result)) {
      return this.#apply(this.#session.rejectLogin(result));
    }
    this.#context.metrics.logins.accepted++;
    this.#state.authenticated = result;
    this.#transport.log.identify(result.identity);
    const effect = this.#session.acceptLogin();
    if (effect.kind !== "answer") return;
    this.#transport.send(effect.frame);
    // The answer can be too large for the limit of the server.
    if (this.#session.state !== "open") return;
    this.#transport.enable(this.#session.features);
    if (!this.#isTimed) this.#watchSilence();
    this.#transport.log.info("login", "logged in");
    const { member } = this.#session;
    // The other members must not see the client leave.
    if (member !== undefined) {
      this.#context.rooms.recognize(this.client, this.#transport, member);
    }
    this.#connect();
  }

  /** Calls `onConnect`; the requests of the client wait until it has finished. */
  #connect(): void {
    // A logger can close the connection while it logs the login.
    if (this.isClosed) return;
    const { lifecycle } = this.#context;
    if (lifecycle === undefined) return this.onConnected();
    const visit = lifecycle.visit(this, this.#transport.log);
    this.#state.visit = visit;
    visit.connect();
    if (visit.isConnecting) this.#requests.hold();
  }

  #watchSilence(): void {
    const { heartbeat } = this.#session;
    const { idleTimeout } = this.#context;
    this.#transport.watch(longestSilence(heartbeat, idleTimeout));
  }

  #renew(request: RenewRequest, now: number): void {
    if (this.#renewal?.take(request)) return;
    this.#requests.take(rejectUnasked(request), now);
  }

  #createRenewal(): Renewal {
    return new Renewal({
      context: this.#context,
      client: this.client,
      state: this.#state,
      transport: this.#transport,
      // Without a login function, nothing reads the upgrade request.
      upgrade: this.#upgrade ??= { peer: this.peer },
      confirm: (result) => this.#events.renew(this, result),
      reject: (answer) => this.#requests.take(answer, performance.now()),
    });
  }

  /** Drops the headers, because a stranger can keep its socket for any time. */
  #dropUpgrade(): void {
    if (this.#upgrade === undefined) return;
    this.#context.authenticator.abandon(this.#upgrade);
    this.#upgrade = undefined;
  }

  #closeWith(effect: CloseEffect): void {
    const { frame, failure, code, reason, isMalformedLogin } = effect;
    this.#context.metrics.countClose(effect);
    if (failure !== undefined) this.#transport.log.rejectedFrame(failure);
    if (isMalformedLogin) this.#context.authenticator.countFailure(this.peer);
    if (frame !== undefined) this.#transport.send(frame);
    this.#transport.close(code, reason, describeEnd(effect));
  }
}
