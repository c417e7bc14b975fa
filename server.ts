/**
 * The server as its owner sees it.
 *
 * @module
 */

import type { DecisionOf, IdentityOf, LoginDecision } from "./auth.ts";
import { HoistError } from "./common/errors.ts";
import { formatAddress } from "./common/ip.ts";
import type { JsonObject } from "./common/json.ts";
import type { Listener } from "./common/listeners.ts";
import type {
  Contract,
  DataSchema,
  OperationSchemas,
} from "./contract/contract.ts";
import type {
  DataIn,
  EntryIn,
  EventName,
  LooseIn,
  MessageName,
  NameIn,
  OpenContract,
  OptionalData,
} from "./contract/infer.ts";
import type { OutputOf } from "./contract/schema.ts";
import type { BroadcastResult } from "./server/broadcaster.ts";
import type { TokenDecision } from "./server/credentials.ts";
import { type Handler, makeHandler, text } from "./server/http.ts";
import { Hub } from "./server/hub.ts";
import { Port } from "./server/listen.ts";
import { Log } from "./server/log.ts";
import type {
  AnyMessage,
  Client,
  ClientMessage,
  HandlerIn,
  OperationContext,
  OperationHandler,
  ReceivedMessage,
} from "./server/message.ts";
import {
  checkDelay,
  type CloseOptions,
  type ListenOptions,
  reportUnknown,
  type ResolvedOptions,
  resolveOptions,
  type RotateOptions,
  type ServerOptions,
} from "./server/options.ts";
import { reportMissing } from "./server/registry.ts";
/** Ends something once, when it is asked to or a signal aborts. */
export type {
  DecisionOf,
  IdentityOf,
  Login,
  LoginContext,
  LoginDecision,
} from "./auth.ts";
export {
  CloseCode,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  FeatureError,
  HoistError,
  NoReplyError,
  ResponseError,
  TimeoutError,
  ValidationError,
} from "./common/errors.ts";
export type { RequestOptions } from "./common/async.ts";
export type { Issue, SchemaIssue } from "./common/issues.ts";
export type { Json, JsonObject } from "./common/json.ts";
export type { Listener } from "./common/listeners.ts";
export type { Logger, LogLevel } from "./common/logger.ts";
export type {
  Contract,
  ContractDescription,
  DataSchema,
  MessageDescription,
  MessageSchemas,
  OperationDescription,
  OperationSchemas,
} from "./contract/contract.ts";
export { defineContract } from "./contract/define.ts";
export type { OpenContract } from "./contract/infer.ts";
export type {
  InputOf,
  OutputOf,
  Schema,
  SchemaProperties,
  SchemaResult,
} from "./contract/schema.ts";
export type { CloseInfo } from "./protocol/close.ts";
export type { Feature } from "./protocol/features.ts";
export { Message, type WireMessage } from "./protocol/message.ts";
export type { BroadcastResult } from "./server/broadcaster.ts";
export type {
  NamedToken,
  TokenDecision,
  TokenIdentity,
} from "./server/credentials.ts";
export type { Handler, RequestInfo } from "./server/http.ts";
export type { Limits } from "./server/limits.ts";
export { debug, type DebugOptions } from "./server/log.ts";
export {
  type Client,
  ClientMessage,
  type OperationContext,
  type OperationHandler,
} from "./server/message.ts";
export type {
  CloseOptions,
  ListenOptions,
  RotateOptions,
  ServerOptions,
} from "./server/options.ts";

export class Lifetime {
  /** Resolves when it has ended */
  readonly finished: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #end: (timeout: number | undefined) => Promise<void>;
  readonly #finishing = Promise.withResolvers<void>();
  readonly #onAbort = (): void => void this.end(undefined);
  #ending: Promise<void> | undefined;

  /**
   * Constructs a `Lifetime`.
   *
   * @param signal Ends it when aborted
   * @param end Does what has to be done, within the time that it is given; never rejects
   */
  constructor(
    signal: AbortSignal | undefined,
    end: (timeout: number | undefined) => Promise<void>,
  ) {
    this.#signal = signal;
    this.#end = end;
    this.finished = this.#finishing.promise;
  }

  /** Whether it has ended or is about to */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** Ends it, if nobody has before; resolves when it has ended. */
  end(timeout: number | undefined): Promise<void> {
    return this.#ending ??= this.#run(timeout);
  }

  /** Listens to the signal. */
  attach(): void {
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#signal?.aborted) this.#onAbort();
  }

