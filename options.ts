/**
 * The options of a server.
 *
 * @module
 */

import type { Login, LoginDecision } from "./auth.ts";
import type { Builtins } from "./builtins.ts";
import type { Contract } from "./contract.ts";
import type { OpenContract } from "./contract_types.ts";
import type { NamedToken } from "./credentials.ts";
import type { Limits } from "./limits.ts";
import type { Logger, LogLevel } from "./log.ts";

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
  /**
   * Which of the operations of Python Hoist there are: `print`, `read` and `get`. Each
   * of them is open to every client that has logged in.
   *
   * @default {{}}
   */
  readonly builtins?: Builtins | undefined;
  /**
   * The operations that clients may call, of those that there are; `["*"]` for all. The
   * others are answered with the error `UNSUPPORTED_OPERATION`.
   *
   * @default {["*"]}
   */
  readonly supportedOperations?: readonly string[] | undefined;
  /**
   * The operations that clients may not call, which wins over `["*"]` on the other list;
   * `["*"]` for all but those that the other list names.
   *
   * @default {[]}
   */
  readonly unsupportedOperations?: readonly string[] | undefined;
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
