/**
 * The definitions of rooms: which rooms exist, and what clients can do in them.
 *
 * @module
 */

import type { HistoryOptions } from "../broker/broker.ts";
import {
  checkFunction,
  checkKeys,
  checkNumber,
  checkObject,
  invalidType,
  TIMEOUT,
} from "../common/check.ts";
import { HoistError } from "../common/errors.ts";
import { RoomPattern } from "../common/room_name.ts";
import { quote, suggestName } from "../common/text.ts";
import { assertFree } from "../contract/checks.ts";
import { type Contract, ownEntry } from "../contract/contract.ts";
import { findRoom } from "../contract/find_room.ts";
import type { RoomEntry } from "../contract/room_entry.ts";
import type {
  RoomDefinition,
  RoomHistory,
  RoomInfo,
  RoomOptions,
} from "./room_options.ts";

const DEFINE = "Cannot define the room";

const KEYS: Readonly<Record<keyof RoomOptions, true>> = {
  history: true,
  authorize: true,
  publish: true,
  presence: true,
  onJoin: true,
  onLeave: true,
};

const HISTORY = { size: true, ttl: true, maxBytes: true };

const COUNT = { min: 1, max: 100_000, integer: true };

const BYTES = { min: 1, unit: "bytes", infinity: true };

/**
 * Checks the options of a definition, and adds the defaults.
 *
 * @param pattern The name of a room, or a pattern
 * @param options The options
 * @param entry What the contract says about the rooms
 */
function resolveRoom(
  pattern: RoomPattern,
  options: RoomOptions = {},
  entry?: RoomEntry,
): RoomDefinition {
  checkKeys(DEFINE, options, KEYS);
  const { authorize, publish, presence, onJoin, onLeave } = options;
  const hooks = { authorize, presence, onJoin, onLeave };
  for (const [name, hook] of Object.entries(hooks)) {
    checkFunction(DEFINE, name, hook);
  }
  if (!["undefined", "boolean", "function"].includes(typeof publish)) {
    throw invalidType(DEFINE, "'publish'", "a boolean or a function", publish);
  }
  const history = resolveHistory(options.history);
  return { pattern, ...hooks, publish, history, entry };
}

function resolveHistory(
  history: RoomHistory | undefined,
): HistoryOptions | undefined {
  if (history === undefined) return undefined;
  checkObject(DEFINE, "history", history);
  checkKeys(DEFINE, history, HISTORY, "history");
  const { size, ttl = Infinity, maxBytes = 1_048_576 } = history;
  if (size === undefined) {
    throw invalidType(DEFINE, "'history.size'", "a number", size);
  }
  checkNumber(DEFINE, "history.size", size, COUNT);
  checkNumber(DEFINE, "history.ttl", ttl, { ...TIMEOUT, min: 1 });
  checkNumber(DEFINE, "history.maxBytes", maxBytes, BYTES);
  return { size, ttl, maxBytes };
}

/** The definitions of one server. */
export class RoomDefinitions {
  readonly #contract: Contract | undefined;
  readonly #checkHistory: (history: HistoryOptions) => void;
  readonly #definitions: RoomDefinition[] = [];

  /**
   * Constructs `RoomDefinitions`.
   *
   * @param contract The contract of the server; without one, every room can be defined
   * @param checkHistory Called with the history of each definition; throws if the broker
   * cannot keep it
   */
  constructor(
    contract?: Contract,
    checkHistory: (history: HistoryOptions) => void = () => {},
  ) {
    this.#contract = contract;
    this.#checkHistory = checkHistory;
  }

  /** Whether no room is defined */
  get isEmpty(): boolean {
    return this.#definitions.length === 0;
  }

