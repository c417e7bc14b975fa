/**
 * All the clients of one server: letting them in, reaching them, seeing them off.
 *
 * @module
 */

import type { LoginContext } from "./auth.ts";
import { Broadcasts } from "./broadcasts.ts";
import type { ClientMessage, OperationContext } from "./client_message.ts";
import { Deadlines } from "./deadlines.ts";
import { describeMessage, encodeMessage, encodeSuccess } from "./encode.ts";
import { HoistError } from "./errors.ts";
import type { Log } from "./log.ts";
import { Listeners } from "./message.ts";
import { Operations } from "./operation.ts";
import type { JsonObject } from "./protocol.ts";
import { type ClientHost, type Origin, ServerClient } from "./server_client.ts";
import { settlesWithin } from "./timers.ts";

/** How long the clients get to answer a Close frame, in milliseconds. */
const GRACE = 1_000;

/** What a hub is made of. */
export interface HubOptions {
  readonly log: Log;
  readonly token: string;
  readonly loginTimeout: number;
  readonly minimumVersion: string | undefined;
  readonly exposeErrors: boolean;
  /**
   * Decides who may log in; it may throw, reject and return anything. `defaultLogin`
   * if `undefined`.
   */
  readonly login:
    | ((token: string, context: LoginContext) => unknown)
    | undefined;
}

/** Loaded at the first login: with it, `node:crypto` would double the time to start. */
let auth: typeof import("./auth.ts") | undefined;

/** All the clients of one server. */
export class Hub implements ClientHost {
  readonly log: Log;
  readonly token: string;
  readonly minimumVersion: string | undefined;
  readonly exposeErrors: boolean;
  readonly listeners = new Listeners<ClientMessage>();
  readonly operations = new Operations<OperationContext>();
  readonly #login: HubOptions["login"];
  /** Those who have not logged in yet. */
  readonly #logins: Deadlines<ServerClient>;
  /** Everyone with a socket, those who have not logged in included. */
  readonly #connections = new Set<ServerClient>();
  readonly #broadcasts = new Broadcasts<ServerClient>((turn) =>
    void setImmediate(turn)
  );
  #lastClientId = 0;
  #lastMessageId = 0;
  /** Whether nobody is left to be told anything, and no handler to tell it. */
  #closed = false;
  #onEmpty = (): void => {};

  constructor(options: HubOptions) {
    this.log = options.log;
    this.token = options.token;
    this.#logins = new Deadlines(options.loginTimeout);
    this.minimumVersion = options.minimumVersion;
    this.exposeErrors = options.exposeErrors;
    this.#login = options.login;
  }

  /** Those who have logged in. */
  get clients(): ReadonlySet<ServerClient> {
    return this.#broadcasts.recipients;
  }

  /**
   * Opens a WebSocket for a request.
   *
   * @throws {TypeError} If the request cannot be upgraded
   */
  accept(request: Request, address: string): Response {
    const origin = this.#originOf(request, address);
    const { socket, response } = Deno.upgradeWebSocket(request);
    const client = new ServerClient(++this.#lastClientId, this, socket, origin);
    this.#connections.add(client);
    this.#logins.add(client);
    this.log.info("connect", `${address} has connected`);
    return response;
  }

  /** Sends a message to everyone who has logged in; resolves to how many got it. */
  broadcast(name: string, data: JsonObject): Promise<number> {
    const subject = () => this.log.redact(describeMessage(name));
    if (this.#closed) {
      throw new HoistError(
        `Cannot broadcast ${subject()}: the server is closed`,
      );
    }
    const message = encodeMessage(name, data, null, this.nextMessageId());
    const frame = encodeSuccess(null, "s_newmsg", message);
    if (this.clients.size === 0) {
      this.log.warn(
        "broadcast",
        `no clients are connected to get ${subject()}`,
      );
    }
    return this.#broadcasts.send(frame);
  }

  /** Sees all clients off, those with requests under way within `timeout`. */
  async close(timeout: number): Promise<void> {
    const connections = [...this.#connections];
    const drained = Promise.all(connections.map((client) => client.drain()));
    await settlesWithin(drained, timeout);
    for (const client of connections) client.dismiss();
    await settlesWithin(this.#emptied(), GRACE);
    this.#closed = true;
  }

  nextMessageId(): number {
    return ++this.#lastMessageId;
  }

  authenticate(
    token: string,
    version: string,
    { address, request }: Origin,
  ): boolean | Promise<boolean> {
    const login = this.#login;
    if (login !== undefined && request !== undefined) {
      const context = { address, version, ...request };
      return this.#ask(address, token, () => login(token, context));
    }
    return auth?.defaultLogin(this, token) ??
      this.#ask(address, token, async () => {
        auth = await import("./auth.ts");
        return auth.defaultLogin(this, token);
      });
  }

  join(client: ServerClient): void {
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
    this.#connections.delete(client);
    if (this.#connections.size === 0) this.#onEmpty();
  }

  /** What a login says; one that fails refuses. */
  async #ask(
    address: string,
    token: string,
    login: () => unknown,
  ): Promise<boolean> {
    try {
      return await login() === true;
    } catch (error) {
      const text = `${address}: the login function failed`;
      this.log.exception(text, error, token);
      return false;
    }
  }

  #originOf(request: Request, address: string): Origin {
    // Only a login of the host looks at it, and copying it takes its time.
    if (this.#login === undefined) return { address };
    // After the upgrade the request cannot be read any more.
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    return { address, request: { url, headers } };
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }
}
