/**
 * The token of a client, which a function of the application can return for each login.
 *
 * @module
 */

import { aborted, limit } from "../common/async.ts";
import { checkToken } from "../common/check.ts";
import { ConnectError, LoginError, TimeoutError } from "../common/errors.ts";
import { readable } from "../common/thrown.ts";
import type { ClientLog } from "./log.ts";

/** What a {@linkcode TokenFunction} gets */
export interface TokenContext {
  /** Aborts if the client no longer needs the token, or after the option `timeout` */
  readonly signal: AbortSignal;
}

/**
 * Returns the token for one login. The client calls it before each attempt to log in, when
 * the server asks for a new token because the login expires, and once more if the server
 * rejected the token that it returned. If it throws an error, the attempt has failed, and a
 * client that reconnects tries again. If it throws a `LoginError`, the client gives up.
 *
 * @param context The signal
 */
export type TokenFunction = (
  context: TokenContext,
) => string | PromiseLike<string>;

/** What a {@linkcode TokenSource} needs */
export interface TokenSourceOptions {
  /** The URL of the server for error messages */
  readonly base: string;
  /** How long the function can take, in milliseconds */
  readonly timeout: number;
  /** The log, which must not show the tokens */
  readonly log: ClientLog;
}

/**
 * The token function failed. Its cause can be any error, also one of another connection,
 * and does not decide whether this client reconnects.
 */
export class TokenError extends ConnectError {}

/** Returns the token for each login. */
export class TokenSource {
  readonly #token: string | TokenFunction;
  readonly #options: TokenSourceOptions;

  /**
   * Constructs a `TokenSource`.
   *
   * @param token The token, or the function that returns it
   * @param options The URL of the server, the timeout and the log
   */
  constructor(token: string | TokenFunction, options: TokenSourceOptions) {
    this.#token = token;
    this.#options = options;
    if (typeof token === "string") options.log.hide(token);
  }

  /** Whether the client can get another token than the current one */
  get isFunction(): boolean {
    return typeof this.#token === "function";
  }

  /**
   * Returns the token for the next login.
   *
   * @param signal Stops waiting for the function when aborted
   *
   * @throws {LoginError} If the function throws one
   * @throws {TimeoutError} If the function returns nothing within the timeout
   * @throws {ConnectError} If the function fails otherwise, or returns no token
   */
  async next(signal?: AbortSignal): Promise<string> {
    if (typeof this.#token === "string") return this.#token;
    const { base, log } = this.#options;
    const token: unknown = await this.#call(this.#token, signal);
    if (typeof token !== "string" || token === "") throw noToken(base);
    log.hide(token);
    return token;
  }

  /**
   * Logs in. If the server rejects the token, logs in once more with another token.
   *
   * @param attempt Connects and logs in with a token
   * @param signal Stops waiting for the function when aborted
   * @param onRejected Called if the server rejected the first token of the function
   * @returns What `attempt` resolves to
   */
  async logIn<Result>(
    attempt: (token: string) => Promise<Result>,
    signal?: AbortSignal,
    onRejected: (error: LoginError) => void = () => {},
  ): Promise<Result> {
    const token = await this.next(signal);
    try {
      return await attempt(token);
    } catch (error) {
      if (!this.isFunction || !(error instanceof LoginError)) throw error;
      onRejected(error);
      const other = await this.next(signal);
      // The server counts failed logins, and would reject the same token again.
      if (other === token) throw error;
      return await attempt(other);
    }
  }

  async #call(
    callback: TokenFunction,
    callerSignal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { base, timeout } = this.#options;
    const onTimeout = () => tokenTimeout(base, timeout);
    const { signal, cancel } = limit(callerSignal, timeout, onTimeout);
    try {
      signal.throwIfAborted();
      const called = (async () => await callback({ signal }))();
      return await Promise.race([called, aborted(signal)]);
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      const error = readable(thrown);
      throw error instanceof LoginError ? error : tokenFailure(base, error);
    } finally {
      cancel();
    }
  }
}

/**
 * Checks the argument of `connect`. The error never shows the value.
 *
 * @param subject What could not be done, such as `Cannot connect`
 * @param token The token, or the function that returns it
 *
 * @throws {TypeError} If it is neither a non-empty string nor a function
 */
export function checkTokenSource(subject: string, token: unknown): void {
  if (typeof token === "function") return;
  const remedy = "Pass the token of the server, or a function that returns it.";
  checkToken(subject, "the token", token, remedy);
}

function tokenFailure(base: string, cause: unknown): TokenError {
  return new TokenError(
    `Cannot connect to ${base}: the token function threw an error. Look at the cause of this error.`,
    { cause },
  );
}

function noToken(base: string): TokenError {
  return new TokenError(
    `Cannot connect to ${base}: the token function must return a non-empty string. Throw a LoginError if there is no token.`,
  );
}

function tokenTimeout(base: string, timeout: number): TimeoutError {
  return new TimeoutError(
    `Cannot connect to ${base}: the token function returned no token within ${timeout} ms. Make it faster or raise 'timeout'.`,
  );
}
