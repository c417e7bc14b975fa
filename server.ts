/**
 * The server: {@linkcode serve}, the class {@linkcode Server}, and all types of the server.
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli/server";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("hello", (message) => {
 *   message.reply("hi", { text: `welcome, ${message.data.name}` });
 * });
 * server.operation("add", ({ a, b }) => Number(a) + Number(b));
 * ```
 *
 * @module
 */

import type { DecisionOf, IdentityOf, LoginDecision } from "./auth.ts";
import { HoistError } from "./common/errors.ts";
import { ignorable } from "./common/ignorable.ts";
import type { JsonObject } from "./common/json.ts";
import type { Listener } from "./common/listeners.ts";
import { detached } from "./common/telemetry.ts";
import type {
  Contract,
  DataSchema,
  OperationSchemas,
} from "./contract/contract.ts";
import type {
  EventName,
  LooseIn,
  MessageName,
  OpenContract,
} from "./contract/infer.ts";
import type { RoomNameOf, RoomPatternOf } from "./contract/infer_rooms.ts";
import type { OutputOf } from "./contract/schema.ts";
import {
  type BroadcastArguments,
  type CloseOptions,
  resolveGrace,
  resolveTimeout,
  type RotateOptions,
} from "./server/method_options.ts";
import type { BroadcastResult } from "./server/broadcaster.ts";
import { ClientReference } from "./server/client_reference.ts";
import type { TokenDecision } from "./server/credentials.ts";
import {
  type AnswerDashboard,
  type Handler,
  makeHandler,
} from "./server/http.ts";
import { Hub } from "./server/hub.ts";
import type { ListenOptions } from "./server/listen.ts";
import { Listening } from "./server/listening.ts";
import { Log } from "./server/log.ts";
import type {
  AnyMessage,
  AnyOperationName,
  HandlerIn,
  HandlerOf,
  NameWithoutContract,
} from "./server/handler_types.ts";
import type {
  Client,
  ClientMessage,
  OperationContext,
  OperationHandler,
  ReceivedMessage,
} from "./server/message.ts";
import type { Middleware } from "./server/middleware.ts";
import { Room } from "./server/room.ts";
import type { RoomOptions } from "./server/room_options.ts";
import type { ServerCluster } from "./server/server_cluster.ts";
import type { TokenResult } from "./server/token_control.ts";
import { checkUser } from "./server/user_name.ts";
import { User } from "./server/users.ts";
import {
  logStartup,
  reportMissing,
  reportParallelServers,
  warnAboutSharedPort,
  warnAboutShortTokens,
} from "./server/startup.ts";
import {
  type ResolvedOptions,
  resolveOptions,
  type ServerOptions,
  splitOptions,
} from "./server/options.ts";

export * from "./contract/mod.ts";
export type {
  DecisionOf,
  IdentityOf,
  Login,
  LoginContext,
  LoginDecision,
  LoginIdentity,
  RenewingClient,
} from "./auth.ts";
export { debug, type DebugOptions } from "./common/debug.ts";
export type { RequestOptions } from "./common/request_options.ts";
export {
  CloseCode,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  FeatureError,
  HoistError,
  NoNodeError,
  NoReplyError,
  PublishError,
  ResponseError,
  TimeoutError,
  ValidationError,
} from "./common/errors.ts";
export type { Listener } from "./common/listeners.ts";
export type { LogFormat, Logger, LogLevel } from "./common/log_format.ts";
export { tracked, type TrackedItem } from "./common/tracked.ts";
export type { CloseInfo } from "./protocol/close.ts";
export type { Feature } from "./protocol/features.ts";
export { Message, type WireMessage } from "./protocol/message.ts";
export type { AdminCandidate, AdminOptions } from "./server/admin_options.ts";
export type { Authorize } from "./server/authorization.ts";
export type {
  AuthorizeRequest,
  RequestKind,
} from "./server/authorize_request.ts";
export type { Engine } from "./broker/engine.ts";
export type {
  BroadcastOptions,
  CloseOptions,
  RotateOptions,
} from "./server/method_options.ts";
export type { BroadcastCounts, BroadcastResult } from "./server/broadcaster.ts";
export { ClientReference } from "./server/client_reference.ts";
export type {
  NamedToken,
  TokenDecision,
  TokenIdentity,
} from "./server/credentials.ts";
export type { Handler, RequestInfo } from "./server/http.ts";
export type { Limits, NameLimits } from "./server/limits.ts";
export type { ListenOptions } from "./server/listen.ts";
export type { LogOptions } from "./server/log_options.ts";
export {
  type Client,
  ClientMessage,
  type OperationContext,
  type OperationHandler,
} from "./server/message.ts";
export type { Middleware, MiddlewareCall } from "./server/middleware.ts";
export type { TelemetryOptions } from "./server/telemetry.ts";
export type { ClusterOptions } from "./server/cluster_options.ts";
export type { ServerOptions } from "./server/options.ts";
export type { Member } from "./server/member.ts";
export {
  Room,
  type RoomBroadcastOptions,
  type RoomHistoryMessage,
  type RoomHistoryOptions,
} from "./server/room.ts";
export type {
  PublishRequestInfo,
  RoomHistory,
  RoomInfo,
  RoomOptions,
  RoomRights,
} from "./server/room_options.ts";
export {
  type ClusterHandler,
  type ClusterRequestOptions,
  type ClusterState,
  ServerCluster,
} from "./server/server_cluster.ts";
export type { TokenResult } from "./server/token_control.ts";
export { User } from "./server/users.ts";

