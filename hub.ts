/**
 * All the clients of one server: letting them in, reaching them, seeing them off.
 *
 * @module
 */

import { Admission, type AdmissionOptions, type Peer } from "./admission.ts";
import type { LoginContext } from "./auth.ts";
import { MAX_BATCH } from "./batch.ts";
import { type BroadcastResult, Broadcasts } from "./broadcasts.ts";
import { assertLength } from "./bytes.ts";
import type { Admittance, ClientHost, Grant, Origin } from "./client_host.ts";
import type { ClientMessage, OperationContext } from "./client_message.ts";
import {
  type Credential,
  Credentials,
  type NamedToken,
} from "./credentials.ts";
import { Deadlines } from "./deadlines.ts";
import { describeMessage, encodeMessage, encodeSuccess } from "./encode.ts";
import { CloseCode, HoistError } from "./errors.ts";
import { SUBPROTOCOL } from "./features.ts";
import {
  type HandlerHost,
  offersSubprotocol,
  PROTOCOL_HEADER,
  text,
} from "./http.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import { Listeners } from "./message.ts";
import { Operations } from "./operation.ts";
import type { JsonObject } from "./protocol.ts";
import { Throttle } from "./rate.ts";
import { ServerClient } from "./server_client.ts";
import type { SessionRules } from "./session.ts";
import { settlesWithin } from "./timers.ts";
import { inTurns } from "./turns.ts";

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
  readonly exposeErrors: boolean;
  readonly onSlow: "disconnect" | "skip";
  /**
   * Decides who may log in; it may throw, reject and return anything. The tokens
   * decide if `undefined`.
   */
  readonly login:
    | ((token: string, context: LoginContext) => unknown)
    | undefined;
}

/** Loaded at the first login: with it, `node:crypto` would double the time to start. */
let auth: Auth | undefined;

type Auth = typeof import("./auth.ts");