  /** Lets go of the signal. */
  detach(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  async #run(timeout: number | undefined): Promise<void> {
    await this.#end(timeout);
    this.detach();
    this.#finishing.resolve();
  }
}

/**
 * Options of {@linkcode serve} and {@linkcode start}; `Decision` is what `login`
 * resolves to, and `Of` the contract
 */
export interface ServeOptions<
  Decision extends LoginDecision = LoginDecision,
  Of extends Contract = OpenContract,
> extends ServerOptions<Server, Decision, Of>, ListenOptions {}

/**
 * Starts a server, which listens when the function returns.
 *
 * @param token The token that clients have to know; made at random if left out
 * @param options Where the server listens and how it behaves
 * @returns The server, which an `await using` block closes at its end
 *
 * @throws {TypeError} If an option makes no sense
 * @throws {RangeError} If an option is out of its range
 * @throws {Deno.errors.AddrInUse} If another program has the port
 * @throws {Deno.errors.NotCapable} If the permission is missing
 * @throws The reason of the signal, if it is aborted already
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("hello", (message) => {
 *   message.reply("hi");
 * });
 * ```
 */
export function serve<
  Decision extends LoginDecision = TokenDecision,
  Of extends Contract = OpenContract,
>(
  token?: string,
  options?: ServeOptions<Decision, Of>,
): Server<IdentityOf<Decision>, Of>;

/**
 * Starts a server with a token made at random, see {@linkcode Server.token}.
 *
 * @param options Where the server listens and how it behaves
 * @returns The server, which an `await using` block closes at its end
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve({ hostname: "127.0.0.1", port: 0, tokenLength: 8 });
 * assert.equal(server.token.length, 8);
 * ```
 */
export function serve<
  Decision extends LoginDecision = TokenDecision,
  Of extends Contract = OpenContract,
>(options: ServeOptions<Decision, Of>): Server<IdentityOf<Decision>, Of>;

export function serve(
  tokenOrOptions?: string | ServeOptions,
  options: ServeOptions = {},
): Server<object | undefined> {
  if (typeof tokenOrOptions === "object" && tokenOrOptions !== null) {
    return serve(undefined, tokenOrOptions);
  }
  options.signal?.throwIfAborted();
  return new Server(tokenOrOptions, options).listen(options);
}

/**
 * Starts a server that outlives the block it is started in: the same as
 * {@linkcode serve}, for code that says `const` instead of `await using`. It runs
 * until its `close` is called, its `signal` aborts or the program ends.
 *
 * @param token The token that clients have to know; made at random if left out
 * @param options Where the server listens and how it behaves
 * @returns The server
 *
 * @example
 * ```ts
 * import { start } from "@hoist/cli";
 *
 * const server = start("test", { hostname: "127.0.0.1", port: 0 });
 * await server.close();
 * ```
 */
export const start: typeof serve = serve;

const CLOSED = "Cannot listen: the server is closed, make a new one";

