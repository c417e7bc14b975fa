/**
 * Starting a server in one line.
 *
 * @module
 */

import type { IdentityOf, LoginDecision } from "./auth.ts";
import type { Contract } from "./contract.ts";
import type { OpenContract } from "./contract_types.ts";
import type { TokenDecision } from "./credentials.ts";
import type { ListenOptions, ServerOptions } from "./options.ts";
import { Server } from "./server.ts";

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
