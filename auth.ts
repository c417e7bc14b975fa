/**
 * Deciding who may log in.
 *
 * @example
 * ```ts
 * import { tokensMatch } from "@hoist/cli/auth";
 * import assert from "node:assert/strict";
 *
 * assert(tokensMatch("test", "test"));
 * assert(!tokensMatch("test", "tesT"));
 * ```
 *
 * @module
 */

import { hash } from "node:crypto";

/** What is known of a client that wants to log in, besides its token */
export interface LoginContext {
  /** The address of the client, such as `127.0.0.1:41788` */
  readonly address: string;
  /** The version of Hoist that the client speaks, such as `1.0.0` */
  readonly version: string;
  /** The URL of the request that opened the connection */
  readonly url: URL;
  /** The headers of that request */
  readonly headers: Headers;
}

/**
 * Decides whether a client may log in. Anything but `true` refuses, and so does an
 * error.
 *
 * @param server The server that is asked
 * @param token The token that the client sent
 * @param context What else is known of the client
 * @returns Whether the client may log in
 */
export type Login<Server> = (
  server: Server,
  token: string,
  context: LoginContext,
) => boolean | Promise<boolean>;

/**
 * Compares two tokens in a time that tells nothing about them: it depends neither on
 * where they differ nor on whether their lengths do.
 *
 * @param expected The token of the server
 * @param actual The token that a client sent
 * @returns Whether they are the same
 *
 * @example
 * ```ts
 * import { tokensMatch } from "@hoist/cli/auth";
 * import assert from "node:assert/strict";
 *
 * assert(!tokensMatch("test", "a much longer token"));
 * ```
 */
export function tokensMatch(expected: string, actual: string): boolean {
  if (expected !== known.token) {
    known = { token: expected, digest: digest(expected) };
  }
  const one = known.digest;
  const other = digest(actual);
  let difference = 0;
  // Digests are all of one length, and each of their characters is looked at.
  for (let index = 0; index < one.length; index++) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  }
  return difference === 0;
}

/**
 * The login of a server that was given no other: the client's token has to be the
 * server's.
 *
 * @param server The server, of which only the token is looked at
 * @param token The token that the client sent
 * @returns Whether the tokens are the same
 *
 * @example
 * ```ts
 * import { defaultLogin } from "@hoist/cli/auth";
 * import assert from "node:assert/strict";
 *
 * assert(defaultLogin({ token: "test" }, "test"));
 * ```
 */
export function defaultLogin(
  server: { readonly token: string },
  token: string,
): boolean {
  return tokensMatch(server.token, token);
}

/** What was expected last: a server expects the same of all its clients. */
let known = { token: "", digest: digest("") };

function digest(token: string): string {
  // UTF-8 turns every lone surrogate into the same U+FFFD; JSON keeps them apart. As
  // text, since a hash object and its buffers cost a login ten times as much.
  return hash("sha256", JSON.stringify(token));
}