/**
 * A Hoist server. Made with `new`, it has no port of its own and is mounted with
 * {@linkcode Server.fetch} or listens later with {@linkcode Server.listen};
 * `serve` does both steps at once.
 *
 * `Identity` is the type of `client.identity`, and `Of` the contract. `serve` finds both
 * out; with `new`, name the first where `login` may say `true`, and the second with it:
 * `new Server<User | undefined, typeof contract>(…)`.
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
export class Server<
  Identity = unknown,
  Of extends Contract = OpenContract,
> implements AsyncDisposable {
  /** Resolves when the server is closed and its port is free */
  readonly finished: Promise<void>;
  /**
   * Answers a request, as a handler of `Deno.serve`. It can be passed on without its
   * server: to `Deno.serve`, to a route of Hono, or to `deno serve`.
   *
   * @param request The request, as `Deno.serve` made it: a copy cannot be upgraded
   * @param info Who sent it: without it all clients count for one address
   * @returns The answer
   */
  readonly fetch: Handler;

  readonly #options: ResolvedOptions<Server>;
  readonly #log: Log;
  readonly #hub: Hub;
  readonly #port = new Port();
  readonly #lifetime: Lifetime;

  /**
   * Constructs a `Server`.
   *
   * @param token The token that clients have to know, made at random if left out; or
   * the options
   * @param options How the server behaves
   *
   * @throws {TypeError} If an option makes no sense
   * @throws {RangeError} If an option is out of its range
   */
  constructor(
    token?: string | ServerOptions<Server, DecisionOf<Identity>, Of>,
    options?: ServerOptions<Server, DecisionOf<Identity>, Of>,
  ) {
    const resolved = resolveOptions(token, options);
    const { login } = resolved;
    // Whoever decides about a login is not concerned with the contract.
    const general = this as unknown as Server;
    this.#options = resolved;
    this.#log = new Log(resolved);
    reportUnknown(this.#log, resolved.unknown);
    this.#hub = new Hub({
      ...resolved,
      log: this.#log,
      login: login && ((token, context) => login(general, token, context)),
    });
    reportMissing(this.#log, this.#hub.registry);
    this.fetch = makeHandler(this.#hub);
    this.#lifetime = new Lifetime(resolved.signal, (time) => this.#close(time));
    this.finished = this.#lifetime.finished;
    this.#lifetime.attach();
  }

  /** The token of the server; an empty text if it has only named ones */
  get token(): string {
    return this.#hub.credentials.token;
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
    if (this.#lifetime.isEnding) throw new HoistError(CLOSED);
    this.#port.assertFree();
    // Detached until the port is taken: whoever tries again with the same signal
    // would otherwise keep each server that came to nothing.
    this.#lifetime.detach();
    this.#port.open(options, this.fetch, (error) => {
      this.#log.exception("the HTTP server failed", error);
      return text(500, "Internal server error");
    });
    this.#lifetime.attach();
    announce(this.#log, this, this.#options);
    return this;
  }

  /**
   * The address and the port that are really bound.
   *
   * @throws {HoistError} If the server has no port of its own
   */
  get addr(): Deno.NetAddr {
    return this.#port.listening.addr;
  }

  /**
   * The URL to connect to from this machine, such as `http://localhost:5000`.
   *
   * @throws {HoistError} If the server has no port of its own
   */
  get url(): string {
    return this.#port.listening.url;
  }

  /** The clients that have logged in and not left; it changes as they come and go */
  get clients(): ReadonlySet<Client<Identity, Of>> {
    const clients: ReadonlySet<unknown> = this.#hub.clients;
    return clients as ReadonlySet<Client<Identity, Of>>;
  }

  /**
   * Calls a function with every message, whatever its name.
   *
   * @param listener What to call
   * @returns Removes the listener when disposed of
   */
  receive(listener: Listener<AnyMessage<Identity, Of>>): Disposable;
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
   * @throws {TypeError} If the list of names is empty, a name not in the contract, or
   * the listener no function
   */
  receive<Name extends MessageName<Of>>(
    names: Name | readonly Name[],
    listener: Listener<ReceivedMessage<Identity, Of, Name>>,
  ): Disposable;
  /**
   * The same with a schema, for a server without a contract. The client is told what
   * does not fit (`INVALID_CONTENT`), and the listener is not called then.
   *
   * @param names The name of the messages, or several names
   * @param schema What the messages have to carry
   * @param listener What to call with those that do
   * @returns Removes the listener when disposed of
   *
   * @throws {TypeError} If the schema is none, or the server has a contract
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import { z } from "zod";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.receive("hello", z.object({ name: z.string() }), (message) => {
   *   message.reply("hi", { text: `welcome, ${message.data.name.trim()}` });
   * });
   * server.receive(["start", "stop"], (message) => console.log(message.name));
   * server.receive((message) => console.log("something came:", message.name));
   * ```
   */
  receive<Data extends DataSchema>(
    names: string extends MessageName<Of> ? string | readonly string[] : never,
    schema: Data,
    listener: Listener<ClientMessage<Identity, OutputOf<Data>>>,
  ): Disposable;
  receive(...given: never[]): Disposable {
    const rest: unknown[] = [...given];
    const listener = rest.pop() as Listener<ClientMessage>;
    const [names, schema] = rest as [string?, DataSchema?];
    const { registry } = this.#hub;
    return names === undefined
      ? registry.listeners.add(listener)
      : registry.receive(names, listener, schema);
  }

  /**
   * Offers an operation. What the handler returns is the result that the client gets,
   * and an async generator makes a stream of what it yields; if it throws, the client
   * gets an error that does not say what was thrown.
   *
   * @param name The name under which clients call it
   * @param handler What to call; a promise that it returns is waited for
   * @returns Removes the operation when disposed of
   *
   * @throws {TypeError} If the name is taken or not in the contract, or the handler no
   * function
   */
  operation<Name extends NameIn<Of["operations"]>>(
    name: Name,
    handler: HandlerIn<Identity, Of, Of["operations"][Name]>,
  ): Disposable;
  /**
   * The same with schemas, for a server without a contract. The client is told which
   * arguments do not fit (`INVALID_CONTENT`), and the handler is not called then; a result
   * that does not fit is a failure of the operation.
   *
   * @param name The name under which clients call it
   * @param schemas What the handler takes, and what its result or its items have to be
   * @param handler What to call
   * @returns Removes the operation when disposed of
   *
   * @throws {TypeError} If the schemas are none, or the server has a contract
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import { z } from "zod";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * const input = z.object({ a: z.number(), b: z.number() });
   * server.operation("add", { input, output: z.number() }, ({ a, b }) => a + b);
   * server.operation("count", async function* ({ to }) {
   *   for (let n = 1; n <= Number(to); n++) yield n;
   * });
   * ```
   */
  operation<Schemas extends OperationSchemas>(
    name: string extends NameIn<Of["operations"]> ? string : never,
    schemas: Schemas,
    handler: HandlerIn<Identity, OpenContract, LooseIn<Schemas>>,
  ): Disposable;
  // That no call fits, so that no error of the compiler speaks of it.
  operation(name: never, ...given: never[]): Disposable {
    const rest: unknown[] = [...given];
    const handler = rest.pop() as OperationHandler<OperationContext, never>;
    const [schemas] = rest as [OperationSchemas?];
    return this.#hub.registry.operation(name, handler, schemas);
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
   * @returns Resolves to what became of it, in numbers of clients
   *
   * @throws {TypeError} If the data is no object that JSON can hold
   * @throws {RangeError} If it is larger than `limits.maxBuffered`
   * @throws {HoistError} If the server is closed
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * const { delivered } = await server.broadcast("news", { n: 1 });
   * assert.equal(delivered, 0);
   * ```
   */
  async broadcast<Name extends EventName<Of>>(
    name: Name,
    ...data: OptionalData<DataIn<EntryIn<Of["events"], Name>>>
  ): Promise<BroadcastResult> {
    const [given = {}] = data;
    return await this.#hub.broadcast(name, given as JsonObject);
  }

  /**
   * Takes one of the named `tokens` no more, for as long as this server lasts, and
   * closes those who logged in with it (1008).
   *
   * @param name The name of the token
   * @returns The number of clients that were closed
   *
   * @throws {TypeError} If there is no token of that name
   */
  revoke(name: string): number {
    return this.#hub.revoke(name);
  }

  /**
   * Takes another token from now on. The old one is taken until `grace` is over, and
   * whoever logged in with it is then closed (1008) and needs the new one. It lasts as
   * long as this server. A `login` of its own finds the new one in `server.token`.
   *
   * @param token The new token
   * @param options How long the old one is taken
   *
   * @throws {TypeError} If the new token is empty or in use already
   * @throws {RangeError} If `grace` is out of its range
   */
  rotate(token: string, options: RotateOptions = {}): void {
    const { grace = 0 } = options;
    checkDelay("Cannot rotate the token as 'grace'", grace);
    this.#hub.rotate(token, grace);
  }

  /**
   * Closes the server, in bounded time. New clients are refused (503) and no further
   * request is taken. Clients are told that the server goes away (1001), some at a time,
   * those with requests under way when these are answered or the time is over. Clients
   * that come back of their own accord are told when to (1012), each at another time.
   *
   * @param options How long to wait for requests under way
   * @returns Resolves when the port is free; calling it again changes nothing
   *
   * @throws {RangeError} If `timeout` is out of its range
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { timeout } = options;
    if (timeout !== undefined) checkDelay("Cannot close as 'timeout'", timeout);
    return this.#lifetime.end(timeout);
  }

  /** Closes the server at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeout = this.#options.closeTimeout): Promise<void> {
    this.#log.info("shutdown", "closing the server");
    await this.#hub.close(timeout);
    await this.#port.close();
    this.#log.info("shutdown", "the server is closed");
  }
}

/** A server that listens. */
interface Announced {
  readonly addr: Deno.NetAddr;
  readonly url: string;
  readonly token: string;
}

/** Says where a server listens, and with what token unless that is to be hidden. */
export function announce(
  log: Log,
  { addr, url, token }: Announced,
  { hideToken, login }: {
    readonly hideToken: boolean;
    readonly login: unknown;
  },
): void {
  // A login of the host may take quite other tokens.
  const isHidden = hideToken || login !== undefined || token === "";
  const rest = isHidden ? "" : ` with token ${token}`;
  log.info("startup", `starting server on ${formatAddress(addr)}${rest}`);
  log.http(() => `listening on ${url}`);
}
