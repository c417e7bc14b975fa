/**
 * Comparing tokens, and the types of the option `login`.
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

/** The properties of a client that logs in, besides its token */
export interface LoginContext {
  /** The address of the client, such as `127.0.0.1:41788` */
  readonly address: string;
  /**
   * The version of Hoist that the client speaks, such as `1.1.0`. Without `minimumVersion`,
   * it can be any string. At most 100 characters are kept.
   */
  readonly version: string;
  /** The URL of the HTTP request that opened the connection */
  readonly url: URL;
  /** The headers of that request */
  readonly headers: Headers;
  /**
   * The client whose token is renewed, with its present identity; `undefined` for a new
   * client and for an HTTP request. The new token can belong to another user: compare the
   * identities, and reject the token if your server does not allow this.
   */
  readonly renewing: RenewingClient | undefined;
  /**
   * Sets when the login expires. Before that time, the server asks the client for a new token
   * and calls the login function again. At that time, it closes the connection with 1008.
   * Without a call, the login does not expire. It has no effect on an HTTP request, and after
   * the login function has finished.
   *
   * @param time The time: a date, or milliseconds since 1970
   *
   * @throws {TypeError} If the time is neither a valid date nor a number
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   *
   * await using server = serve({
   *   hostname: "127.0.0.1",
   *   port: 0,
   *   login: (_server, token, context) => {
   *     const { name, expires } = JSON.parse(token); // verify a signature here
   *     context.expireAt(expires);
   *     return { name };
   *   },
   * });
   *
   * const token = () => JSON.stringify({ name: "ada", expires: Date.now() + 60_000 });
   * await using connection = await connect(token, { url: server.url });
   * ```
   */
  expireAt(time: Date | number): void;
  /**
   * Names the user of the client: `client.user` and `server.user(name)`. In rooms, all
   * connections of a user are one member. Without a call, each connection is a member of its
   * own. It has no effect on an HTTP request, and after the login function has finished.
   *
   * Call it at each renewal, too. If a renewal names another user or none, and the client uses
   * rooms, the server closes the connection (1001), because a member keeps its user. The
   * client reconnects as the new user.
   *
   * @param name The name, a string of 1 to 200 bytes of UTF-8. Other clients do not see it
   *
   * @throws {TypeError} If the name is not a string, or has a lone surrogate
   * @throws {RangeError} If the name is empty or has more than 200 bytes
   *
   * @example
   * ```ts
   * import { connect, serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * const names = new Map([["a long secret", "ada"]]);
   * await using server = serve({
   *   hostname: "127.0.0.1",
   *   port: 0,
   *   login: (_server, token, context) => {
   *     const name = names.get(token);
   *     if (name !== undefined) context.setUser(name);
   *     return name !== undefined;
   *   },
   * });
   * await using _connection = await connect("a long secret", { url: server.url });
   * assert.equal(server.user("ada").clients.size, 1);
   * ```
   */
  setUser(name: string): void;
}

/** A client that renews its token */
export interface RenewingClient {
  /** The number of the client, unique within the server */
  readonly id: number;
  /** The identity of the client before the renewal */
  readonly identity: unknown;
  /** What `onConnect` has returned */
  readonly data: unknown;
}

/**
 * An object that accepts a client. The type excludes what is probably a mistake: an array
 * (SQL clients return `[]` for no row) or another iterable, a boxed value, a `Date`, a
 * function, a promise in a promise, and a `Response`, which can have the status 401.
 */
export type LoginIdentity = object & {
  readonly [Symbol.iterator]?: never;
  readonly valueOf?: () => object;
  readonly bind?: never;
  readonly bodyUsed?: never;
  readonly then?: never;
};

/** The decision of a {@linkcode Login}: `true` or an object accepts the client */
export type LoginDecision = boolean | LoginIdentity | null | undefined;

