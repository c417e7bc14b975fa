/**
 * The server as its owner sees it.
 *
 * @module
 */

import type {
  Client,
  ClientMessage,
  OperationContext,
} from "./client_message.ts";
import { HoistError } from "./errors.ts";
import { makeHandler, type RequestInfo, text } from "./http.ts";
import { Hub } from "./hub.ts";
import { formatAddress, Listening } from "./listen.ts";
import { Log } from "./log.ts";
import type { Listener } from "./message.ts";
import type { OperationHandler } from "./operation.ts";
import {
  type ListenOptions,
  type ResolvedOptions,
  resolveOptions,
  type ServerOptions,
} from "./options.ts";
import type { JsonObject } from "./protocol.ts";

/**
 * A Hoist server. Made with `new`, it has no port of its own and is mounted with
 * {@linkcode Server.fetch} or listens later with {@linkcode Server.listen};
 * `serve` does both steps at once.
 *
 * @example Mount it beside other routes
 * ```ts
 * import { connect, Server } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * const hoist = new Server("test");
 * hoist.operation("add", ({ a, b }) => Number(a) + Number(b));
 *
 * await using http = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen: () => {} },
 *   (request, info) => hoist.fetch(request, info),
 * );
 * const url = `http://127.0.0.1:${http.addr.port}`;
 * await using connection = await connect("test", { url });
 * assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
 * ```
 */
export class Server implements AsyncDisposable {
  /** The token that the default login asks for */
  readonly token: string;
  /** Resolves when the server is closed and its port is free */
  readonly finished: Promise<void>;
  /**
   * Answers a request, as a handler of `Deno.serve`. It can be passed on without its
   * server: to `Deno.serve`, to a route of Hono, or as what `export default` gives
   * to `deno serve`.
   *
   * @param request The request, as `Deno.serve` made it: a copy cannot be upgraded
   * @param info Who sent it
   * @returns The answer
   */
  readonly fetch: (request: Request, info?: RequestInfo) => Response;

