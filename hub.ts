/**
 * All the clients of one server: letting them in, reaching them, seeing them off.
 *
 * @module
 */

import type { LoginContext } from "./auth.ts";
import type { ClientMessage, OperationContext } from "./client_message.ts";
import type { Log } from "./log.ts";
import { Listeners } from "./message.ts";
import { Operations } from "./operation.ts";
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
  /** Decides who may log in; it may throw, reject and return anything. */
  readonly login: (token: string, context: LoginContext) => unknown;
}

/** All the clients of one server. */
export class Hub implements ClientHost {
  readonly log: Log;
  readonly token: string;
  readonly loginTimeout: number;
  readonly minimumVersion: string | undefined;
  readonly exposeErrors: boolean;
  readonly listeners = new Listeners<ClientMessage>();
  readonly operations = new Operations<OperationContext>();
  readonly #login: HubOptions["login"];
  /** Everyone with a socket, those who have not logged in included. */
  readonly #connections = new Set<ServerClient>();
  readonly #clients = new Set<ServerClient>();
  #lastClientId = 0;
  #lastMessageId = 0;
  #onEmpty = (): void => {};

  constructor(options: HubOptions) {
    this.log = options.log;
    this.token = options.token;
    this.loginTimeout = options.loginTimeout;
    this.minimumVersion = options.minimumVersion;
    this.exposeErrors = options.exposeErrors;
    this.#login = options.login;
  }

  /** Those who have logged in. */
  get clients(): ReadonlySet<ServerClient> {
    return this.#clients;
  }

  /**
   * Opens a WebSocket for a request.
   *
   * @throws {TypeError} If the request cannot be upgraded
   */
  accept(request: Request, address: string): Response {
    // After the upgrade the request cannot be read any more.
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    const origin: Origin = { address, url, headers };
    const { socket, response } = Deno.upgradeWebSocket(request);
    const client = new ServerClient(++this.#lastClientId, this, socket, origin);
    this.#connections.add(client);
    return response;
  }

  /** Sends a frame to everyone who has logged in; returns how many that were. */
  send(frame: string): number {
    let count = 0;
    for (const client of this.#clients) if (client.send(frame)) count++;
    return count;
  }

  /** Sees all clients off, those with requests under way within `timeout`. */
  async close(timeout: number): Promise<void> {
    const connections = [...this.#connections];
    const drained = Promise.all(connections.map((client) => client.drain()));
    await settlesWithin(drained, timeout);
    for (const client of connections) client.dismiss();
    await settlesWithin(this.#emptied(), GRACE);
  }

  nextMessageId(): number {
    return ++this.#lastMessageId;
  }

  async authenticate(token: string, context: LoginContext): Promise<boolean> {
    try {
      return await this.#login(token, context) === true;
    } catch (error) {
      this.log.exception(
        `${context.address}: the login function failed`,
        error,
        token,
      );
      return false;
    }
  }

  join(client: ServerClient): void {
    this.#clients.add(client);
  }

  leave(client: ServerClient): void {
    this.#clients.delete(client);
  }

  forget(client: ServerClient): void {
    this.#connections.delete(client);
    if (this.#connections.size === 0) this.#onEmpty();
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
  }
}