/**
 * Decides whether a client can log in. `true` accepts the client. An object accepts it as
 * well, and becomes `client.identity`: a plain object, or an object of a class of the
 * application. `false`, `null` and `undefined` reject the token. Any other value, such as an
 * array or a `Response`, is a mistake: the login fails and the server logs why. The same
 * happens for an error that is thrown or returned.
 *
 * @param server The server
 * @param token The token that the client sent
 * @param context The other properties of the client
 * @returns The decision, or a promise of it
 */
export type Login<Server, Decision extends LoginDecision = LoginDecision> = (
  server: Server,
  token: string,
  context: LoginContext,
) => Decision | Promise<Decision>;

/** The decisions of a {@linkcode Login} for which `client.identity` is an `Identity` */
export type DecisionOf<Identity> =
  | boolean
  | (Identity & LoginIdentity)
  | null
  | undefined;

/**
 * The type of `client.identity` after a {@linkcode Login} with these decisions: the object,
 * or `undefined` after `true`.
 */
export type IdentityOf<Decision> =
  | Exclude<Decision, boolean | null | undefined>
  | (true extends Decision ? undefined : never);

/**
 * Compares two tokens in a time that reveals nothing about them. The time depends neither
 * on the position of the first difference nor on the lengths.
 *
 * @param expected The token of the server
 * @param actual The token that a client sent
 * @returns Whether the tokens are equal
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
 * Finds the candidate with a token. The comparison time depends only on the number of
 * candidates, so that it does not help to guess a token (no timing attack).
 *
 * @param candidates The tokens that the server accepts
 * @param actual The token that the client sent
 * @returns The candidate with that token, if there is one
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
export function findToken<Candidate extends TokenCandidate>(
  candidates: readonly Candidate[],
  actual: string,
): Candidate | undefined {
  const other = digest(actual);
  let found: Candidate | undefined;
  // All candidates are compared, wherever the matching one is.
  for (const candidate of candidates) {
    if (digestsMatch(digestOf(candidate), other)) found = candidate;
  }
  return found;
}

/** A token that {@linkcode findToken} can find */
export interface TokenCandidate {
  /** The token */
  readonly token: string;
  /** The result of {@linkcode digestToken}, if only that is known */
  readonly digest?: string | undefined;
}

/**
 * Returns the SHA-256 of a token, which can be stored in its place.
 *
 * @param token The token
 * @returns The hash of the JSON string of the token, as 64 hexadecimal digits
 *
 * @example
 * ```ts
 * import { digestToken, findToken } from "@hoist/cli/auth";
 * import assert from "node:assert/strict";
 *
 * const stored = { token: "", digest: digestToken("a long secret") };
 * assert.equal(findToken([stored], "a long secret"), stored);
 * ```
 */
export function digestToken(token: string): string {
  return digest(token);
}

/** The digests of the candidates, which every login is compared with. */
const digests = new WeakMap<
  object,
  { readonly token: string; readonly hash: string }
>();

function digestOf(candidate: TokenCandidate): string {
  const { token } = candidate;
  if (candidate.digest !== undefined) return candidate.digest;
  const known = digests.get(candidate);
  if (known?.token === token) return known.hash;
  const made = digest(token);
  digests.set(candidate, { token, hash: made });
  return made;
}

function digestsMatch(one: string, other: string): boolean {
  // A digest of the application can be empty or cut, and then matches no token.
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  }
  return difference === 0;
}

/**
 * Loaded by the first comparison, because it would double the time to start. `import()` would
 * end Deno if no file descriptor is left, which strangers can cause.
 */
let crypto: typeof import("node:crypto") | undefined;

function digest(token: string): string {
  crypto ??= globalThis.process.getBuiltinModule("node:crypto");
  // UTF-8 converts every lone surrogate into the same U+FFFD, but JSON distinguishes them.
  // A hash object with buffers would make a login ten times as expensive.
  return crypto.hash("sha256", JSON.stringify(token));
}
