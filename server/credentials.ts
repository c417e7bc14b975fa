/**
 * The tokens that a server accepts, and when they expire.
 *
 * @module
 */

import {
  checkArray,
  checkKeys,
  checkToken,
  invalidType,
  MAX_TIMEOUT,
} from "../common/check.ts";

/** A token with a name, which can be revoked on its own */
export interface NamedToken {
  /** The name of the token, in the log and in `client.identity` */
  readonly name: string;
  /** The token: a non-empty string */
  readonly token: string;
  /**
   * When the server stops accepting the token: a date, or milliseconds since 1970. Never if
   * omitted. Before that time, the server asks the clients that use the token for a new one.
   * At that time, it closes the connections of those that have sent none, with 1008.
   */
  readonly expires?: Date | number | undefined;
}

/** The identity of a client that logged in with a {@linkcode NamedToken} */
export interface TokenIdentity {
  /** The name of the token */
  readonly name: string;
}

/** The result of a login by token, on a server without the option `login` */
export type TokenDecision = true | TokenIdentity;

/** A token that the server accepts. */
export interface Credential {
  readonly token: string;
  /** `undefined` for the token of the server, which has no name */
  readonly identity: TokenIdentity | undefined;
  /** In milliseconds since 1970; `Infinity` for never */
  expires: number;
}

/** How many revoked and expired tokens are remembered. */
const MAX_REVOKED = 16;

/** The tokens of one server, and the timer for the next one that expires. */
export class TokenStore {
  readonly #onExpired: (credential: Credential) => void;
  #main: Credential | undefined;
  #all: readonly Credential[];
  #revoked: readonly Credential[] = [];
  /** `undefined` if the tokens have changed since they were requested */
  #secrets: readonly string[] | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * Constructs a `TokenStore`.
   *
   * @param token The token of the server; empty if it has only named tokens
   * @param named The named tokens
   * @param onExpired Called with each token that expires
   */
  constructor(
    token: string,
    named: readonly NamedToken[],
    onExpired: (credential: Credential) => void,
  ) {
    this.#onExpired = onExpired;
    this.#main = token === "" ? undefined : unnamed(token);
    const others = named.map(credentialOf);
    this.#all = this.#main === undefined ? others : [this.#main, ...others];
    this.#watch();
  }

  /** The token of the server; empty if it has only named tokens */
  get token(): string {
    return this.#main?.token ?? "";
  }

  /** The latest tokens that were revoked or have expired */
  get revoked(): readonly Credential[] {
    return this.#revoked;
  }

  /** The tokens that the log must not contain: the same array while they do not change */
  get secrets(): readonly string[] {
    return this.#secrets ??= [...this.#all, ...this.#revoked]
      .map(({ token }) => token);
  }

  /** Returns the tokens that are valid now. */
  current(): readonly Credential[] {
    // The timer can be late.
    const now = Date.now();
    return this.#all.filter(({ expires }) => expires > now);
  }

  /** Returns whether a token is still valid, after a login was decided with it. */
  accepts(credential: Credential): boolean {
    return this.#all.includes(credential) && credential.expires > Date.now();
  }