  /** The rooms of the contract that have no definition, by their patterns */
  get missing(): readonly string[] {
    const defined = new Set(
      this.#definitions.map(({ pattern }) => pattern.source),
    );
    return Object.keys(this.#contract?.rooms ?? {})
      .filter((pattern) => !defined.has(pattern));
  }

  /**
   * Adds a definition.
   *
   * @param source The name of a room, or a pattern
   * @param options What is kept, and what clients can do
   * @param used The rooms that have members
   *
   * @throws {TypeError} If the pattern or an option is invalid, the contract does not have the
   * pattern, or it ties with another definition
   * @throws {RangeError} If a number is out of range
   * @throws {HoistError} If a room with members would get another definition, or the broker
   * cannot keep the history
   */
  add(
    source: string,
    options: RoomOptions | undefined,
    used: Iterable<UsedRoom>,
  ): void {
    const pattern = RoomPattern.parse(source);
    assertFree(`${DEFINE} ${quote(source)}`, source);
    const entry = assertDefinable(this.#contract, source);
    for (const { pattern: other } of this.#definitions) {
      if (pattern.ties(other)) throw new TypeError(tied(source, other.source));
    }
    const definition = resolveRoom(pattern, options, entry);
    for (const room of used) assertUnaffected(room, pattern);
    const { history } = definition;
    if (history !== undefined) this.#checkHistory(history);
    this.#definitions.push(definition);
    this.#definitions.sort(mostSpecificFirst);
  }

  /** Finds the definition of a room; `undefined` if no definition allows the room. */
  find(
    name: string,
  ):
    | { readonly definition: RoomDefinition; readonly info: RoomInfo }
    | undefined {
    for (const definition of this.#definitions) {
      const { pattern } = definition;
      const params = pattern.match(name);
      if (params === undefined) continue;
      // A definition is not for a room that the contract declares with another pattern.
      return isDefinedBy(this.#contract, name, pattern.source)
        ? { definition, info: { name, params } }
        : undefined;
    }
  }
}

/** A room that has members. */
interface UsedRoom {
  readonly info: RoomInfo;
  readonly definition: RoomDefinition;
}

/** Checks that a room with members keeps its definition, which its members rely on. */
function assertUnaffected(
  { info: { name }, definition: { pattern: current } }: UsedRoom,
  pattern: RoomPattern,
): void {
  if (pattern.specificity <= current.specificity) return;
  if (pattern.match(name) === undefined) return;
  throw new HoistError(
    `${DEFINE} ${quote(pattern.source)}: the room ${
      quote(name)
    } has members, and another definition. Define all rooms before clients join.`,
  );
}

function mostSpecificFirst(
  { pattern: a }: RoomDefinition,
  { pattern: b }: RoomDefinition,
): number {
  // The difference of two infinities is no number.
  return a.specificity === b.specificity ? 0 : b.specificity - a.specificity;
}

/** Explains why a definition cannot be added besides another one. */
function tied(source: string, other: string): string {
  const subject = `${DEFINE} ${quote(source)}`;
  if (source === other) {
    return `${subject}: it is already defined. Call server.defineRoom() once for each name.`;
  }
  return `${subject}: it ties with ${
    quote(other)
  }, because the same names can match both. Make the part before the first parameter longer, or remove one of them.`;
}

/**
 * Checks that the contract has the rooms of a definition.
 *
 * @param contract The contract; without one, every pattern is allowed
 * @param pattern The name or the pattern
 * @returns What the contract says about the rooms; `undefined` without a contract
 *
 * @throws {TypeError} If the contract has no rooms with this pattern
 */
function assertDefinable(
  contract: Contract | undefined,
  pattern: string,
): RoomEntry | undefined {
  if (contract === undefined) return undefined;
  const { rooms } = contract;
  const entry = ownEntry(rooms, pattern);
  if (entry !== undefined) return entry;
  throw new TypeError(
    `${DEFINE} ${quote(pattern)}: the contract does not have it. ${
      suggestName(pattern, Object.keys(rooms), "rooms", quote)
    }`,
  );
}

/**
 * Returns whether a definition is for a room.
 *
 * @param contract The contract; without one, the name only has to match the pattern
 * @param name The name of a room that matches the pattern
 * @param pattern The pattern of the definition
 */
function isDefinedBy(
  contract: Contract | undefined,
  name: string,
  pattern: string,
): boolean {
  return contract === undefined ||
    findRoom(contract, name)?.pattern === pattern;
}
