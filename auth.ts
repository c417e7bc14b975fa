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

/** What a {@linkcode Login} may say: an object lets the client in as that object */
export type LoginDecision = boolean | object | null | undefined;

/**
 * Decides whether a client may log in. `true` lets it in, and so does an object, which
 * `client.identity` is from then on. Anything else refuses, and so does an error,
 * whether it is thrown or returned.
 *
 * @param server The server that is asked
 * @param token The token that the client sent
 * @param context What else is known of the client
 * @returns Whether the client may log in, or who it is
 */
export type Login<Server, Decision extends LoginDecision = LoginDecision> = (
  server: Server,
  token: string,
  context: LoginContext,
) => Decision | Promise<Decision>;

/** What a {@linkcode Login} may say so that `client.identity` is an `Identity` */
export type DecisionOf<Identity> =
  | boolean
  | (Identity & object)
  | null
  | undefined;

/**
 * What `client.identity` is after a {@linkcode Login} that says `Decision`: the object,
 * or `undefined` after `true`.
 */
export type IdentityOf<Decision> =
  | Exclude<Decision, boolean | null | undefined>
  | (true extends Decision ? undefined : never);

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
  return digestsMatch(digest(expected), digest(actual));
}

/**
 * Finds what a client logs in with, in a time that tells nothing about it but how many
 * there are.
 *
 * @param candidates What the server takes
 * @param actual The token that the client sent
 * @returns The one with that token
 *
 * @example
 * ```ts
 * import { findToken } from "@hoist/cli/auth";
 * import assert from "node:assert/strict";
 *
 * const tokens = [{ token: "one", user: "Ada" }, { token: "two", user: "Grace" }];
 * assert.equal(findToken(tokens, "two")?.user, "Grace");
 * ```
 */
export function findToken<Candidate extends { readonly token: string }>(
  candidates: readonly Candidate[],
  actual: string,
): Candidate | undefined {
  const other = digest(actual);
  let found: Candidate | undefined;
  // All are compared, wherever the right one stands.
  for (const candidate of candidates) {
    if (digestsMatch(digestOf(candidate), other)) found = candidate;
  }
  return found;
}

/** The digests of what is compared again and again. */
const digests = new WeakMap<
  object,
  { readonly token: string; readonly hash: string }
>();

function digestOf(candidate: { readonly token: string }): string {
  const { token } = candidate;
  const known = digests.get(candidate);
  if (known?.token === token) return known.hash;
  const made = digest(token);
  digests.set(candidate, { token, hash: made });
  return made;
}

function digestsMatch(one: string, other: string): boolean {
  let difference = 0;
  // Digests are all of one length, and each of their characters is looked at.
  for (let index = 0; index < one.length; index++) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  }
  return difference === 0;
}

function digest(token: string): string {
  // UTF-8 turns every lone surrogate into the same U+FFFD; JSON keeps them apart. As
  // text, since a hash object and its buffers cost a login ten times as much.
  return hash("sha256", JSON.stringify(token));
}