/** All the clients of one server. */
export class Hub implements ClientHost, HandlerHost {
  readonly log: Log;
  readonly limits: ResolvedLimits;
  readonly rules: SessionRules;
  readonly exposeErrors: boolean;
  readonly skipsSlow: boolean;
  readonly listeners = new Listeners<ClientMessage>();
  readonly operations = new Operations<OperationContext>();
  readonly credentials: Credentials;
  closing: { readonly clients: number } | undefined;
  readonly #login: HubOptions["login"];
  readonly #admission: Admission;
  /** Those who have not logged in yet. */
  readonly #logins: Deadlines<ServerClient>;
  /** Everyone with a socket, those who have not logged in included. */
  readonly #connections = new Set<ServerClient>();
  readonly #broadcasts: Broadcasts<ServerClient>;
  readonly #refusals = new Throttle(REFUSALS_PER_SECOND, MAX_REFUSALS);
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
    this.#login = options.login;
    this.#admission = new Admission(options);
    this.#logins = new Deadlines(limits.loginTimeout);
    this.#broadcasts = new Broadcasts(
      (turn) => void setImmediate(turn),
      Math.min(MAX_BATCH, limits.maxBuffered),
    );
    this.credentials = new Credentials(
      options.token,
      options.tokens,
      (credential) => void this.#dismiss(credential, "token expired"),
    );
  }

  /** Those who have logged in. */
  get clients(): ReadonlySet<ServerClient> {
    return this.#broadcasts.recipients;
  }

  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /**
   * Opens a WebSocket for a request, if limits allow it.
   *
   * @throws {TypeError} If the request cannot be upgraded
   */
  accept(request: Request, remote: Deno.Addr | undefined): Response {
    if (this.isClosing) return text(503, "The server is closing");
    const peer = this.#admission.peerOf(request, remote);
    const open = this.#connections.size;
    const refusal = this.#admission.refusal(request, peer, open);
    if (refusal !== undefined) {
      this.#reportRefusal(`${peer.address}: ${refusal.reason}`);
      return refusal.response;
    }
    const origin = this.#originOf(request, peer);
    const offersOurs = offersSubprotocol(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    // As an option, Deno takes it only if there is a space after each comma.
    if (offersOurs) response.headers.set(PROTOCOL_HEADER, SUBPROTOCOL);
    const client = new ServerClient(++this.#lastClientId, this, socket, origin);
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
    await settlesWithin(drain(connections), timeout);
    await inTurns(connections, (client) => client.dismiss());
    await settlesWithin(this.#emptied(), GRACE);
    this.#closed = true;
  }

  nextMessageId(): number {
    return ++this.#lastMessageId;
  }

  authenticate(
    token: string,
    version: string,
    origin: Origin,
  ): Admittance | Promise<Admittance> {
    const { peer, request } = origin;
    if (this.#admission.lockout(peer) > 0) return "locked out";
    const login = this.#login;
    if (login !== undefined && request !== undefined) {
      const context = { address: peer.address, version, ...request };
      const decide = async () => grantOf(await login(token, context));
      return this.#ask(origin, token, decide);
    }
    if (auth !== undefined) return this.#find(auth, token, peer);
    return import("./auth.ts").then((loaded) => {
      auth = loaded;
      return this.#find(auth, token, peer);
    });
  }

  join(client: ServerClient): void {
    this.#saidNobody = false;
    this.#logins.delete(client);
    this.#broadcasts.join(client);
  }

  catchUp(client: ServerClient): void {
    this.#broadcasts.catchUp(client);
  }

  leave(client: ServerClient): void {
    this.#logins.delete(client);
    this.#broadcasts.leave(client);
  }

  forget(client: ServerClient): void {
    // Deno closes some sockets twice.
    if (!this.#connections.delete(client)) return;
    this.#admission.leave(client.peer);
    if (this.#connections.size === 0) this.#onEmpty();
  }

  /** What a login says; one that fails refuses. */
  async #ask(
    { peer }: Origin,
    token: string,
    decide: () => Promise<Grant | undefined>,
  ): Promise<Admittance> {
    try {
      return this.#checked(await decide(), peer);
    } catch (error) {
      const text = `${peer.address}: the login function failed`;
      this.log.exception(text, error, token);
      // Many a login throws at a token that is wrong, others when their database is away.
      const admittance = this.#checked(undefined, peer);
      return admittance === "refused" ? "failed" : admittance;
    }
  }

  #find({ findToken }: Auth, token: string, peer: Peer): Admittance {
    const credential = findToken(this.credentials.current(), token);
    // Whoever was just closed because its token is over has not guessed one.
    const isRetired = findToken(this.credentials.retired, token) !== undefined;
    return credential === undefined && isRetired ? "refused" : this.#checked(
      credential && { identity: credential.identity, credential },
      peer,
    );
  }

  /** Whoever guesses many tokens at once is not let in by the one that is right. */
  #checked(grant: Grant | undefined, peer: Peer): Admittance {
    const isLockedOut = this.#admission.lockout(peer) > 0;
    if (grant === undefined) this.#admission.fail(peer);
    return isLockedOut ? "locked out" : grant ?? "refused";
  }

  #originOf(request: Request, peer: Peer): Origin {
    // Only a login of the host looks at it, and copying it takes its time.
    if (this.#login === undefined) return { peer };
    // After the upgrade the request cannot be read any more.
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    return { peer, request: { url, headers } };
  }

  /** Writes a line, if not too many were written: it costs a stranger next to nothing. */
  #reportRefusal(text: string): void {
    const line = this.#refusals.pass(text, performance.now());
    if (line !== undefined) this.log.warn("refuse", line);
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }
}

/** What the login function of the host makes of a client. */
function grantOf(decision: unknown): Grant | undefined {
  if (decision === true) return { identity: undefined };
  if (decision instanceof Error) throw decision;
  return typeof decision === "object" && decision !== null
    ? { identity: decision }
    : undefined;
}

/** Resolves when all clients have been answered and told that the server closes. */
async function drain(clients: readonly ServerClient[]): Promise<void> {
  const drained: Promise<void>[] = [];
  await inTurns(clients, (client) => drained.push(client.drain()));
  await Promise.all(drained);
}
