/**
 * The tokens that a server of a deployment has revoked or replaced. The shared state contains
 * only their digests.
 *
 * @module
 */

import { isJsonObject, parseJson } from "../common/json.ts";
import {
  type Credential,
  digestOf,
  type OldToken,
  type Rotation,
  type TokenStore,
} from "./credentials.ts";
import type { ServerNode } from "./node.ts";

/** Begins the keys of the revoked tokens. */
const REVOKED = "revoked-";

const ROTATION = "rotation";

/**
 * How long a revoked token is remembered after it has expired, in milliseconds: 30 days, because
 * an application can extend the token.
 */
const REMEMBERED = 30 * 86_400_000;

/** How many replaced tokens are remembered. */
const MAX_OLD = 16;

const DIGEST = /^[0-9a-f]{64}$/;

/** Rotations that are not stored. */
interface UnsavedRotation {
  readonly current: string;
  /** The tokens before it, the oldest first */
  readonly replaced: readonly OldToken[];
}

/** Receives what other servers have done. */
export interface TokenEvents {
  /** Called with a token that is no longer accepted. */
  onRevoked(credential: Credential): void;
  /** Called with the token that was replaced. */
  onRotated(old: Credential): void;
}

/** Revokes and replaces tokens on all servers. */
export class SharedTokens {
  readonly #node: ServerNode;
  readonly #credentials: TokenStore;
  readonly #events: TokenEvents;
  /** The revoked tokens that are not stored yet: values by their keys */
  readonly #unsaved = new Map<string, string>();
  /** The replaced tokens that are not stored yet */
  #unsavedRotation: UnsavedRotation | undefined;

  constructor(node: ServerNode, credentials: TokenStore, events: TokenEvents) {
    this.#node = node;
    this.#credentials = credentials;
    this.#events = events;
  }

  /**
   * Stores that a token was revoked.
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  async revoke(name: string, credential: Credential): Promise<void> {
    const digest = digestOf(credential);
    const { expires } = credential;
    // JSON has no `Infinity`.
    const until = Number.isFinite(expires) ? expires : null;
    const value = JSON.stringify({ name, digest, until });
    this.#unsaved.set(`${REVOKED}${digest}`, value);
    await this.#save();
  }

  /**
   * Stores that the token was replaced.
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  async rotate(current: Credential, old: Credential): Promise<void> {
    // A rotation before it can still be unsaved, because the engine was down.
    const before = this.#unsavedRotation?.replaced ?? [];
    const digest = digestOf(old);
    // A token can come back and be replaced again, with another grace period.
    const others = before.filter((each) => each.digest !== digest);
    this.#unsavedRotation = {
      current: digestOf(current),
      replaced: [...others, { digest, until: old.expires }],
    };
    await this.#save();
  }

  /**
   * Applies what other servers have stored.
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  async read(): Promise<void> {
    const { shared } = this.#node;
    const revoked = [...await shared.list(REVOKED)]
      .map(([key, json]) => [key, parseJson(json)] as const);
    for (const [, value] of revoked) this.#applyRevoked(value);
    this.#applyRotation(await this.#rotation());
    // Last, because a deletion that fails must not keep tokens valid.
    for (const [key, value] of revoked) {
      if (isForgotten(value)) await shared.delete(key);
    }
  }

  /**
   * Stores what could not be stored while the engine was down.
   *
   * @returns Whether there was anything
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  async saveRest(): Promise<boolean> {
    const isSaved = this.#unsaved.size === 0 &&
      this.#unsavedRotation === undefined;
    if (!isSaved) await this.#save();
    return !isSaved;
  }

  async #save(): Promise<void> {
    for (const [key, value] of this.#unsaved) {
      await this.#node.shared.put(key, value);
      this.#unsaved.delete(key);
    }
    const rotation = this.#unsavedRotation;
    if (rotation === undefined) return;
    const known = await this.#rotation();
    const value = JSON.stringify(merge(rotation, known));
    await this.#node.shared.put(ROTATION, value);
    if (this.#unsavedRotation === rotation) this.#unsavedRotation = undefined;
  }

  async #rotation(): Promise<Rotation | undefined> {
    const state = await this.#node.shared.list(ROTATION);
    return parseRotation(state.get(ROTATION));
  }

  #applyRevoked(value: unknown): void {
    if (!isJsonObject(value)) return;
    const { name, digest } = value;
    if (typeof name !== "string" || !isDigest(digest)) return;
    const revoked = this.#credentials.revokeDigest(name, digest);
    if (revoked !== undefined) this.#events.onRevoked(revoked);
  }

  #applyRotation(rotation: Rotation | undefined): void {
    const old = rotation && this.#credentials.follow(rotation);
    if (old !== undefined) this.#events.onRotated(old);
  }
}

/** Adds rotations to those before them. */
function merge(
  { current, replaced }: UnsavedRotation,
  known: Rotation | undefined,
): Rotation {
  const own = [current, ...replaced.map(({ digest }) => digest)];
  // Another server has replaced the token at the same time. The later rotation wins.
  const lost = known !== undefined && !own.includes(known.current)
    ? [{ digest: known.current, until: 0 }]
    : [];
  const others = (known?.old ?? []).filter(({ digest }) =>
    !own.includes(digest)
  );
  const old = [...others, ...lost, ...replaced]
    .filter(({ digest }) => digest !== current);
  return { current, old: old.slice(-MAX_OLD) };
}

function parseRotation(json: string | undefined): Rotation | undefined {
  const value = json === undefined ? undefined : parseJson(json);
  if (!isJsonObject(value)) return undefined;
  const { current, old } = value;
  if (!isDigest(current) || !Array.isArray(old)) return undefined;
  return { current, old: old.filter(isOldToken) };
}

function isOldToken(value: unknown): value is OldToken {
  return isJsonObject(value) && isDigest(value.digest) &&
    typeof value.until === "number";
}

/** Whether a revoked token expired so long ago that no server accepts it. */
function isForgotten(value: unknown): boolean {
  return isJsonObject(value) && typeof value.until === "number" &&
    value.until + REMEMBERED < Date.now();
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && DIGEST.test(value);
}
