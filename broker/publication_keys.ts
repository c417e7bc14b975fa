/**
 * The keys of the latest publications, so that a publication can be repeated without a
 * duplicate.
 *
 * @module
 */

/**
 * How long a key is kept, in milliseconds. A client repeats a publication for 120 seconds, and
 * the last repetition needs some time.
 */
export const KEY_TTL = 130_000;

/** The maximum number of keys of one publisher. */
const MAX_PER_PUBLISHER = 1_024;

/** The maximum number of keys of all publishers. */
const MAX_KEYS = 200_000;

interface KnownKey {
  readonly position: string | null;
  readonly time: number;
}

/** The keys of one publisher, the oldest first. */
interface Publisher {
  readonly keys: Map<string, KnownKey>;
  /** When it last published */
  usedAt: number;
  /** When a key was last dropped that could still be repeated */
  forgotAt: number;
}

/** The limits of the keys, which tests lower. */
export interface KeyLimits {
  readonly perPublisher: number;
  readonly total: number;
}

/** Remembers the keys of publications for {@linkcode KEY_TTL} milliseconds. */
export class PublicationKeys {
  readonly #limits: KeyLimits;
  /** The publishers, the one that published last at the end */
  readonly #publishers = new Map<string, Publisher>();
  #count = 0;
  /** When the keys of a publisher were last dropped as a whole, too early */
  #forgotAt = -Infinity;

  /** Constructs `PublicationKeys`. */
  constructor(
    limits: KeyLimits = { perPublisher: MAX_PER_PUBLISHER, total: MAX_KEYS },
  ) {
    this.#limits = limits;
  }

  /** The number of keys */
  get size(): number {
    return this.#count;
  }

  /** Returns the position that a publication got; `undefined` if its key is unknown. */
  find(
    publisher: string,
    key: string,
    now: number,
  ): { readonly position: string | null } | undefined {
    const known = this.#publishers.get(publisher)?.keys.get(key);
    return known === undefined || isOld(known, now) ? undefined : known;
  }

  /** Returns whether a key of a publisher can have been dropped too early. */
  hasForgotten(publisher: string, now: number): boolean {
    const own = this.#publishers.get(publisher);
    const forgotAt = own?.forgotAt ?? this.#forgotAt;
    return forgotAt + KEY_TTL > now;
  }

  /** Remembers the key of a publication. */
  add(
    publisher: string,
    key: string,
    position: string | null,
    now: number,
  ): void {
    const own = this.#publishers.get(publisher) ??
      { keys: new Map(), usedAt: now, forgotAt: this.#forgotAt };
    own.usedAt = now;
    // The publisher and the key move to the end of their maps.
    this.#publishers.delete(publisher);
    this.#publishers.set(publisher, own);
    if (!own.keys.delete(key)) this.#count++;
    own.keys.set(key, { position, time: now });
    this.#expireOwn(own, now);
    this.expire(now);
  }

  /** Drops old keys, and the keys of the publishers that have been silent for longest. */
  expire(now: number): void {
    for (const [name, publisher] of this.#publishers) {
      const isOver = publisher.usedAt + KEY_TTL <= now;
      if (!isOver && this.#count <= this.#limits.total) return;
      if (!isOver) this.#forgotAt = now;
      this.#count -= publisher.keys.size;
      this.#publishers.delete(name);
    }
  }

  #expireOwn(publisher: Publisher, now: number): void {
    const { keys } = publisher;
    for (const [key, known] of keys) {
      const isTooMany = keys.size > this.#limits.perPublisher;
      if (!isTooMany && !isOld(known, now)) return;
      if (!isOld(known, now)) publisher.forgotAt = now;
      keys.delete(key);
      this.#count--;
    }
  }
}

function isOld({ time }: KnownKey, now: number): boolean {
  return time + KEY_TTL <= now;
}
