/**
 * What the options of a server are if they are left out, and what they may be.
 *
 * @module
 */

import type { Login, LoginDecision } from "./auth.ts";
import { type BuiltinHandlers, makeBuiltins } from "./builtins.ts";
import { assertDefined } from "./assert_contract.ts";
import type { Contract } from "./contract.ts";
import { assertTokens, type NamedToken } from "./credentials.ts";
import { type ResolvedLimits, resolveLimits } from "./limits.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "./log.ts";
import type { ListenOptions, ServerOptions } from "./options.ts";
import { makeOriginCheck, type OriginCheck } from "./origins.ts";
import { namedIn, supportOf } from "./support.ts";
import { MAX_TIMEOUT } from "./timers.ts";
import { generateToken } from "./token.ts";
import { isVersion } from "./version.ts";

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
  readonly builtins: BuiltinHandlers;
  /** Whether clients may call an operation of a name */
  readonly isSupported: (name: string) => boolean;
  /** The operations that may be called, or may not, by name */
  readonly listed: readonly string[];
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
  builtins: true,
  supportedOperations: true,
  unsupportedOperations: true,
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
    builtins: makeBuiltins(options.builtins),
    isSupported: supportOf(
      options.supportedOperations,
      options.unsupportedOperations,
    ),
    listed: namedIn(
      options.supportedOperations,
      options.unsupportedOperations,
    ),
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
