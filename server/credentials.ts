/**
 * The tokens that a server takes: which there are, and until when.
 *
 * @module
 */

import { MAX_TIMEOUT } from "../common/check.ts";
/** A token with a name, so that several can be told apart and revoked */
export interface NamedToken {
  /** What the log and `client.identity` call whoever logs in with it */
  readonly name: string;
  /** The token, of at least one character */
  readonly token: string;
  /**
   * When it stops to be taken: a date, or milliseconds since 1970. Never if left out.
   */
  readonly expires?: Date | number | undefined;
}

/** What a client is known by that logged in with a {@linkcode NamedToken} */
export interface TokenIdentity {
  /** The name of the token */
  readonly name: string;
}

/** What the tokens of a server decide, where it has no login of its own */
export type TokenDecision = true | TokenIdentity;

/** A token that is taken. */
export interface Credential {
  readonly token: string;
  /** `undefined` for the token of the server, which has no name */
  readonly identity: TokenIdentity | undefined;
  /** In milliseconds since 1970; `Infinity` for never */
  expires: number;
}

/** How many that are not taken any more are remembered. */
const MAX_RETIRED = 16;

/** The tokens of one server. */
export class TokenStore {
  readonly #onExpired: (credential: Credential) => void;
  #main: Credential | undefined;
  #all: readonly Credential[];
  #retired: readonly Credential[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * Constructs `TokenStore`.
   *
   * @param token The token of the server; empty if it has only named ones
   * @param named The named tokens
   * @param onExpired Is called with each that is taken no more because of its time
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

  /** The token of the server, or an empty text if it has only named ones */
  get token(): string {
    return this.#main?.token ?? "";
  }

  /** The last ones that are not taken any more */
  get retired(): readonly Credential[] {
    return this.#retired;
  }

  /** Those that are taken now */
  current(): readonly Credential[] {
    // A timer may be late.
    const now = Date.now();
    return this.#all.filter(({ expires }) => expires > now);
  }

  /**
   * Takes a token no more.
   *
   * @returns What it was
   *
   * @throws {TypeError} If there is no token of that name
   */
  revoke(name: string): Credential {
    const revoked = this.#all.find(({ identity }) =>
      identity !== undefined && identity.name === name
    );
    if (revoked === undefined) {
      const names = this.#all.flatMap(({ identity }) => identity?.name ?? []);
      const known = names.length === 0
        ? "are no named tokens"
        : `is none of that name, there are ${names.join(", ")}`;
      throw new TypeError(
        `Cannot revoke token ${JSON.stringify(name)}: there ${known}`,
      );
    }
    this.#remove(revoked);
    return revoked;
  }

  /**
   * Takes another token of the server, and the old one for a time.
   *
   * @param token The new one
   * @param grace How long the old one is taken, in milliseconds
   *
   * @throws {TypeError} If the new one is in use already
   */
  rotate(token: string, grace: number): void {
    assertToken(token, "Cannot rotate the token");
    if (this.#all.some((other) => other.token === token)) {
      throw new TypeError(
        "Cannot rotate the token as the new one is in use already: make another",
      );
    }
    const old = this.#main;
    this.#main = unnamed(token);
    const others = this.#all.filter((other) => other !== old);
    this.#all = [this.#main, ...others];
    if (old !== undefined) this.#retire(old, grace);
  }

  /** Stops the clock. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #retire(credential: Credential, grace: number): void {
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
    this.#retired = [...this.#retired, credential].slice(-MAX_RETIRED);
  }

  #stop(): void {
    // The first use of a timer takes Deno 5 ms, and most servers need none here.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Waits for the first that expires. */
  #watch(): void {
    this.#stop();
    const next = this.#all.reduce(
      (next, { expires }) => Math.min(next, expires),
      Infinity,
    );
    if (this.#isClosed || next === Infinity) return;
    const delay = Math.min(Math.max(0, next - Date.now()), MAX_TIMEOUT);
    this.#timer = setTimeout(() => this.#expire(), delay);
    // A program that has nothing else to do need not wait for that.
    Deno.unrefTimer(Number(this.#timer));
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

/**
 * Checks the tokens of a server.
 *
 * @param token The token without a name; empty if there is none
 * @param named The named ones
 *
 * @throws {TypeError} If one makes no sense, or stands there twice
 */
export function assertTokens(
  token: string,
  named: readonly NamedToken[],
): void {
  const subject = "Cannot serve";
  if (!Array.isArray(named)) {
    throw new TypeError(
      `${subject} as 'tokens' must be a list of named tokens`,
    );
  }
  for (const { name, token, expires } of named) {
    assertName(name);
    assertToken(token, `${subject} with token ${JSON.stringify(name)}`);
    assertExpires(name, expires);
  }
  assertDistinct(named.map(({ name }) => name), "name");
  assertDistinct([token, ...named.map(({ token }) => token)], "token");
}

function assertName(name: string): void {
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(
    "Cannot serve as each of 'tokens' must have a name of at least one character",
  );
}

function assertToken(token: string, subject: string): void {
  if (typeof token === "string" && token !== "") return;
  throw new TypeError(
    `${subject} as a token must be a text of at least one character`,
  );
}

function assertExpires(name: string, expires: Date | number | undefined): void {
  const isTime = typeof expires === "number" || expires instanceof Date;
  if (expires === undefined) return;
  if (isTime && !Number.isNaN(Number(expires))) return;
  throw new TypeError(
    `Cannot serve with token ${
      JSON.stringify(name)
    } as 'expires' must be a date, or milliseconds since 1970`,
  );
}

function assertDistinct(values: readonly string[], what: string): void {
  if (new Set(values).size === values.length) return;
  // Which one is not said: it may be a secret.
  throw new TypeError(
    `Cannot serve as a ${what} stands in 'tokens' twice, or is that of the server: make each its own`,
  );
}
