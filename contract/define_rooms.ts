/**
 * Checks the rooms of a contract.
 *
 * @module
 */

import { checkArray, checkFunction, checkKeys } from "../common/check.ts";
import { RoomPattern } from "../common/room_name.ts";
import { suggestName } from "../common/suggest.ts";
import { quote, quoteName } from "../common/text.ts";
import { assertObject, assertSchema, DEFINE, type Keys } from "./checks.ts";
import { isSchema } from "./schema.ts";

const ROOM_KEYS = {
  events: true,
  publishes: true,
  presence: true,
  claims: true,
};

const EVENT_KEYS = { data: true, latest: true };

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
  checkKeys(DEFINE, event, EVENT_KEYS, place);
  const { data, latest }: Keys<typeof EVENT_KEYS> = event;
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
