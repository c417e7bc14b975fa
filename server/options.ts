/**
 * The options of a server.
 *
 * @module
 */

import type { Login, LoginDecision } from "../auth.ts";
import { MAX_TIMEOUT } from "../common/check.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "../common/logger.ts";
import type { Contract } from "../contract/contract.ts";
import { assertDefined } from "../contract/define.ts";
import type { OpenContract } from "../contract/infer.ts";
import { assertTokens, type NamedToken } from "./credentials.ts";
import { type Limits, type ResolvedLimits, resolveLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import { makeOriginCheck, type OriginCheck } from "./origins.ts";
import { generateToken } from "../token.ts";
import { isVersion } from "../version.ts";
/**
 * Options of a server, wherever it listens; `This` is the server itself, `Decision`
 * what its `login` resolves to, and `Of` its contract.
 */
export interface ServerOptions<
  This extends { readonly token: string },
  Decision extends LoginDecision = LoginDecision,
  Of extends Contract = OpenContract,
> {
  /**
   * Decides who may log in, and who it is: see `client.identity`. If left out, whoever
   * has the token of the server or one of `tokens`, which it excludes.
   */
  readonly login?: Login<This, Decision> | undefined;
  /**
   * Tokens with names, all different, of which each may have its end. A client that
   * logs in with one has its name in `client.identity` and in the log. If there are
   * some and no other token is given, none is made.
   *
   * @default {[]}
   */
  readonly tokens?: readonly NamedToken[] | undefined;
  /**
   * What the server and its clients have agreed on, see `defineContract`. Messages and
   * calls that do not fit are refused, and so are handlers for what it does not have.
   * Anything goes if left out.
   */
  readonly contract?: Of | undefined;
  /**
   * Whether `GET /hoist/contract` is answered with what `contract.describe()` says, to
   * whoever has a token: `Authorization: Bearer <token>`. A `login` decides about that,
   * too; the version that it is told is then that of the server.
   *
   * @default {false}
   */
  readonly exposeContract?: boolean | undefined;
  /** What clients may ask of the server. */
  readonly limits?: Limits | undefined;
  /**
   * What becomes of a client for which more than `limits.maxBuffered` would wait: it
   * is closed with 1013, or it stays and misses the messages that do not fit. An answer
   * is never left out: a client that does not read it is closed in either case.
   *
   * @default {"disconnect"}
   */
  readonly onSlow?: "disconnect" | "skip" | undefined;
  /**
   * Which pages a browser may connect from: origins such as `https://example.org`,
   * `http://localhost:*` for any port, `null` for pages without one, or `*` for all.
   * If left out, pages with the host name of the server itself, whatever the port:
   * those also share its cookies, and pages of others have no business here. What is no
   * browser sends no origin and is let in.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /**
   * How many proxies there are in front, each of which appends to the header
   * `X-Forwarded-For` the address that it was asked by; `true` is 1. The address of
   * the client is then read from there, counted from the right. Only for a server that
   * is reached in no other way: anyone else could write anything there.
   *
   * @default {false}
   */
  readonly trustProxy?: boolean | number | undefined;
  /**
   * The lowest version that a client may have, such as `1.2.3`. Any if left out.
   */
  readonly minimumVersion?: string | undefined;
  /**
   * The number of characters of the token that is made if none is given, from 1 to
   * 1,024.
   *
   * @default {25}
   */
  readonly tokenLength?: number | undefined;
  /**
   * The characters of the token that is made if none is given: at least two, all
   * different.
   *
   * @default {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
   */
  readonly tokenAlphabet?: string | undefined;
  /**
   * Whether the startup line leaves the token out. With a `login` it does in any case.
   *
   * @default {false}
   */
  readonly hideToken?: boolean | undefined;
  /**
   * Whether a client is told the class and the message of an error that one of its
   * requests caused. They can hold anything: paths, queries, secrets.
   *
   * @default {false}
   */
  readonly exposeErrors?: boolean | undefined;
  /**
   * How long requests under way may take to finish when the server closes, in
   * milliseconds from 0 to 2,147,483,647.
   *
   * @default {5_000}
   */
  readonly closeTimeout?: number | undefined;
  /**
   * The lowest level of the lines that are logged. `debug` shows payloads.
   *
   * @default {"info"}
   */
  readonly logLevel?: LogLevel | undefined;
  /**
   * Where the lines go. The logger named `hoist` of `@std/log` if left out, which
   * writes to standard error unless your program has set it up.
   */
  readonly logger?: Logger | undefined;
  /**
   * Closes the server, gracefully, when aborted.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Where a server listens: what `Deno.serve` takes for TCP and TLS */
export interface ListenOptions {
  /**
   * The address to listen on. `127.0.0.1` is reached from this machine only.
   *
   * @default {"0.0.0.0"}
   */
  readonly hostname?: string | undefined;
  /**
   * The port to listen on, from 0 to 65,535; 0 takes a free one.
   *
   * @default {5000}
   */
  readonly port?: number | undefined;
  /** The certificate mapMaybePromise for TLS, in PEM format; `key` has to be there too */
  readonly cert?: string | undefined;
  /** The private key for TLS, in PEM format; `cert` has to be there too */
  readonly key?: string | undefined;
  /**
   * Whether several processes may listen on the port and share its connections. Deno
   * wants `--unstable-net` for it.
   *
   * @default {false}
   */
  readonly reusePort?: boolean | undefined;
  /**
   * Is called once the server listens.
   *
   * @param address The address and the port that are really bound
   */
  readonly onListen?: ((address: Deno.NetAddr) => void) | undefined;
}

/** Options of `Server.close` */
export interface CloseOptions {
  /**
   * How long requests under way may take to finish, in milliseconds from 0 to
   * 2,147,483,647.
   *
   * @default {closeTimeout}
   */
  readonly timeout?: number | undefined;
}

/** Options of `Server.rotate` */
export interface RotateOptions {
  /**
   * How long the old token is still taken, in milliseconds from 0 to 2,147,483,647.
   *
   * @default {0}
   */
  readonly grace?: number | undefined;
}

/** The options of a server with every default filled in. */
export interface ResolvedOptions<This extends Owner> {
  /** Empty if there are only named ones */
  readonly token: string;
  readonly tokens: readonly NamedToken[];
  /** All of these: what no line of the log may hold */
  readonly secrets: readonly string[];
  /** If left out, the tokens decide */
  readonly login: Login<This> | undefined;
  readonly contract: Contract | undefined;
  readonly exposeContract: boolean;
  readonly limits: ResolvedLimits;
  readonly onSlow: "disconnect" | "skip";
  readonly isAllowed: OriginCheck;
  readonly trustProxy: number;
  readonly minimumVersion: string | undefined;
  readonly hideToken: boolean;
  readonly exposeErrors: boolean;
  readonly closeTimeout: number;
  readonly logLevel: LogLevel;
  readonly logger: Logger | undefined;
  readonly signal: AbortSignal | undefined;
  /** The names of options that there are none of */
  readonly unknown: readonly string[];
}

/** The options there are, those of where it listens included. */
const KNOWN: Readonly<
  Record<keyof ServerOptions<Owner> | keyof ListenOptions, true>
> = {
  login: true,
  tokens: true,
  contract: true,
  exposeContract: true,
  limits: true,
  onSlow: true,
  allowedOrigins: true,
  trustProxy: true,
  minimumVersion: true,
  tokenLength: true,
  tokenAlphabet: true,
  hideToken: true,
  exposeErrors: true,
  closeTimeout: true,
  logLevel: true,
  logger: true,
  signal: true,
  hostname: true,
  port: true,
  cert: true,
  key: true,
  reusePort: true,
  onListen: true,
};

/** The options of a server, whatever its contract. */
type AnyOptions<This extends Owner> = ServerOptions<
  This,
  LoginDecision,
  Contract
>;

/** What has a token. */
interface Owner {
  readonly token: string;
}

/** Checks the arguments of a server and fills in what was left out. */
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
  token: string | undefined,
  options: AnyOptions<This>,
): ResolvedOptions<This> {
  const { tokens = [], closeTimeout = 5_000 } = options;
  checkDelay("Cannot serve as 'closeTimeout'", closeTimeout);
  const resolvedToken = resolveToken(token, options);
  assertTokens(resolvedToken, tokens);
  assertOneLogin(options);
  return {
    token: resolvedToken,
    tokens,
    secrets: [resolvedToken, ...tokens.map(({ token }) => token)],
    login: loginOf(options.login),
    ...resolveContract(options),
    limits: resolveLimits(options.limits),
    onSlow: slowPolicy(options.onSlow ?? "disconnect"),
    isAllowed: makeOriginCheck(options.allowedOrigins),
    trustProxy: proxies(options.trustProxy ?? false),
    minimumVersion: version(options.minimumVersion),
    hideToken: options.hideToken ?? false,
    exposeErrors: options.exposeErrors ?? false,
    closeTimeout,
    logLevel: logLevel(options.logLevel ?? "info"),
    logger: options.logger,
    signal: options.signal,
    unknown: Object.keys(options).filter((name) => !Object.hasOwn(KNOWN, name)),
  };
}

function loginOf<This>(
  login: Login<This> | undefined,
): Login<This> | undefined {
  if (login === undefined || typeof login === "function") return login;
  throw new TypeError(
    `Cannot serve as 'login' must be a function: current value is of type ${typeof login}`,
  );
}

function resolveContract(
  { contract, exposeContract = false }: {
    readonly contract?: Contract | undefined;
    readonly exposeContract?: boolean | undefined;
  },
): {
  readonly contract: Contract | undefined;
  readonly exposeContract: boolean;
} {
  assertDefined("Cannot serve", contract);
  if (contract !== undefined || !exposeContract) {
    return { contract, exposeContract };
  }
  throw new TypeError(
    "Cannot serve as 'exposeContract' has nothing to show without a 'contract'",
  );
}

function resolveToken(
  token: string | undefined,
  { tokenLength, tokenAlphabet, tokens }: {
    readonly tokenLength?: number | undefined;
    readonly tokenAlphabet?: string | undefined;
    readonly tokens?: readonly NamedToken[] | undefined;
  },
): string {
  // Nobody would expect one more than they have named.
  if (token === undefined && tokens?.length) return "";
  if (token === undefined) {
    return generateToken({ length: tokenLength, alphabet: tokenAlphabet });
  }
  if (typeof token === "string" && token !== "") return token;
  throw new TypeError(
    "Cannot serve as the token must be a text of at least one character: leave it out to have one made",
  );
}

/**
 * Checks a time that may be over at once.
 *
 * @param subject What cannot be done, such as `Cannot close as 'timeout'`
 * @param delay The time in milliseconds
 */
export function checkDelay(subject: string, delay: number): void {
  if (delay >= 0 && delay <= MAX_TIMEOUT) return;
  throw new RangeError(
    `${subject} must be from 0 to ${MAX_TIMEOUT} milliseconds: current value is ${delay}`,
  );
}

function assertOneLogin(
  { login, tokens }: { readonly login?: unknown; readonly tokens?: unknown },
): void {
  if (login === undefined || tokens === undefined) return;
  throw new TypeError(
    "Cannot serve with both 'login' and 'tokens': one of them decides who may log in",
  );
}

function slowPolicy(policy: "disconnect" | "skip"): "disconnect" | "skip" {
  if (policy === "disconnect" || policy === "skip") return policy;
  throw new TypeError(
    `Cannot serve as 'onSlow' must be "disconnect" or "skip": current value is ${
      JSON.stringify(policy)
    }`,
  );
}

function proxies(trustProxy: boolean | number): number {
  const count = Number(trustProxy);
  const isKnown = typeof trustProxy === "boolean" || count === trustProxy;
  if (isKnown && Number.isSafeInteger(count) && count >= 0) return count;
  throw new RangeError(
    `Cannot serve as 'trustProxy' must be true, false or a number of proxies: current value is ${trustProxy}`,
  );
}

function version(minimum: string | undefined): string | undefined {
  if (minimum === undefined || isVersion(minimum)) return minimum;
  throw new TypeError(
    `Cannot serve as 'minimumVersion' must be a version such as "1.2.3": current value is ${
      JSON.stringify(minimum)
    }`,
  );
}

function logLevel(level: LogLevel): LogLevel {
  if (LOG_LEVELS.includes(level)) return level;
  throw new TypeError(
    `Cannot serve as 'logLevel' must be one of ${
      LOG_LEVELS.join(", ")
    }: current value is ${JSON.stringify(level)}`,
  );
}

/** Warns of options that there are none of, which only a type check finds otherwise. */
export function reportUnknown(log: Log, names: readonly string[]): void {
  for (const name of names) {
    log.warn("options", `there is no option ${JSON.stringify(name)}`);
  }
}