/**
 * Options of {@linkcode serve} and {@linkcode start}. `Decision` is the type of the result of
 * `login`, `Of` is the type of the contract, and `Data` is the type of `client.data`.
 */
export interface ServeOptions<
  Decision extends LoginDecision = LoginDecision,
  Of extends Contract = OpenContract,
  Data = unknown,
> extends ServerOptions<Server, Decision, Of, Data>, ListenOptions {}

/**
 * Starts a server. The server listens when the function returns.
 *
 * @param token Optional. The token that clients need; if omitted, the server generates one
 * @param options Optional. The address, the port and the behavior of the server
 * @returns The server; an `await using` block closes it at its end
 *
 * @throws {TypeError} If an option is unknown or of the wrong type
 * @throws {RangeError} If an option is out of range
 * @throws {Deno.errors.AddrInUse} If the port is in use
 * @throws {Deno.errors.NotCapable} If the permission `--allow-net` is missing
 * @throws The reason of `signal` if it is already aborted
 * @throws What `onListen` throws
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
  Data = undefined,
>(
  token?: string,
  options?: ServeOptions<Decision, Of, Data>,
): Server<IdentityOf<Decision>, Of, Data>;

/**
 * Starts a server with a random token, see {@linkcode Server.token}.
 *
 * @param options The address, the port and the behavior of the server
 * @returns The server; an `await using` block closes it at its end
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
  Data = undefined,
>(
  options: ServeOptions<Decision, Of, Data>,
): Server<IdentityOf<Decision>, Of, Data>;

export function serve(
  tokenOrOptions?: string | ServeOptions,
  options: ServeOptions = {},
): Server<object | undefined> {
  if (typeof tokenOrOptions === "object" && tokenOrOptions !== null) {
    return serve(undefined, tokenOrOptions);
  }
  const [serverOptions, listenOptions] = splitOptions(options);
  options.signal?.throwIfAborted();
  const server = new Server(tokenOrOptions, serverOptions);
  try {
    return server.listen(listenOptions);
  } catch (error) {
    // The caller cannot close it, and its connection would keep the program alive.
    if (serverOptions.broker !== undefined) void server.close();
    throw error;
  }
}

/**
 * An alias of {@linkcode serve}. Use it with `const`: nothing then closes the server at the
 * end of the block. The server runs until the application calls `close`, its `signal` aborts
 * or the program ends.
 *
 * @param token Optional. The token that clients need; if omitted, the server generates one
 * @param options Optional. The address, the port and the behavior of the server
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

/**
 * A Hoist server.
 *
 * A server that is created with `new` does not listen. Mount it in another HTTP server with
 * {@linkcode Server.fetch}, or call {@linkcode Server.listen}. The function `serve` creates
 * a server that listens.
 *
 * `Identity` is the type of `client.identity`, `Of` is the type of the contract, and `Data` is
 * the type of `client.data`. `serve` infers them. With `new`, pass the type arguments if
 * `login` can return `true`: `new Server<User | undefined, typeof contract>(…)`.
 *
 * @example Mount the server in an existing HTTP server
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
  Data = unknown,
> implements AsyncDisposable {
  /**
   * Resolves when the server is closed and its port is free. Rejects if the server lost its
   * port: Deno stopped accepting connections, and the port was then unavailable for 30
   * seconds. A program that does not await this promise continues.
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * const server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * setTimeout(() => server.close(), 100);
   * await server.finished;
   * ```
   */
  readonly finished: Promise<void>;
  /**
   * Handles an HTTP request, as a handler of `Deno.serve`. You can pass `server.fetch` as a
   * function, because it does not need `this`: to `Deno.serve`, to a route of Hono, or to
   * `deno serve`.
   *
   * @param request The request from `Deno.serve`; a copy of it cannot be upgraded
   * @param info The remote address; without it, all clients count as one address. The server
   * rejects an upgrade with the port 0, because Deno reports it if the client has left
   * @returns The response
   */
  readonly fetch: Handler;

  readonly #options: ResolvedOptions<Server>;
  readonly #log: Log;
  readonly #hub: Hub;
  readonly #finishing = Promise.withResolvers<void>();
  readonly #onAbort = (): void => void this.close();
  #listening: Listening | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Constructs a `Server`.
   *
   * @param token Optional. The token that clients need, or the options; if omitted, the server
   * generates a token
   * @param options Optional. The behavior of the server
   *
   * @throws {TypeError} If an option is unknown or of the wrong type
   * @throws {RangeError} If an option is out of range
   */
  constructor(
    token?:
      | string
      | ServerOptions<Server, DecisionOf<Identity>, Of, Data, Identity>,
    options?: ServerOptions<Server, DecisionOf<Identity>, Of, Data, Identity>,
  ) {
    const resolved = resolveOptions(token, options);
    const { login } = resolved;
    // The type of the contract does not matter to a login.
    const general = this as unknown as Server;
    this.#options = resolved;
    this.#log = new Log({
      ...resolved,
      secrets: () => this.#hub.credentials.secrets,
    });
    // The requests of other servers do not belong to the span that starts this one.
    this.#hub = detached(() =>
      new Hub(
        resolved,
        this.#log,
        login && ((token, context) => login(general, token, context)),
      )
    );
    this.#loadAdmin();
    reportMissing(this.#log, this.#hub);
    if (resolved.broker === undefined) {
      reportParallelServers(this.#log, () => this.#isMounted);
    }
    this.fetch = makeHandler(this.#hub, this.#loadDashboard());
    this.finished = this.#finishing.promise;
    // An unhandled rejection would end the program, and the log contains the error.
    this.finished.catch(() => {});
    this.#watchSignal();
  }

  /**
   * The token of the server; an empty string if it has only named tokens. If another server has
   * replaced it, a random string, until a client logs in with the new token.
   */
  get token(): string {
    return this.#hub.credentials.token;
  }

  /**
   * Listens on a port of its own, immediately.
   *
   * @param options Optional. The address and the port
   * @returns This server
   *
   * @throws {Deno.errors.AddrInUse} If the port is in use
   * @throws {Deno.errors.NotCapable} If the permission `--allow-net` is missing
   * @throws {RangeError} If the port is out of range
   * @throws {TypeError} If an option is unknown or of the wrong type
   * @throws {HoistError} If the server already listens or is closed
   * @throws What `onListen` throws
   *
   * @example
   * ```ts
   * import { Server } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = new Server("test");
   * server.listen({ hostname: "127.0.0.1", port: 0 });
   * assert.notEqual(server.addr.port, 0);
   * ```
   */
  listen(options: ListenOptions = {}): this {
    this.#assertCanListen();
    // A failed server must not stay registered at a signal that the application reuses.
    this.#unwatchSignal();
    // Nobody closes a server that cannot listen, and OpenTelemetry would keep it.
    this.#hub.context.telemetry?.close();
    this.#listening = new Listening(
      options,
      this.fetch,
      this.#log,
      (error) => this.#finishing.reject(error),
    );
    this.#hub.exportMetrics();
    this.#watchSignal();
    const credentials = this.#hub.credentials.current();
    logStartup(this.#log, this, this.#options, credentials);
    if (options.reusePort && this.#options.broker === undefined) {
      warnAboutSharedPort(this.#log);
    }
    return this;
  }

  /** Begins to load the admin contract, if the server can have admins. */
  #loadAdmin(): void {
    const { admin } = this.#hub.context;
    admin?.load(async () => {
      const { serveAdmin } = await import("./admin/serve_admin.ts");
      return serveAdmin(this.#hub, admin, () => Deno.memoryUsage());
    });
  }

  /** Begins to load the dashboard, if the application has enabled it. */
  #loadDashboard(): AnswerDashboard | undefined {
    if (this.#hub.context.admin?.rules.hasDashboard !== true) return undefined;
    const loading = import("./admin/dashboard.ts");
    loading.catch((error) =>
      this.#log.exception("the dashboard could not be loaded", error)
    );
    return async (request, pathname) => {
      const { answerDashboard } = await loading;
      return await answerDashboard(request, pathname);
    };
  }

  /** Whether the requests come from another HTTP server, as far as is known */
  get #isMounted(): boolean {
    return this.#listening === undefined && this.#closing === undefined;
  }

  #assertCanListen(): void {
    if (this.#closing !== undefined) {
      throw new HoistError(
        "Cannot listen: the server is closed. Create a new one.",
      );
    }
    if (this.#listening === undefined) return;
    const { url } = this.#listening;
    throw new HoistError(
      `Cannot listen: the server already listens on ${url}. Create another server for another port.`,
    );
  }

  get #open(): Listening {
    if (this.#listening !== undefined) return this.#listening;
    throw new HoistError(
      "Cannot get the address: the server does not listen. Call listen() first.",
    );
  }

  /**
   * The bound address and port
   *
   * @throws {HoistError} If the server does not listen
   */
  get addr(): Deno.NetAddr {
    return this.#open.addr;
  }

  /**
   * The URL to connect to from this machine, such as `http://localhost:5000`
   *
   * @throws {HoistError} If the server does not listen
   */
  get url(): string {
    return this.#open.url;
  }

  /** Whether the server listens on a port of its own, until `close` is called */
  get running(): boolean {
    return this.#listening !== undefined && this.#closing === undefined;
  }

  /**
   * The clients that are logged in and whose `onConnect` has finished. The set changes when
   * clients connect and disconnect.
   */
  get clients(): ReadonlySet<Client<Identity, Of, Data>> {
    const clients: ReadonlySet<unknown> = this.#hub.clients;
    return clients as ReadonlySet<Client<Identity, Of, Data>>;
  }

  /**
   * Calls a listener for every message, with any name.
   *
   * @param listener The listener
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.receive((message) => {
   *   console.log(message.client.address, message.name, message.data);
   * });
   * ```
   */
  receive(listener: Listener<AnyMessage<Identity, Of, Data>>): Disposable;
  /**
   * Calls a listener for every message with one of these names.
   *
   * Several listeners for one message run one after the other: first the listeners for its
   * name in the order of their registration, then the listeners for every message. The
   * message is finished when the last listener has finished. If a listener throws, the others
   * still run, and the client gets an error without the reason.
   *
   * @param names One name, or an array of names
   * @param listener The listener; the server awaits a promise that it returns
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   *
   * @throws {TypeError} If there is no name, the contract does not contain a name, or the
   * listener is not a function
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.receive("hello", (message) => {
   *   message.reply("hi", { text: `welcome, ${message.data.name}` });
   * });
   * server.receive(["start", "stop"], (message) => console.log(message.name));
   * ```
   */
  receive<Name extends MessageName<Of>>(
    names: Name | readonly Name[],
    listener: Listener<ReceivedMessage<Identity, Of, Name, Data>>,
  ): Disposable;
  /**
   * Calls a listener for every message with one of these names whose data matches a schema.
   * If no listener to the name accepts the data, the client gets the error `INVALID_CONTENT`
   * with the issues. A listener without a schema accepts any data.
   *
   * Usage: `server.receive(names, schema, listener)`, only on a server without a contract.
   *
   * @param names One name, or an array of names
   * @param schema The schema of the data
   * @param listener The listener
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
   *
   * @throws {TypeError} If the schema is invalid, or the server has a contract
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
   * ```
   */
  receive<Schema extends DataSchema>(
    names:
      | NameWithoutContract<MessageName<Of>>
      | readonly NameWithoutContract<MessageName<Of>>[],
    schema: Schema,
    listener: Listener<
      ClientMessage<Identity, OutputOf<Schema>, OpenContract, string, Data>
    >,
  ): Disposable;
  receive(...given: never[]): Disposable {
    const { registry } = this.#hub;
    const [listener, names, schema] = lastFirst<ReceiveArguments>(given);
    return given.length > 1
      ? registry.receive(names, listener, schema)
      : registry.receiveAll(listener);
  }

  /**
   * Defines rooms, by the exact name of one room or by a pattern with parameters. A parameter
   * such as `{id}` matches a non-empty string without `:`. An exact name takes precedence over
   * a pattern, and a pattern with a longer literal prefix over one with a shorter. No client
   * can join a room or publish in it unless a definition allows it.
   *
   * @param pattern The name or the pattern
   * @param options What is kept, and what clients can do
   *
   * @throws {TypeError} If the pattern or an option is invalid, the contract does not have the
   * pattern, or the pattern ties with another one
   * @throws {RangeError} If a number is out of range
   * @throws {HoistError} If a room that has members would get another definition
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("chat:{id}", {
   *   history: { size: 100 },
   *   authorize: (_client, { params }) => params.id !== "secret",
   *   publish: true,
   * });
   * ```
   */
  defineRoom<Pattern extends RoomPatternOf<Of>>(
    pattern: Pattern,
    options: RoomOptions<Identity, Of, Pattern, Data> = {},
  ): void {
    // The types of the contract do not matter to the rooms.
    this.#hub.rooms.rooms.define(pattern, options as RoomOptions);
  }

  /**
   * Returns a room, which does not need any members.
   *
   * @param name The name of the room
   * @returns The room
   *
   * @throws {HoistError} If no definition matches the name
   * @throws {TypeError} If the name is not a string or has a lone surrogate, or the contract does
   * not have the room
   * @throws {RangeError} If the name is empty or has more than 200 bytes
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.defineRoom("news");
   * await server.room("news").broadcast("headline", { text: "Hello" });
   * ```
   */
  room<Name extends RoomNameOf<Of>>(name: Name): Room<Of, Name> {
    const { rooms } = this.#hub;
    return new Room(rooms, rooms.rooms.get(name));
  }

  /**
   * The other servers of the deployment, if there is a `broker`
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * assert.equal(server.cluster.nodes.size, 0);
   * ```
   */
  get cluster(): ServerCluster {
    return this.#hub.cluster;
  }

  /**
   * Returns a client by its global id, on whichever server it is. It can have disconnected.
   *
   * @param globalId The `globalId` of the client
   * @returns The client
   *
   * @throws {TypeError} If the id is invalid
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await using connection = await connect("test", { url: server.url });
   * connection.receive("ready?", (message) => message.reply("yes"));
   * const [client] = server.clients;
   * const reply = await server.client(client!.globalId).request("ready?");
   * assert.equal(reply.name, "yes");
   * ```
   */
  client(globalId: string): ClientReference<Of> {
    return new ClientReference(this.#hub.directory, globalId, this.#log);
  }

  /**
   * Returns a user, which does not need any clients. A login names a user with
   * `context.setUser`, or with one of the named `tokens`.
   *
   * @param name The name of the user
   * @returns The user
   *
   * @throws {TypeError} If the name is not a string, or has a lone surrogate
   * @throws {RangeError} If the name is empty or has more than 200 bytes
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * const tokens = [{ name: "ada", token: "a long secret" }];
   * await using server = serve({ hostname: "127.0.0.1", port: 0, tokens });
   * await using _tab = await connect("a long secret", { url: server.url });
   * await using _other = await connect("a long secret", { url: server.url });
   * const { delivered } = await server.user("ada").message("mail", { unread: 1 });
   * assert.equal(delivered, 2);
   * ```
   */
  user(name: string): User<Identity, Of, Data> {
    checkUser("Cannot use the user", name);
    return new User(this.#hub, name);
  }

  /**
   * Registers an operation, which a client calls by its name. The client gets the return
   * value of the handler. If the handler is an async generator, the operation is a stream of
   * the items that it yields. If the handler throws, the client gets an error without the
   * reason.
   *
   * @param name The name of the operation
   * @param handler The handler; the server awaits a promise that it returns
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the operation
   *
   * @throws {TypeError} If the operation already exists, the contract does not contain it,
   * or the handler is not a function
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.operation("add", ({ a, b }) => Number(a) + Number(b));
   * server.operation("count", async function* ({ to }) {
   *   for (let n = 1; n <= Number(to); n++) yield n;
   * });
   * ```
   */
  operation<Name extends AnyOperationName<Of>>(
    name: Name,
    handler: HandlerOf<Identity, Of, Name, Data>,
  ): Disposable;
  /**
   * Registers an operation with schemas. If the arguments do not match their schema, the
   * client gets the error `INVALID_CONTENT` with the issues. If the result does not match its
   * schema, the operation fails.
   *
   * Usage: `server.operation(name, { input, output }, handler)`, or
   * `server.operation(name, { input, yields }, handler)` for a stream, only on a server
   * without a contract.
   *
   * @param name The name of the operation
   * @param schemas The schemas of the arguments (`input`), and of the result (`output`) or
   * of the items (`yields`)
   * @param handler The handler
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the operation
   *
   * @throws {TypeError} If a schema is invalid, or the server has a contract
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import { z } from "zod";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * const input = z.object({ a: z.number(), b: z.number() });
   * server.operation("add", { input, output: z.number() }, ({ a, b }) => a + b);
   * ```
   */
  operation<Schemas extends OperationSchemas>(
    name: NameWithoutContract<AnyOperationName<Of>>,
    schemas: Schemas,
    handler: HandlerIn<Identity, OpenContract, LooseIn<Schemas>, Data>,
  ): Disposable;
  // No call matches this signature, so that compiler errors never mention it.
  operation(name: never, ...given: never[]): Disposable {
    const [handler, schemas] = lastFirst<OperationArguments>(given);
    return this.#hub.registry.operation(name, handler, schemas);
  }

  /**
   * Adds a middleware: a function that runs around the listeners to every message, and around
   * the handlers of all operations and streams. Use it to measure or to record what clients do.
   *
   * The first middleware that was added is the outermost one. The client gets the result of
   * the handler, whatever a middleware returns. If a middleware throws, the client gets an
   * error, as if the handler had thrown. If it returns without having called `next`, the
   * request fails.
   *
   * A middleware runs only if the request is allowed (`authorize`), and if there is a handler
   * or a listener. With a contract, it does not see the replies to requests of the server.
   *
   * @param middleware The middleware
   * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the middleware
   *
   * @throws {TypeError} If the middleware is not a function
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * server.operation("add", ({ a, b }) => Number(a) + Number(b));
   * const seen: unknown[] = [];
   * server.use(async ({ kind, name, client }, next) => {
   *   const result = await next();
   *   seen.push([kind, name, client.id, result]);
   * });
   *
   * await using connection = await connect("test", { url: server.url });
   * await connection.operation("add", { a: 1, b: 2 });
   * assert.deepEqual(seen, [["operation", "add", 1, 3]]);
   * ```
   */
  use(middleware: Middleware<Identity, Of, Data>): Disposable {
    // The types of the contract do not matter to the chain.
    return this.#hub.middleware.add(middleware as Middleware);
  }

  /**
   * Sends an event to all clients that are logged in. An event is a named message from the
   * server. A broadcast is an event to all clients.
   *
   * Without a contract:
   * `broadcast(name: string, data?: JsonObject, options?: BroadcastOptions)`.
   *
   * The server sends a broadcast in several steps and handles other requests between them.
   * Each client receives broadcasts and later messages in the order in which they were sent.
   * If the server is closed, nothing is sent. With the option `broker`, the broadcast also reaches
   * the clients of the other servers, at most once.
   *
   * @param name The name of the event
   * @param dataAndOptions The data (by default an empty object), and optionally whether the
   * clients of all servers are counted
   * @returns How many clients received, skipped or failed to receive the broadcast
   *
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the message is larger than `limits.maxBuffered`
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
  broadcast<Name extends EventName<Of>>(
    name: Name,
    ...dataAndOptions: BroadcastArguments<Of, Name>
  ): Promise<BroadcastResult> {
    const [data = {}, options = {}] = dataAndOptions;
    const sending = this.#hub.broadcast(name, data as JsonObject, options);
    return this.#log.ignorable("a broadcast", sending);
  }

  /**
   * Stops accepting a named token and closes the connections of the clients that logged in
   * with it (1008). The token stays revoked until this server is closed. With the option
   * `broker`, the token is revoked on all servers, also on those that start later.
   *
   * @param name The name of the token
   * @returns The number of closed connections, and the servers that did not answer
   *
   * @throws {TypeError} If the token does not exist
   * @throws {HoistError} If the broker is down. The token is revoked on this server, and on the
   * others as soon as this one is connected again
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * const tokens = [{ name: "ci", token: "a long secret" }];
   * await using server = serve({ hostname: "127.0.0.1", port: 0, tokens });
   * assert.equal((await server.revoke("ci")).closed, 0);
   * ```
   */
  revoke(name: string): Promise<TokenResult> {
    return ignorable(this.#hub.tokens.revoke(name));
  }

  /**
   * Replaces the token of the server. The old token stays valid for `grace` milliseconds.
   * Meanwhile, the server asks the clients that logged in with it for a new token. It then
   * closes the connections of those that have sent none (1008). The
   * new token is valid until this server is closed. A function `login` finds it in
   * `server.token`. With the option `broker`, all servers replace the token, also those that start
   * later with the old one. The others know only its SHA-256.
   *
   * @param token The new token
   * @param options Optional. How long the old token stays valid
   * @returns The number of closed connections, and the servers that did not answer
   *
   * @throws {TypeError} If the new token is empty or already in use, or an option is unknown
   * @throws {HoistError} If the broker is down. The token is replaced on this server, and on the
   * others as soon as this one is connected again
   * @throws {RangeError} If `grace` is out of range
   *
   * @example
   * ```ts
   * import { generateToken, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await server.rotate(generateToken(), { grace: 60_000 });
   * ```
   */
  rotate(token: string, options: RotateOptions = {}): Promise<TokenResult> {
    return ignorable(this.#rotate(token, options));
  }

  async #rotate(token: string, options: RotateOptions): Promise<TokenResult> {
    const rotating = this.#hub.tokens.rotate(token, resolveGrace(options));
    this.#warnAboutShortTokens();
    return await rotating;
  }

  #warnAboutShortTokens(): void {
    if (this.#listening === undefined || this.#options.login) return;
    const { addr } = this.#listening;
    const credentials = this.#hub.credentials.current();
    warnAboutShortTokens(this.#log, addr.hostname, credentials);
  }

  /**
   * Closes the server. It rejects new connections (503) and new requests. It waits up to
   * `closeTimeout` milliseconds until the requests in progress are finished, and then up to
   * two seconds for the sockets to close. Each client gets the close code 1001. A client with
   * the option `reconnect` gets the close code 1012 and a delay of its own, so that not all
   * clients reconnect at once.
   *
   * @param options Optional. How long to wait for requests in progress
   * @returns Resolves when the port is free; a second call returns the same promise
   *
   * @throws {TypeError} If an option is unknown, or `timeout` is not a number
   * @throws {RangeError} If `timeout` is out of range
   */
  close(options: CloseOptions = {}): Promise<void> {
    const timeout = resolveTimeout(options);
    return this.#closing ??= this.#shutdown(timeout);
  }

  /** Closes the server at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutdown(timeout = this.#options.closeTimeout): Promise<void> {
    this.#log.info("shutdown", "closing server");
    await this.#hub.close(timeout);
    await this.#listening?.close();
    this.#log.info("shutdown", "server closed");
    this.#unwatchSignal();
    this.#finishing.resolve();
  }

  #watchSignal(): void {
    const { signal } = this.#options;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  #unwatchSignal(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** The arguments of `receive`, the listener first. */
type ReceiveArguments = [
  listener: Listener<ClientMessage>,
  names: string | readonly string[],
  schema: DataSchema | undefined,
];

/** The arguments of `operation` after the name, the handler first. */
type OperationArguments = [
  handler: OperationHandler<OperationContext, never>,
  schemas: OperationSchemas | undefined,
];

/** Moves the last argument to the front. The overloads check the types. */
function lastFirst<Arguments extends unknown[]>(
  given: readonly unknown[],
): Arguments {
  return [...given.slice(-1), ...given.slice(0, -1)] as Arguments;
}
