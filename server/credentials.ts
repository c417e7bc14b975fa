/**
 * The tokens that a server accepts, and when they expire.
 *
 * @module
 */

import { digestToken } from "../auth.ts";
import {
  checkArray,
  checkBoolean,
  checkKeys,
  checkToken,
  invalidType,
  MAX_TIMEOUT,
} from "../common/check.ts";
import { runOutOfScope } from "./call_scope.ts";

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
  /**
   * Whether the clients that use the token are admins: they can use the admin contract of
   * `@hoist/cli/admin`, and so see all clients and disconnect them.
   *
   * @default {false}
   */
  readonly admin?: boolean | undefined;
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
  /** A random string if only the digest of the token is known */
  token: string;
  /** The SHA-256 of the token, if another server has rotated it */
  readonly digest: string | undefined;
  /** `undefined` for the token of the server, which has no name */
  readonly identity: TokenIdentity | undefined;
  /** Whether its clients are admins */
  readonly isAdmin: boolean;
  /** In milliseconds since 1970; `Infinity` for never */
  expires: number;
}

/** A token that another one has replaced. */
export interface OldToken {
  readonly digest: string;
  /** How long it is accepted, in milliseconds since 1970 */
  readonly until: number;
}

/** How the token of a server was replaced. */
export interface Rotation {
  /** The digest of the token that is accepted */
  readonly current: string;
  /** The tokens before it, the oldest first */
  readonly old: readonly OldToken[];
}

/** What to do about a token that cannot be used. */
const REMEDY = "Generate one with generateToken().";

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
  /** Whether the token of the server has been replaced */
  #hasRotated = false;
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

  /** The token of the server; `undefined` if it has only named tokens */
  get main(): Credential | undefined {
    return this.#main;
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
    checkToken(subject, "the new token", token, REMEDY);
    if (this.#all.some((other) => other.token === token)) {
      throw new TypeError(
        `${subject}: the new token is already in use. ${REMEDY}`,
      );
    }
    const old = this.#main;
    this.#replace(unnamed(token));
    if (old !== undefined) this.#expireAt(old, Date.now() + grace);
    return old;
  }

  /**
   * Stops accepting a token, which another server has revoked.
   *
   * @returns The token; `undefined` if the server does not accept it
   */
  revokeDigest(name: string, digest: string): Credential | undefined {
    const revoked = this.#all.find(({ identity, token }) =>
      identity?.name === name && digestToken(token) === digest
    );
    if (revoked !== undefined) this.#remove(revoked);
    return revoked;
  }

  /**
   * Replaces the token of the server, as another server has done.
   *
   * @param rotation The digests of the tokens
   * @returns The old token; `undefined` if nothing has changed
   */
  follow({ current, old }: Rotation): Credential | undefined {
    const main = this.#main;
    if (main === undefined) return undefined;
    const digest = digestOf(main);
    const known = old.find((each) => each.digest === digest);
    if (digest === current) return void this.#acceptOld(old);
    // This server was started with another token, which is newer.
    if (known === undefined && !this.#hasRotated) return undefined;
    this.#replace(unnamed(crypto.randomUUID(), current));
    this.#expireAt(main, known?.until ?? 0);
    this.#acceptOld(old);
    return main;
  }

  /** Accepts tokens that were replaced before this server started, in their grace periods. */
  #acceptOld(old: readonly OldToken[]): void {
    const known = new Set(this.#all.map(digestOf));
    for (const { digest, until } of old) {
      if (until <= Date.now() || known.has(digest)) continue;
      this.#expireAt(unnamed(crypto.randomUUID(), digest), until);
    }
  }

  /** Notes the token of a client, if only its digest was known. */
  learn(credential: Credential, token: string): void {
    if (credential.digest === undefined || credential.token === token) return;
    credential.token = token;
    this.#secrets = undefined;
  }

  /** Stops the timer. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  /** Sets the token of the server. The old one is not accepted any more. */
  #replace(credential: Credential): void {
    const others = this.#all.filter((other) => other !== this.#main);
    this.#main = credential;
    this.#all = [credential, ...others];
    this.#secrets = undefined;
    this.#hasRotated = true;
  }

  /** Accepts an old token until a time, in milliseconds since 1970. */
  #expireAt(credential: Credential, until: number): void {
    this.#all = [...this.#all, credential];
    credential.expires = until;
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
    this.#timer = runOutOfScope(() => setTimeout(() => this.#expire(), delay));
    // The timer must not keep the program alive.
    this.#timer.unref();
  }
}

function unnamed(token: string, digest?: string): Credential {
  const rest = { identity: undefined, isAdmin: false, expires: Infinity };
  return { token, digest, ...rest };
}

/** Returns the SHA-256 of a token. */
export function digestOf({ token, digest }: Credential): string {
  return digest ?? digestToken(token);
}

function credentialOf(
  { name, token, expires = Infinity, admin: isAdmin = false }: NamedToken,
): Credential {
  const identity = Object.freeze({ name });
  const rest = { identity, isAdmin, expires: Number(expires) };
  return { token, digest: undefined, ...rest };
}

const NAMED_KEYS: Readonly<Record<keyof NamedToken, true>> = {
  name: true,
  token: true,
  expires: true,
  admin: true,
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

/**
 * Checks that either a function or the tokens decide about logins.
 *
 * @throws {TypeError} If both of them are there
 */
export function assertOneLogin(login: unknown, tokens: unknown): void {
  if (login === undefined || tokens === undefined) return;
  throw new TypeError(
    `${SERVE}: 'login' and 'tokens' exclude each other. Omit one of them.`,
  );
}

function checkNamedToken(entry: NamedToken, index: number): void {
  const place = `tokens[${index}]`;
  if (entry === undefined) {
    throw invalidType(SERVE, `'${place}'`, "a named token", entry);
  }
  checkKeys(SERVE, entry, NAMED_KEYS, place);
  const { name, token, expires, admin } = entry;
  if (typeof name !== "string" || name === "") {
    throw invalidType(SERVE, `'${place}.name'`, "a non-empty string", name);
  }
  checkToken(SERVE, `'${place}.token'`, token, REMEDY);
  checkBoolean(SERVE, `${place}.admin`, admin);
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
