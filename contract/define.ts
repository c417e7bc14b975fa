/**
 * Defines a contract, and checks what it consists of: JavaScript users have no compiler
 * that does it.
 *
 * @module
 */

import { checkArray, checkFunction, checkKeys } from "../common/check.ts";
import { RoomPattern } from "../common/room_name.ts";
import { quote, quoteName, suggestName } from "../common/text.ts";
import {
  assertErrors,
  assertObject,
  assertOperation,
  assertRequires,
  assertSchema,
  DEFINE,
  ENTRY_KEYS,
  type Keys,
} from "./checks.ts";
import type {
  Contract,
  ContractParts,
  MessageEntries,
  NoEntries,
  OperationEntries,
} from "./contract.ts";
import { describe } from "./describe.ts";
import type { RoomEntries } from "./room_entry.ts";
import { isSchema } from "./schema.ts";

const PARTS = { messages: true, events: true, operations: true, rooms: true };

const EVENT_KEYS = { data: true, replies: true };

const MESSAGE_KEYS = { ...EVENT_KEYS, errors: true, requires: true };

/**
 * Checks the parts of a contract.
 *
 * @throws {TypeError} If a part is invalid
 */
export function assertContract(parts: unknown): void {
  assertObject(DEFINE, "contract", parts);
  checkKeys(DEFINE, parts, PARTS);
  const { messages = {}, events = {}, operations = {}, rooms = {} }: Parts =
    parts;
  assertMessages("messages", messages, MESSAGE_KEYS);
  assertMessages("events", events, EVENT_KEYS);
  assertObject(DEFINE, "operations", operations);
  for (const [name, schemas] of Object.entries(operations)) {
    assertOperation(DEFINE, `operations.${name}`, schemas, ENTRY_KEYS);
  }
  assertRooms(rooms);
}

type Parts = Keys<typeof PARTS>;

function assertMessages(
  place: string,
  entries: unknown,
  known: Keys<typeof MESSAGE_KEYS>,
): void {
  assertObject(DEFINE, place, entries);
  for (const [name, entry] of Object.entries(entries)) {
    if (!isSchema(entry)) assertMessage(`${place}.${name}`, entry, known);
  }
}

function assertMessage(
  place: string,
  entry: unknown,
  known: Keys<typeof MESSAGE_KEYS>,
): void {
  assertObject(DEFINE, place, entry);
  checkKeys(DEFINE, entry, known, place);
  const { data, replies = {}, errors, requires }: Keys<typeof MESSAGE_KEYS> =
    entry;
  if (data !== undefined) assertSchema(DEFINE, `${place}.data`, data);
  assertObject(DEFINE, `${place}.replies`, replies);
  for (const [name, reply] of Object.entries(replies)) {
    assertSchema(DEFINE, `${place}.replies.${name}`, reply);
  }
  assertErrors(DEFINE, `${place}.errors`, errors);
  assertRequires(DEFINE, `${place}.requires`, requires);
}

/**
 * Defines what a server and its clients send to each other, in a module that both
 * import. If both pass the contract as an option, TypeScript checks all names and types,
 * and the server validates everything that it receives.
 *
 * @param parts The messages, the events, the operations and the rooms
 * @returns The contract
 *
 * @throws {TypeError} If a part has an unknown key, or a value that is no schema; or if the
 * name or the pattern of a room is invalid
 * @throws {RangeError} If the name of a room has more than 200 bytes, or the kind of an error
 * is empty or has more than 100 UTF-16 units
 *
 * @example
 * ```ts
 * import { connect, defineContract, serve } from "@hoist/cli";
 * import assert from "node:assert/strict";
 * import { z } from "zod";
 *
 * const contract = defineContract({
 *   operations: {
 *     add: { input: z.object({ a: z.number(), b: z.number() }), output: z.number() },
 *   },
 * });
 *
 * const options = { hostname: "127.0.0.1", port: 0, contract };
 * await using server = serve("test", options);
 * server.operation("add", ({ a, b }) => a + b);
 *
 * await using connection = await connect("test", { url: server.url, contract });
 * const sum: number = await connection.operation("add", { a: 1, b: 2 });
 * assert.equal(sum, 3);
 * ```
 */