  /**
   * Stops accepting a named token.
   *
   * @param name The name of the token
   * @returns The token
   *
   * @throws {TypeError} If there is no token of that name
   */
  revoke(name: string): Credential {
    const revoked = this.#all.find(({ identity }) =>
      identity !== undefined && identity.name === name
    );
    if (revoked === undefined) throw this.#unknown(name);
    this.#remove(revoked);
    return revoked;
  }

  #unknown(name: string): TypeError {
    const names = this.#all.flatMap(({ identity }) => identity?.name ?? []);
    const known = names.length === 0
      ? "The server has no named tokens."
      : `The named tokens are ${names.join(", ")}.`;
    return new TypeError(
      `Cannot revoke token ${
        JSON.stringify(name)
      }: it does not exist. ${known}`,
    );
  }

  /**
   * Replaces the token of the server.
   *
   * @param token The new token
   * @param grace How long the old token stays valid, in milliseconds
   * @returns The old token; `undefined` if there was none
   *
   * @throws {TypeError} If the new token is empty or already in use
   */
  rotate(token: string, grace: number): Credential | undefined {
    const subject = "Cannot rotate the token";
    const remedy = "Generate one with generateToken().";
    checkToken(subject, "the new token", token, remedy);
    if (this.#all.some((other) => other.token === token)) {
      throw new TypeError(
        `${subject}: the new token is already in use. ${remedy}`,
      );
    }
    const old = this.#main;
    this.#main = unnamed(token);
    const others = this.#all.filter((other) => other !== old);
    this.#all = [this.#main, ...others];
    this.#secrets = undefined;
    if (old !== undefined) this.#expireIn(old, grace);
    return old;
  }

  /** Stops the timer. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #expireIn(credential: Credential, grace: number): void {
    this.#all = [...this.#all, credential];
    credential.expires = Date.now() + grace;
    this.#expire();
  }

  #expire(): void {
    const now = Date.now();
    for (const credential of this.#all) {
      if (credential.expires > now) continue;
      this.#remove(credential);
      this.#onExpired(credential);
    }
    this.#watch();
  }

  #remove(credential: Credential): void {
    this.#all = this.#all.filter((other) => other !== credential);
    this.#revoked = [...this.#revoked, credential].slice(-MAX_REVOKED);
    this.#secrets = undefined;
  }

  #stop(): void {
    // The first use of a timer takes Deno 5 ms, and most servers need no timer here.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Sets the timer to the next token that expires. */
  #watch(): void {
    this.#stop();
    const next = this.#all.reduce(
      (next, { expires }) => Math.min(next, expires),
      Infinity,
    );
    if (this.#isClosed || next === Infinity) return;
    const delay = Math.min(Math.max(0, next - Date.now()), MAX_TIMEOUT);
    this.#timer = setTimeout(() => this.#expire(), delay);
    // The timer must not keep the program alive.
    this.#timer.unref();
  }
}

function unnamed(token: string): Credential {
  return { token, identity: undefined, expires: Infinity };
}

function credentialOf(
  { name, token, expires = Infinity }: NamedToken,
): Credential {
  const identity = Object.freeze({ name });
  return { token, identity, expires: Number(expires) };
}

const NAMED_KEYS: Readonly<Record<keyof NamedToken, true>> = {
  name: true,
  token: true,
  expires: true,
};

const SERVE = "Cannot serve";

/**
 * Checks the option `tokens`.
 *
 * @param token The token of the server; empty if there is none
 * @param named The named tokens
 *
 * @throws {TypeError} If a token is invalid or not unique
 */
export function checkNamedTokens(
  token: string,
  named: readonly NamedToken[],
): void {
  checkArray(SERVE, "tokens", named, "named tokens");
  named.forEach(checkNamedToken);
  if (hasDuplicates(named.map(({ name }) => name))) {
    throw new TypeError(
      `${SERVE}: two of 'tokens' have the same name. Give each token its own name.`,
    );
  }
  // The error does not show the token, because it is a secret.
  if (hasDuplicates([token, ...named.map(({ token }) => token)])) {
    throw new TypeError(
      `${SERVE}: the same token occurs twice in 'tokens', or is the token of the server. Use each token once.`,
    );
  }
}

function checkNamedToken(entry: NamedToken, index: number): void {
  const place = `tokens[${index}]`;
  if (entry === undefined) {
    throw invalidType(SERVE, `'${place}'`, "a named token", entry);
  }
  checkKeys(SERVE, entry, NAMED_KEYS, place);
  const { name, token, expires } = entry;
  if (typeof name !== "string" || name === "") {
    throw invalidType(SERVE, `'${place}.name'`, "a non-empty string", name);
  }
  checkToken(
    SERVE,
    `'${place}.token'`,
    token,
    "Generate one with generateToken().",
  );
  if (expires === undefined || isTime(expires)) return;
  const needed = "a Date or a number of milliseconds since 1970";
  throw invalidType(SERVE, `'${place}.expires'`, needed, expires);
}

function isTime(value: unknown): boolean {
  const isTime = typeof value === "number" || value instanceof Date;
  return isTime && !Number.isNaN(Number(value));
}

function hasDuplicates(values: readonly string[]): boolean {
  return new Set(values).size !== values.length;
}
