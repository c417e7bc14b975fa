/**
 * The options of a server and what they are if left out.
 *
 * @module
 */

import type { Login } from "./auth.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "./log.ts";
import { generateToken } from "./token.ts";
import { isVersion } from "./version.ts";

/** Options of a server, wherever it listens; `This` is the server itself. */
export interface ServerOptions<This extends { readonly token: string }> {
  /**
   * Decides who may log in.
   *
   * @default {defaultLogin}
   */
  readonly login?: Login<This> | undefined;
  /**
   * How long a client may take to log in, and `login` to decide, in milliseconds
   * from 1 to 2,147,483,647. A client that takes longer is refused.
   *
   * @default {10_000}
   */
  readonly loginTimeout?: number | undefined;
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
   * Whether the startup line leaves the token out.
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
  /** The certificate chain for TLS, in PEM format; `key` has to be there too */
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

/** The options of a server with every default filled in. */
export interface ResolvedOptions<This extends { readonly token: string }> {
  readonly token: string;
  /** `defaultLogin` if left out; that is loaded only when it is needed */
  readonly login: Login<This> | undefined;
  readonly loginTimeout: number;
  readonly minimumVersion: string | undefined;
  readonly hideToken: boolean;
  readonly exposeErrors: boolean;
  readonly closeTimeout: number;
  readonly logLevel: LogLevel;
  readonly logger: Logger | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Checks the arguments of a server and fills in what was left out. */
export function resolveOptions<This extends { readonly token: string }>(
  tokenOrOptions: string | ServerOptions<This> | undefined,
  options: ServerOptions<This> = {},
): ResolvedOptions<This> {
  if (typeof tokenOrOptions === "object" && tokenOrOptions !== null) {
    return resolve(undefined, tokenOrOptions);
  }
  return resolve(tokenOrOptions, options);
}

function resolve<This extends { readonly token: string }>(
  token: string | undefined,
  options: ServerOptions<This>,
): ResolvedOptions<This> {
  return {
    token: resolveToken(token, options),
    login: loginOf(options.login),
    loginTimeout: milliseconds("loginTimeout", options.loginTimeout, 1, 10_000),
    minimumVersion: version(options.minimumVersion),
    hideToken: options.hideToken ?? false,
    exposeErrors: options.exposeErrors ?? false,
    closeTimeout: milliseconds("closeTimeout", options.closeTimeout, 0, 5_000),
    logLevel: logLevel(options.logLevel ?? "info"),
    logger: options.logger,
    signal: options.signal,
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

function resolveToken(
  token: string | undefined,
  { tokenLength, tokenAlphabet }: {
    readonly tokenLength?: number | undefined;
    readonly tokenAlphabet?: string | undefined;
  },
): string {
  if (token === undefined) {
    return generateToken({ length: tokenLength, alphabet: tokenAlphabet });
  }
  if (typeof token === "string" && token !== "") return token;
  throw new TypeError(
    "Cannot serve as the token must be a text of at least one character: leave it out to have one made",
  );
}

// Longer delays overflow the timers of JavaScript, which then fire at once.
const MAX_DELAY = 2 ** 31 - 1;

function milliseconds(
  name: string,
  value: number | undefined,
  minimum: number,
  standard: number,
): number {
  const delay = value ?? standard;
  if (delay >= minimum && delay <= MAX_DELAY) return delay;
  throw new RangeError(
    `Cannot serve as '${name}' must be from ${minimum} to ${MAX_DELAY} milliseconds: current value is ${delay}`,
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