export function defineContract<
  const Messages extends MessageEntries = NoEntries,
  const Events extends MessageEntries = NoEntries,
  const Operations extends OperationEntries = NoEntries,
  const Rooms extends RoomEntries = NoEntries,
  const Data = unknown,
>(
  parts: ContractParts<Messages, Events, Operations, Rooms, Data>,
): Contract<Messages, Events, Operations, Rooms> {
  assertContract(parts);
  // An omitted part is empty, as its type says.
  const contract = {
    messages: parts.messages ?? {} as Messages,
    events: parts.events ?? {} as Events,
    operations: parts.operations ?? {} as Operations,
    rooms: parts.rooms ?? {} as Rooms,
  };
  return { ...contract, describe: () => describe(contract) };
}

const ROOM_KEYS = {
  events: true,
  publishes: true,
  presence: true,
  claims: true,
};

const ROOM_EVENT_KEYS = { data: true, latest: true };

/**
 * Checks the rooms of a contract.
 *
 * @param rooms The rooms, by their names or patterns
 *
 * @throws {TypeError} If a name or an entry is invalid, or no pattern takes precedence for
 * some names
 * @throws {RangeError} If a name is too long
 */
export function assertRooms(rooms: unknown): void {
  assertObject(DEFINE, "rooms", rooms);
  for (const [name, room] of Object.entries(rooms)) {
    assertRoom(`rooms.${name}`, room);
  }
  assertPrecedence(Object.keys(rooms).map((name) => RoomPattern.parse(name)));
}

function assertRoom(place: string, room: unknown): void {
  assertObject(DEFINE, place, room);
  checkKeys(DEFINE, room, ROOM_KEYS, place);
  const { events = {}, publishes, presence, claims }: Keys<typeof ROOM_KEYS> =
    room;
  assertObject(DEFINE, `${place}.events`, events);
  for (const [name, event] of Object.entries(events)) {
    if (!isSchema(event)) assertEvent(`${place}.events.${name}`, event);
  }
  assertPublishes(`${place}.publishes`, publishes, Object.keys(events));
  for (const [key, schema] of Object.entries({ presence, claims })) {
    if (schema !== undefined) assertSchema(DEFINE, `${place}.${key}`, schema);
  }
}

function assertEvent(place: string, event: unknown): void {
  assertObject(DEFINE, place, event);
  checkKeys(DEFINE, event, ROOM_EVENT_KEYS, place);
  const { data, latest }: Keys<typeof ROOM_EVENT_KEYS> = event;
  if (data !== undefined) assertSchema(DEFINE, `${place}.data`, data);
  checkFunction(DEFINE, `${place}.latest`, latest);
}

function assertPublishes(
  place: string,
  publishes: unknown,
  events: readonly string[],
): void {
  const names = publishes as readonly unknown[] | undefined;
  checkArray(DEFINE, place, names, "names of events");
  // An array can contain `undefined`, so `find` is not enough.
  const known = new Set<unknown>(events);
  const index = names?.findIndex((name) => !known.has(name)) ?? -1;
  if (index !== -1) throw unknownEvent(place, names?.[index], events);
}

function unknownEvent(
  place: string,
  name: unknown,
  events: readonly string[],
): TypeError {
  const wanted = typeof name === "string" ? name : "";
  return new TypeError(
    `${DEFINE}: the room has no event ${quote(name)}, which ${
      quoteName(place)
    } contains. ${suggestName(wanted, events, "events", quote)}`,
  );
}

/** Checks that for each name one pattern takes precedence. */
function assertPrecedence(patterns: readonly RoomPattern[]): void {
  // Two patterns can only tie if they are equal up to the first parameter.
  const groups = new Map<string, RoomPattern[]>();
  for (const pattern of patterns) {
    const start = pattern.source.slice(0, pattern.specificity);
    const group = groups.get(start) ?? [];
    const other = group.find((each) => each.ties(pattern));
    if (other !== undefined) throw tieError(other, pattern);
    group.push(pattern);
    groups.set(start, group);
  }
}

function tieError(one: RoomPattern, other: RoomPattern): TypeError {
  return new TypeError(
    `${DEFINE}: some names of rooms match both ${quote(one.source)} and ${
      quote(other.source)
    }, and neither takes precedence. Remove one pattern, or begin them with different strings.`,
  );
}
