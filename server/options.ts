/**
 * The options of a server, their checks and their defaults.
 *
 * @module
 */

import type { IdentityOf, Login, LoginDecision } from "../auth.ts";
import {
  checkBoolean,
  checkFunction,
  checkKeys,
  checkNumber,
  checkOneOf,
  checkSignal,
  checkString,
  checkToken,
  DURATION,
  invalidType,
  TIMEOUT,
} from "../common/check.ts";
import type { Spans } from "../common/telemetry.ts";
import type { Contract } from "../contract/contract.ts";
import { assertDefined } from "../contract/checks.ts";
import type { Awaitable, OpenContract } from "../contract/infer.ts";
import type { CloseInfo } from "../protocol/close.ts";
import { generateToken } from "../token.ts";
import { isVersion } from "../version.ts";
import {
  ADMIN_KEYS,
  type AdminOptions,
  type AdminRules,
  resolveAdmin,
} from "./admin_options.ts";
import {
  type Authorize,
  type Decide,
  resolveAuthorize,
} from "./authorization.ts";
import {
  CLUSTER_KEYS,
  type ClusterOptions,
  resolveClusterOptions,
  type ResolvedClusterOptions,
} from "./cluster_options.ts";
import { resolveProxies } from "./admission.ts";
import {
  assertOneLogin,
  checkNamedTokens,
  type NamedToken,
} from "./credentials.ts";
import { type Limits, type ResolvedLimits, resolveLimits } from "./limits.ts";
import {
  LOG_OPTIONS_KEYS,
  type LogOptions,
  type ResolvedLogOptions,
  resolveLogOptions,
} from "./log_options.ts";
import { LISTEN_KEYS, type ListenOptions } from "./listen.ts";
import { type Hooks, resolveHooks } from "./lifecycle.ts";
import type { Client } from "./message.ts";
import { type LimitsByName, resolveNameLimits } from "./name_limits.ts";
import { makeOriginCheck, type OriginCheck } from "./origins.ts";
import {
  resolveTelemetryOptions,
  TELEMETRY_KEYS,
  type TelemetryOptions,
} from "./telemetry.ts";

/**
 * Options of a server, without the address that it listens on. `This` is the type of the
 * server, `Decision` is the type of the result of `login`, `Of` is the type of the contract,
 * `Data` is the type of `client.data`, and `Identity` is the type of `client.identity`.
 */
export interface ServerOptions<
  This extends { readonly token: string },
  Decision extends LoginDecision = LoginDecision,
  Of extends Contract = OpenContract,
  Data = unknown,
  Identity = IdentityOf<Decision>,
