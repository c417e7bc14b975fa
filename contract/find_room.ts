/**
 * Finds the room of a contract to which a name belongs, and what the contract says about it.
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import { RoomPattern } from "../common/room_name.ts";
import { quote, suggestName } from "../common/text.ts";
import { type Contract, ownEntry } from "./contract.ts";
import { eventsOf, type RoomEntries, type RoomEntry } from "./room_entry.ts";
import { isSchema } from "./schema.ts";

/** A room that a contract declares. */
export interface FoundRoom {
  /** The key of the room in the contract: an exact name or a pattern */
  readonly pattern: string;
  /** The values of the parameters of the pattern, by their names */
  readonly params: Readonly<Record<string, string>>;
  /** What the contract says about the room */
  readonly entry: RoomEntry;
}

/** The rooms of a contract, prepared for many searches. */
interface RoomTable {
  readonly exact: ReadonlyMap<string, FoundRoom>;
  /** The patterns with parameters. The first one that matches takes precedence. */
  readonly patterns: readonly RoomPattern[];
}

const tables = new WeakMap<RoomEntries, RoomTable>();

/**
 * Finds a room in a contract. An exact name takes precedence over a pattern. Between
 * patterns, the longer string before the first parameter takes precedence.
 *
 * @param contract The contract
 * @param name The name of the room
 * @returns The room; `undefined` if the contract has no such room
 */
export function findRoom(
  { rooms }: Pick<Contract, "rooms">,
  name: string,
): FoundRoom | undefined {
  const { exact, patterns } = tableOf(rooms);
  const found = exact.get(name);
  if (found !== undefined) return found;
  for (const pattern of patterns) {
    const params = pattern.match(name);
    if (params === undefined) continue;
    const { source } = pattern;
    return { pattern: source, params, entry: rooms[source]! };
  }
  return undefined;
}

function tableOf(rooms: RoomEntries): RoomTable {
  const known = tables.get(rooms);
  if (known !== undefined) return known;
  const table = prepare(rooms);
  tables.set(rooms, table);
  return table;
}

function prepare(rooms: RoomEntries): RoomTable {
  const all = Object.keys(rooms).map((name) => RoomPattern.parse(name));
  const exact = all.filter(({ isExact }) => isExact).map(({ source }) =>
    [source, { pattern: source, params: {}, entry: rooms[source]! }] as const
  );
  const patterns = all.filter(({ isExact }) => !isExact)
    .sort((one, other) => other.specificity - one.specificity);
  return { exact: new Map(exact), patterns };
}

/**
 * Finds the room with a name, for the functions that get the name from the application.
 *
 * @param subject What failed, such as `Cannot join room "chat:1"`
 * @param contract The contract
 * @param name The name of the room
 * @returns The room; `undefined` without a contract, because then every room exists
 *
 * @throws {TypeError} If the contract has no such room
 */
export function requireRoom(
  subject: string,
  contract: Pick<Contract, "rooms"> | undefined,
  name: string,
): FoundRoom | undefined {
  if (contract === undefined) return undefined;
  const found = findRoom(contract, name);
  if (found !== undefined) return found;
  const patterns = Object.keys(contract.rooms);
  throw new TypeError(
    `${subject}: the contract does not have this room. ${
      suggestName(name, patterns, "rooms", quote)
    }`,
  );
}

/** Returns whether a newer event can replace a waiting event with this name. */
export function hasLatest(entry: RoomEntry, event: string): boolean {
  return latestOf(entry, event) !== undefined;
}

function latestOf(
  entry: RoomEntry,
  event: string,
): ((data: unknown) => unknown) | undefined {
  const declared = ownEntry(eventsOf(entry), event);
  if (declared === undefined || isSchema(declared)) return undefined;
  return declared.latest as ((data: unknown) => unknown) | undefined;
}

/**
 * Returns the latest key of an event: a newer event replaces a waiting event with the same
 * key. Events with different names have different keys.
 *
 * @param entry What the contract says about the room
 * @param event The name of the event
 * @param data The data of the event, as clients receive it
 * @returns The key; `undefined` if clients receive every event with this name
 *
 * @throws {TypeError} If `latest` returns neither a string nor a number
 * @throws What `latest` throws
 */
export function latestKeyOf(
  entry: RoomEntry,
  event: string,
  data: unknown,
): string | undefined {
  const latest = latestOf(entry, event);
  if (latest === undefined) return undefined;
  const key = latest(data);
  if (typeof key === "string" || typeof key === "number") {
    return JSON.stringify([event, typeof key, String(key)]);
  }
  throw invalidType(
    `Cannot send event ${quote(event)}`,
    "the result of 'latest'",
    "a string or a number",
    key,
  );
}