  readonly #options: ResolvedOptions<Server>;
  readonly #log: Log;
  readonly #hub: Hub;
  readonly #finishing = Promise.withResolvers<void>();
  #listening: Listening | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Constructs a `Server`.
   *
   * @param token The token that clients have to know; made at random if left out
   * @param options How the server behaves
   *
   * @throws {TypeError} If an option makes no sense
   * @throws {RangeError} If an option is out of its range
   */
  constructor(token?: string, options?: ServerOptions<Server>);
  /**
   * Constructs a `Server` with a token made at random.
   *
   * @param options How the server behaves
   */
  constructor(options: ServerOptions<Server>);
  constructor(
    token?: string | ServerOptions<Server>,
    options?: ServerOptions<Server>,
  ) {
    const resolved = resolveOptions(token, options);
    const { logger, logLevel: level, login } = resolved;
    this.#options = resolved;
    this.token = resolved.token;
    this.#log = new Log({ logger, level, secret: this.token });
    this.#hub = new Hub({
      ...resolved,
      log: this.#log,
      login: login && ((token, context) => login(this, token, context)),
    });
    this.finished = this.#finishing.promise;
    this.fetch = makeHandler(
      this.#log,
      (request, address) => this.#accept(request, address),
    );
    this.#attach();
  }

  /**
   * Listens on a port of its own, at once.
   *
   * @param options Where to listen
   * @returns This server
   *
   * @throws {Deno.errors.AddrInUse} If another program has the port
   * @throws {Deno.errors.NotCapable} If the permission is missing
   * @throws {RangeError} If the port is no port
   * @throws {HoistError} If the server listens already or is closed
   */
  listen(options: ListenOptions = {}): this {
    if (this.#closing !== undefined) {
      throw new HoistError(
        "Cannot listen: the server is closed, make a new one",
      );
    }
    if (this.#listening !== undefined) {
      throw new HoistError(
        `Cannot listen: the server already does, on ${this.url}`,
      );
    }
    // Detached until the port is taken: whoever tries again with the same signal
    // would otherwise keep each server that came to nothing.
    this.#detach();
    this.#listening = new Listening(options, this.fetch, (error) => {
      this.#log.exception("the HTTP server failed", error);
      return text(500, "Internal server error");
    });
    this.#attach();
    this.#announce();
    return this;
  }

  /**
   * The address and the port that are really bound.
   *
   * @throws {HoistError} If the server has no port of its own
   */
  get addr(): Deno.NetAddr {
    return this.#own().addr;
  }

  /**
   * The URL to connect to from this machine, such as `http://localhost:5000`.
   *
   * @throws {HoistError} If the server has no port of its own
   */
  get url(): string {
    return this.#own().url;
  }

  /** The clients that have logged in and not left; it changes as they come and go */
  get clients(): ReadonlySet<Client> {
    return this.#hub.clients;
  }

  /**
   * Calls a function with every message that no name was asked for.
   *
   * @param listener What to call
   * @returns Removes the listener when disposed of
   */
  receive(listener: Listener<ClientMessage>): Disposable;
  /**
   * Calls a function with every message of a name, or of one of several.
   *
   * Several listeners run one after the other: those to the name in the order of
   * their registration, then those to every message. The client learns that its
   * message is done when the last of them is. If one throws, the others still run,
   * and the client gets an error that does not say what was thrown.
   *
   * @param names The name of the messages, or several names
   * @param listener What to call; a promise that it returns is waited for
   * @returns Removes the listener when disposed of
   *
   * @throws {TypeError} If the list of names is empty or the listener no function
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.receive("hello", (message) => {
   *   message.reply("hi", { you: message.client.address });
   * });
   * server.receive(["start", "stop"], (message) => console.log(message.name));
   * server.receive((message) => console.log("something came:", message.name));
   * ```
   */
  receive(
    names: string | readonly string[],
    listener: Listener<ClientMessage>,
  ): Disposable;
  receive(
    names: string | readonly string[] | Listener<ClientMessage>,
    listener?: Listener<ClientMessage>,
  ): Disposable {
    return this.#hub.listeners.add(names, listener);
  }

  /**
   * Offers an operation. What the handler returns is the result that the client
   * gets; if it throws, the client gets an error that does not say what was thrown.
   *
   * @param name The name under which clients call it
   * @param handler What to call; a promise that it returns is waited for
   * @returns Removes the operation when disposed of
   *
   * @throws {TypeError} If the name is taken or the handler no function
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.operation("add", ({ a, b }) => Number(a) + Number(b));
   * ```
   */
  operation(
    name: string,
    handler: OperationHandler<OperationContext>,
  ): Disposable {
    return this.#hub.operations.add(name, handler);
  }

  /**
   * Sends a message to every client that has logged in.
   *
   * With many clients this takes several turns of the event loop, between which other
   * requests are answered. All clients get all broadcasts in the same order, and no
   * later message overtakes one.
   *
   * @param name The name of the message
   * @param data What the message carries along, an empty object if left out
   * @returns Resolves to the number of clients that the message was handed to
   *
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {HoistError} If the server is closed
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * assert.equal(await server.broadcast("news", { n: 1 }), 0);
   * ```
   */
  async broadcast(name: string, data: JsonObject = {}): Promise<number> {
    return await this.#hub.broadcast(name, data);
  }

  /**
   * Closes the server. New clients are refused and no further request is taken.
   * Clients are told that the server goes away (1001), those with requests under way
   * when these are answered or `closeTimeout` is over.
   *
   * @returns Resolves when the port is free; calling it again changes nothing
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Closes the server at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#log.info("shutdown", "closing the server");
    await this.#hub.close(this.#options.closeTimeout);
    await this.#listening?.close();
    this.#detach();
    this.#log.info("shutdown", "the server is closed");
    this.#finishing.resolve();
  }

  readonly #onAbort = (): void => void this.close();

  #attach(): void {
    const { signal } = this.#options;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  #detach(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  #accept(request: Request, address: string): Response {
    return this.#closing === undefined
      ? this.#hub.accept(request, address)
      : text(503, "The server is closing");
  }

  #own(): Listening {
    if (this.#listening !== undefined) return this.#listening;
    throw new HoistError(
      "Cannot tell the address: the server has no port of its own, call listen()",
    );
  }

  #announce(): void {
    const token = this.#options.hideToken ? "" : ` with token ${this.token}`;
    const address = formatAddress(this.addr);
    this.#log.info("startup", `starting server on ${address}${token}`);
    this.#log.http(() => `listening on ${this.url}`);
  }
}
