/**
 * What a broker does for the rooms of a server: it carries publications to every server
 * that has members in a room, keeps their history, and knows their order.
 *
 * @module
 */

import type { EngineLimit } from "./too_large.ts";

/** How many publications of a room are kept. */
export interface HistoryOptions {
  /** The maximum number of publications */
  readonly size: number;
  /** How long a publication is kept, in milliseconds; `Infinity` for no limit */
  readonly ttl: number;
  /** The maximum length of all publications together, in bytes of UTF-8 */
  readonly maxBytes: number;
}

/** A message in a room. */
export interface Publication {
  /** Its position; `null` in a room without history */
  readonly position: string | null;
  /**
   * The position of the publication before it in the room, whose check can be empty; `null` in
   * a room without history
   */
  readonly previous: string | null;
  /** What the publisher has encoded, once for all servers */
  readonly payload: string;
}

/** Identifies a publication, so that it can be repeated without a duplicate. */
export interface PublicationKey {
  /** The publisher, whose keys no other publisher can use up */
  readonly publisher: string;
  /** The key, unique among the publications of this publisher to the room */
  readonly key: string;
  /** Whether the publisher has perhaps sent this publication before */
  readonly isRepeated: boolean;
}

/** What a broker needs to know about a publication. */
export interface PublishOptions {
  /** How much history the room keeps; `undefined` for none */
  readonly history: HistoryOptions | undefined;
  /** The key of the publication; `undefined` if it is never repeated */
  readonly key: PublicationKey | undefined;
}

/** The answer to a publication. */
export interface Published {
  /** The position of the publication; `null` in a room without history */
  readonly position: string | null;
  /** Whether the broker had it already, and has therefore stored nothing */
  readonly isDuplicate: boolean;
}

/** Where a client wants to begin. */
export type ReadFrom =
  /** After a position that it has */
  | { readonly since: string }
  /** With the last publications; 0 for none */
  | { readonly last: number };

/** The limits of one read. */
export interface ReadOptions {
  /** How much history the room keeps */
  readonly history: HistoryOptions;
  /** The maximum number of publications to return */
  readonly limit: number;
  /** The maximum length of all payloads together, in bytes of UTF-8 */
  readonly maxBytes: number;
}

/** Why publications after a position cannot be returned. */
export type LossReason =
  /** The history no longer contains them */
  | "expired"
  /** The history began again, or it was restored and is another one */
  | "epoch"
  /** There are more than the limits of the read allow */
  | "limit";

/** The history of a room after a position. */
export interface HistoryRead {
  /**
   * The publications, the oldest first, without a gap up to `top`. If some are lost, these
   * come after the gap.
   */
  readonly publications: readonly Publication[];
  /** The position before the first of the publications; `top` if there are none */
  readonly from: string;
  /** Where the room is now */
  readonly top: string;
  /** Why publications are missing; `undefined` if these are all, which the check proves */
  readonly lost: LossReason | undefined;
}

/** How two positions of a room relate. */
export type Order =
  | "same"
  | "before"
  | "after"
  /** They belong to different epochs, or the same offset was assigned twice */
  | "unrelated";

/** Receives what a broker reports. */
export interface BrokerEvents {
  /**
   * Called with each publication in a subscribed room. A publication with a position can be
   * repeated and can be missing: `previous` shows it.
   */
  onPublication(room: string, publication: Publication): void;
  /**
   * Called when publications can have been missed, or when the history has begun again. If the
   * engine can lose a publication without a sign, the broker calls it regularly, because
   * nothing follows the last publication.
   *
   * @param room The room; `undefined` for all rooms
   */
  onStale(room: string | undefined): void;
}

/** Carries the publications of rooms, and keeps their history. */
export interface Broker extends AsyncDisposable {
  /** The name of the engine, for the log */
  readonly name: string;
  /** The longest message that the engine accepts, if there is a limit that is known */
  readonly limit?: EngineLimit | undefined;
  /**
   * Checks how much history some rooms keep. Called before it is used; a broker that can keep
   * every history does not have this method.
   *
   * @throws {HoistError} If the engine cannot keep one more history of another kind
   */
  define?(history: HistoryOptions): void;
  /** Starts to report; rejects if the engine cannot be reached. */
  start(events: BrokerEvents): Promise<void>;
  /** Resolves when the broker reports every further publication in the room. */
  subscribe(room: string): Promise<void>;
  /** Ends a subscription. */
  unsubscribe(room: string): Promise<void>;
  /**
   * Stores a publication and sends it to all servers with a subscription.
   *
   * @throws {PublishError} If it was not stored, or it is unknown whether it was
   * @throws {RangeError} If it is larger than the engine accepts: `exceededLimit`
   */
  publish(
    room: string,
    payload: string,
    options: PublishOptions,
  ): Promise<Published>;
  /**
   * Reads the history of a room. It can be behind the publications that were reported for a
   * short time, but not behind an epoch.
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead>;
  /**
   * Deletes the history of a room, which begins a new epoch.
   *
   * @param room The name of the room
   * @param history How much history the room keeps; `undefined` for none
   */
  clear(room: string, history: HistoryOptions | undefined): Promise<void>;
  /** Returns how position `a` relates to position `b` of the same room. */
  order(a: string, b: string): Order;
}
