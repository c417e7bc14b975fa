/** Tests of `contract/define_rooms.ts`. */

import assert from "node:assert/strict";
import { assertRooms } from "../../contract/define_rooms.ts";
import { HOSTILE } from "../support/attacks.ts";
import {
  assertRefused,
  NO_OBJECTS,
  NO_SCHEMAS,
  noObject,
  noSchema,
} from "../support/invalid_contracts.ts";
import { ACCEPT_ALL, LIBRARIES } from "../support/schemas.ts";

const latest = () => 1;

Deno.test("assertRooms() accepts all forms of a room", () => {
  const { zod, valibot, arktype } = LIBRARIES;
  const events = {
    bare: zod,
    open: {},
    left: { data: undefined, latest: undefined },
    full: { data: valibot, latest },
  };
  assertRooms({});
  assertRooms({
    lobby: {},
    left: { events: undefined, publishes: undefined, presence: undefined },
    none: { events: {}, publishes: [] },
    "chat:{id}": { events, publishes: ["full", "bare"], presence: arktype },
    "doc:{id}": { presence: zod, claims: ACCEPT_ALL },
    "doc:{id}:{part}": { claims: valibot },
  });
});

Deno.test("assertRooms() accepts inherited names of rooms and events", () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    const entries = (entry: unknown) => Object.fromEntries([[name, entry]]);
    assertRooms(
      entries({ events: entries(ACCEPT_ALL), publishes: [name] }),
    );
    // Their entries are checked as well.
    assertRefused(
      () => assertRooms(entries(1)),
      noObject(`rooms.${name}`, "1"),
    );
    assertRefused(
      () => assertRooms({ a: { events: entries(1) } }),
      noObject(`rooms.a.events.${name}`, "1"),
    );
    // The object of the events has these members, but the room has no such events.
    assert.throws(() => assertRooms({ a: { publishes: [name] } }), TypeError);
  }
});

for (const [value, shown] of NO_OBJECTS) {
  Deno.test(`assertRooms() rejects ${Deno.inspect(value)} in the place of an object`, () => {
    assertRefused(() => assertRooms(value), noObject("rooms", shown));
    assertRefused(
      () => assertRooms({ good: {}, bad: value }),
      noObject("rooms.bad", shown),
    );
    assertRefused(
      () => assertRooms({ a: { events: value } }),
      noObject("rooms.a.events", shown),
    );
    assertRefused(
      () => assertRooms({ a: { events: { good: {}, bad: value } } }),
      noObject("rooms.a.events.bad", shown),
    );
  });
}

for (const [value, shown] of NO_SCHEMAS) {
  Deno.test(`assertRooms() rejects the schema ${Deno.inspect(value)}`, () => {
    assertRefused(
      () => assertRooms({ a: { events: { hi: { data: value } } } }),
      noSchema("rooms.a.events.hi.data", shown),
    );
    for (const key of ["presence", "claims"]) {
      assertRefused(
        () => assertRooms({ a: { [key]: value } }),
        noSchema(`rooms.a.${key}`, shown),
      );
    }
  });
}

for (
  const [rooms, message] of [
    [
      { lobby: { event: {} } },
      "Cannot define the contract: unknown option 'event' in 'rooms.lobby'. Did you mean 'events'?",
    ],
    [
      { lobby: { events: { hi: { replies: {} } } } },
      "Cannot define the contract: unknown option 'replies' in 'rooms.lobby.events.hi'. The options are data, latest.",
    ],
    [
      { lobby: { events: { hi: { latest: "id" } } } },
      `Cannot define the contract: 'rooms.lobby.events.hi.latest' must be a function. It is "id".`,
    ],
    [
      { lobby: { publishes: "hi" } },
      `Cannot define the contract: 'rooms.lobby.publishes' must be an array of names of events. It is "hi".`,
    ],
    [
      { lobby: { events: { hello: {} }, publishes: ["helo"] } },
      `Cannot define the contract: the room has no event "helo", which 'rooms.lobby.publishes' contains. Did you mean "hello"?`,
    ],
    [
      { lobby: { publishes: ["hi"] } },
      `Cannot define the contract: the room has no event "hi", which 'rooms.lobby.publishes' contains. There are no events.`,
    ],
    [
      { lobby: { events: { hi: {} }, publishes: ["hi", undefined] } },
      `Cannot define the contract: the room has no event undefined, which 'rooms.lobby.publishes' contains. The events are hi.`,
    ],
    [
      { lobby: { publishes: [Object.create(null)] } },
      `Cannot define the contract: the room has no event an object, which 'rooms.lobby.publishes' contains. There are no events.`,
    ],
    [
      { "chat:{id": {} },
      `Cannot define a room with the pattern "chat:{id": a brace does not belong to a parameter. Write a parameter as {name}.`,
    ],
    [
      { "chat:{id}": {}, lobby: {}, "chat:{name}": {} },
      `Cannot define the contract: some names of rooms match both "chat:{id}" and "chat:{name}", and neither takes precedence. Remove one pattern, or begin them with different strings.`,
    ],
    [
      { "a{x}b": {}, "a{x}c": {}, "a{x}": {} },
      `Cannot define the contract: some names of rooms match both "a{x}b" and "a{x}", and neither takes precedence. Remove one pattern, or begin them with different strings.`,
    ],
  ] as const
) {
  Deno.test(`assertRooms() rejects ${Deno.inspect(rooms, { depth: 4 })}`, () => {
    assertRefused(() => assertRooms(rooms), message);
  });
}

Deno.test("assertRooms() rejects a name of more than 200 bytes", () => {
  assertRooms({ ["é".repeat(100)]: {} });
  assert.throws(() => assertRooms({ ["é".repeat(100) + "x"]: {} }), {
    name: "RangeError",
    message: /must have 1 to 200 bytes of UTF-8\. It has 201 bytes\.$/,
  });
  assert.throws(() => assertRooms({ "": {} }), RangeError);
});

Deno.test("assertRooms() accepts patterns of which one takes precedence", () => {
  assertRooms({
    "{any}": {},
    "chat:{id}": {},
    "chat:{id}:{part}": {},
    "chat:1": {},
    "chat:private-{id}": {},
    "mail:{id}": {},
    "file:{id}.png": {},
    "file:{id}.jpg": {},
  });
});

Deno.test("assertRooms() rejects objects that throw", () => {
  assert.throws(() => assertRooms(HOSTILE));
  assert.throws(() => assertRooms({ a: HOSTILE }));
  assert.throws(() => assertRooms({ a: { events: HOSTILE } }));
  assert.throws(() => assertRooms({ a: { events: { hi: HOSTILE } } }));
});