> extends
  LogOptions,
  ClusterOptions,
  TelemetryOptions,
  AdminOptions<Identity, Of, Data> {
  /**
   * Decides whether a client can log in, and what `client.identity` is. If omitted, the
   * client needs the token of the server or one of `tokens`. It cannot be combined with
   * `tokens`.
   */
  readonly login?: Login<This, Decision> | undefined;
  /**
   * Called for each client after the response to its login. What it returns, or what its
   * promise resolves to, becomes `client.data`. The requests of the client wait until it has
   * finished, within `limits.maxPending` and `limits.maxPendingBytes`. Until then, the client
   * is not in `server.clients` and gets no broadcasts. `client.message` and `client.request`
   * work. In an object literal, write it after `login`, so that TypeScript infers its type.
   *
   * If it throws, or takes longer than `limits.loginTimeout`, the server logs an error and
   * closes the connection with 1011.
   */
  readonly onConnect?:
    | ((client: Client<Identity, Of>) => Awaitable<Data>)
    | undefined;
  /**
   * Called once for each client for which `onConnect` was called, or would have been called,
   * after the client has disconnected and `onConnect` has finished. The properties of the
   * client, such as its data and its identity, can still be read. `client.data` is
   * `undefined` if `onConnect` failed. If it throws, the server logs an error. `close()` waits
   * for the promise that it returns, up to `closeTimeout`.
   */
  readonly onDisconnect?:
    | ((
      client: Client<Identity, Of, Data | undefined>,
      close: CloseInfo,
    ) => unknown)
    | undefined;
  /**
   * Named tokens. A client that logs in with one of them has its name in
   * `client.identity` and in the log. If there are named tokens and the argument `token` is
   * omitted, no other token is generated.
   *
   * @default {[]}
   */
  readonly tokens?: readonly NamedToken[] | undefined;
  /**
   * The contract of the server and its clients, see `defineContract`. The server rejects
   * requests that do not match it, and handlers that it does not contain. If omitted, all
   * names and all data are allowed.
   */
  readonly contract?: Of | undefined;
  /**
   * Decides whether a client can send a message, call an operation or start a stream. Only the
   * result `true` allows it. Otherwise the client gets the error `FORBIDDEN`. The server calls
   * the function before it validates the data. If the contract requires something, the option
   * is required. If omitted, every client can use every name.
   */
  readonly authorize?: Authorize<Identity, Of, Data> | undefined;
  /**
   * Whether `GET /hoist/contract` returns the result of `contract.describe()`. The HTTP
   * request needs a token: `Authorization: Bearer <token>`. The option `login` decides about
   * these HTTP requests, too. It then gets the version of the server.
   *
   * @default {false}
   */
  readonly exposeContract?: boolean | undefined;
  /** The limits for clients. Most of them are on by default. */
  readonly limits?: Limits | undefined;
  /**
   * What happens if a client reads so slowly that more than `limits.maxBuffered` bytes wait
   * for it. `"disconnect"` closes the connection with 1013. `"skip"` drops messages that
   * exceed the limit. The server never drops a response: if a response exceeds the limit, the
   * server closes the connection with 1013.
   *
   * @default {"disconnect"}
   */
  readonly onSlow?: "disconnect" | "skip" | undefined;
  /**
   * The web origins whose pages can connect: origins such as `https://example.org`,
   * `http://localhost:*` for any port, `null` for pages without an origin, or `*` for all.
   * If omitted, the page must have the host name of the server, on any port. If the request
   * came over TLS, or a proxy reports this with `X-Forwarded-Proto`, the page must be an
   * `https:` page. Clients other than browsers send no `Origin` header and are always allowed.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /**
   * The number of trusted proxies in front of the server; `true` means 1. Each proxy
   * appends the address of its client to the header `X-Forwarded-For`. With `N` proxies, the
   * server reads the client address from this header: the `N`-th entry from the right. Use it
   * only if every HTTP request comes through these proxies, because other clients can forge
   * the header.
   *
   * Without it, all clients behind a proxy share the limits for one address: failed logins of
   * one client lock out all of them, and the function `login` decides about at most
   * `limits.maxLoginFailures` of their logins at the same time.
   *
   * @default {false}
   */
  readonly trustProxy?: boolean | number | undefined;
  /**
   * The minimum version of a client, such as `1.2.3`. If omitted, the server accepts any
   * string as the version of a client, as Python Hoist does.
   */
  readonly minimumVersion?: string | undefined;
  /**
   * The length of a generated token, in characters from 1 to 1,024.
   *
   * @default {25}
   */
  readonly tokenLength?: number | undefined;
  /**
   * The characters of a generated token: at least two, all different.
   *
   * @default {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
   */
  readonly tokenAlphabet?: string | undefined;
  /**
   * Whether the client gets the name and the message of an error that a handler throws.
   * They can contain anything: paths, queries, secrets.
   *
   * @default {false}
   */
  readonly exposeErrors?: boolean | undefined;
  /**
   * How long `close()` waits for requests in progress, in milliseconds from 0 to
   * 2,147,483,647.
   *
   * @default {5_000}
   */
  readonly closeTimeout?: number | undefined;
  /**
   * How long a client can be silent before the server ends the connection, in milliseconds
   * from 1,000 to 2,147,483,647. `Infinity` for no limit. Deno sends a WebSocket ping after
   * half of this time. For a client that sends heartbeats, the time is longer if its
   * interval and its timeout need this: 50 seconds with their defaults. Many proxies end
   * connections that are idle for 60 seconds.
   *
   * @default {30_000}
   */
  readonly idleTimeout?: number | undefined;
  /** Closes the server gracefully when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a server after the checks, with defaults. */
export interface ResolvedOptions<This extends Owner>
  extends ResolvedLogOptions, ResolvedClusterOptions {
  readonly spans: Spans;
  /** Empty if there are only named tokens */
  readonly token: string;
  readonly tokens: readonly NamedToken[];
  /** Whether the token was generated */
  readonly isTokenGenerated: boolean;
  /** `undefined` if the tokens decide */
  readonly login: Login<This> | undefined;
  readonly hooks: Hooks | undefined;
  readonly contract: Contract | undefined;
  /** `undefined` if every client can use every name */
  readonly authorize: Decide | undefined;
  readonly exposeContract: boolean;
  readonly limits: ResolvedLimits;
  /** The limits of single names; `undefined` if there are none */
  readonly nameLimits: LimitsByName | undefined;
  readonly onSlow: "disconnect" | "skip";
  readonly isAllowed: OriginCheck;
  readonly trustProxy: number;
  readonly minimumVersion: string | undefined;
  readonly exposeErrors: boolean;
  readonly closeTimeout: number;
  readonly idleTimeout: number;
  readonly signal: AbortSignal | undefined;
  /** `undefined` if the server has no admins */
  readonly admin: AdminRules | undefined;
}

const SERVER_KEYS: Readonly<Record<keyof ServerOptions<Owner>, true>> = {
  login: true,
  onConnect: true,
  onDisconnect: true,
  tokens: true,
  contract: true,
  authorize: true,
  exposeContract: true,
  limits: true,
  onSlow: true,
  allowedOrigins: true,
  trustProxy: true,
  minimumVersion: true,
  tokenLength: true,
  tokenAlphabet: true,
  exposeErrors: true,
  closeTimeout: true,
  idleTimeout: true,
  signal: true,
  ...ADMIN_KEYS,
  ...LOG_OPTIONS_KEYS,
  ...CLUSTER_KEYS,
  ...TELEMETRY_KEYS,
};

const SERVE_KEYS = { ...SERVER_KEYS, ...LISTEN_KEYS };

const SERVE = "Cannot serve";

const SILENCE = { ...TIMEOUT, min: 1_000 };

/** The options of a server with any contract. */
type AnyOptions<This extends Owner> =
  & Omit<ServerOptions<This, LoginDecision, Contract>, keyof AnyFunctions>
  & AnyFunctions;

/** The functions of a server with any contract, whose clients have any identity and data. */
interface AnyFunctions {
  readonly onConnect?: ((client: never) => unknown) | undefined;
  readonly onDisconnect?:
    | ((client: never, close: CloseInfo) => unknown)
    | undefined;
  readonly authorize?: ((client: never, request: never) => unknown) | undefined;
  readonly admin?: ((candidate: never) => unknown) | undefined;
}

/** An object with a token, as a server is. */
interface Owner {
  readonly token: string;
}

/**
 * Separates the options of `listen` from the options of a server.
 *
 * @throws {TypeError} If an option is unknown, or `signal` is not an `AbortSignal`
 */
export function splitOptions<
  Options extends ListenOptions & { readonly signal?: AbortSignal | undefined },
>(options: Options): [Omit<Options, keyof ListenOptions>, ListenOptions] {
  checkKeys(SERVE, options, SERVE_KEYS);
  checkSignal(SERVE, "signal", options.signal);
  const { hostname, port, cert, key, reusePort, onListen, ...rest } = options;
  return [rest, { hostname, port, cert, key, reusePort, onListen }];
}

/** Checks the arguments of the constructor of a server and adds the defaults. */
export function resolveOptions<This extends Owner>(
  tokenOrOptions: string | AnyOptions<This> | undefined,
  options: AnyOptions<This> = {},
): ResolvedOptions<This> {
  if (typeof tokenOrOptions === "object" && tokenOrOptions !== null) {
    return resolve(undefined, tokenOrOptions);
  }
  return resolve(tokenOrOptions, options);
}

function resolve<This extends Owner>(
  given: string | undefined,
  options: AnyOptions<This>,
): ResolvedOptions<This> {
  checkKeys(SERVE, options, SERVER_KEYS);
  const { contract, tokens = [] } = options;
  const { exposeErrors = false, onSlow = "disconnect" } = options;
  const { closeTimeout = 5_000, idleTimeout = 30_000 } = options;
  const { login, signal } = options;
  const token = resolveToken(given, options);
  checkNamedTokens(token, tokens);
  assertOneLogin(login, options.tokens);
  assertDefined(SERVE, contract);
  return {
    token,
    tokens,
    isTokenGenerated: given === undefined,
    login: checkFunction(SERVE, "login", login),
    hooks: resolveHooks(options),
    contract,
    authorize: resolveAuthorize(SERVE, options.authorize, contract),
    exposeContract: resolveExposeContract(options),
    limits: resolveLimits(options.limits),
    nameLimits: resolveNameLimits(options.limits?.perName, contract),
    onSlow: checkOneOf(SERVE, "onSlow", onSlow, ["disconnect", "skip"]),
    isAllowed: makeOriginCheck(options.allowedOrigins, options.dashboard),
    trustProxy: resolveProxies(SERVE, options.trustProxy),
    minimumVersion: checkVersion(options.minimumVersion),
    exposeErrors: checkBoolean(SERVE, "exposeErrors", exposeErrors),
    closeTimeout: checkNumber(SERVE, "closeTimeout", closeTimeout, DURATION),
    idleTimeout: checkNumber(SERVE, "idleTimeout", idleTimeout, SILENCE),
    admin: resolveAdmin(options, tokens),
    ...resolveLogOptions(options),
    ...resolveClusterOptions(options),
    ...resolveTelemetryOptions(SERVE, options),
    signal: checkSignal(SERVE, "signal", signal),
  };
}

function resolveToken(
  token: string | undefined,
  { tokenLength, tokenAlphabet, tokens }: AnyOptions<never>,
): string {
  const range = { min: 1, max: 1_024, integer: true };
  const length = checkNumber(SERVE, "tokenLength", tokenLength, range);
  const alphabet = checkString(SERVE, "tokenAlphabet", tokenAlphabet);
  if (token !== undefined) {
    checkToken(SERVE, "the token", token, "Omit it to generate one.");
    return token;
  }
  // With named tokens, an additional generated token would be unexpected.
  return tokens?.length ? "" : generateToken({ length, alphabet });
}

function resolveExposeContract(
  { contract, exposeContract = false }: AnyOptions<never>,
): boolean {
  checkBoolean(SERVE, "exposeContract", exposeContract);
  if (contract !== undefined || !exposeContract) return exposeContract;
  throw new TypeError(
    `${SERVE}: 'exposeContract' needs a contract. Pass one as the option 'contract'.`,
  );
}

function checkVersion(minimum: string | undefined): string | undefined {
  if (minimum === undefined) return minimum;
  if (typeof minimum === "string" && isVersion(minimum)) return minimum;
  const needed = 'a version such as "1.2.3"';
  throw invalidType(SERVE, "'minimumVersion'", needed, minimum);
}
