/** Tests of `contract/define.ts`. */

import assert from "node:assert/strict";
import { assertContract, assertRooms } from "../../contract/define.ts";
import { HOSTILE } from "../support/attacks.ts";
import {
  assertRefused,
  NO_OBJECTS,
  NO_SCHEMAS,
  noObject,
  noSchema,
} from "../support/invalid_contracts.ts";
import { ACCEPT_ALL, LIBRARIES } from "../support/schemas.ts";

/** Inherited names and unusual ones. */
const NAMES = ["__proto__", "constructor", "toString", "", "a b"];

/** Makes an object with one key. */
function entry(name: string, value: unknown): object {
  return Object.fromEntries([[name, value]]);
}

Deno.test("assertContract() accepts all forms of a contract", () => {
  const { zod, valibot, arktype } = LIBRARIES;
  const messages = {
    bare: zod,
    open: {},
    left: { data: undefined, replies: undefined },
    full: { data: valibot, replies: { one: arktype, two: ACCEPT_ALL } },
    silent: { replies: {} },
  };
  const guarded = { requires: { role: "admin" }, data: zod };
  assertContract({});
  assertContract({ messages: {}, events: {}, operations: {}, rooms: {} });
  assertContract({ messages: undefined, rooms: undefined });
  assertContract({
    messages: { ...messages, guarded },
    events: messages,
    operations: {
      open: {},
      left: { input: undefined, output: undefined, yields: undefined },
      guarded: { input: zod, requires: ["admin", 1, null] },
      result: { input: zod, output: valibot },
      stream: { input: arktype, yields: ACCEPT_ALL, output: undefined },
    },
  });
});

Deno.test("assertContract() accepts inherited names", () => {
  for (const name of NAMES) {
    assertContract({
      messages: entry(name, { replies: entry(name, ACCEPT_ALL) }),
      events: entry(name, ACCEPT_ALL),
      operations: entry(name, { input: ACCEPT_ALL }),
    });
    // Their entries are checked as well.
    assertRefused(
      () => assertContract({ events: entry(name, 1) }),
      noObject(`events.${name}`, "1"),
    );
    assertRefused(
      () => assertContract({ operations: entry(name, { input: 1 }) }),
      noSchema(`operations.${name}.input`, "1"),
    );
    assertRefused(
      () =>
        assertContract({
          messages: { a: { replies: entry(name, undefined) } },
        }),
      noSchema(`messages.a.replies.${name}`, "undefined"),
    );
  }
});

for (
  const [value, shown] of [...NO_OBJECTS, [undefined, "undefined"]] as const
) {
  Deno.test(`assertContract() rejects the contract ${Deno.inspect(value)}`, () => {
    assertRefused(() => assertContract(value), noObject("contract", shown));
  });

  for (const part of ["messages", "events", "operations", "rooms"]) {
    Deno.test(`assertContract() rejects the entry ${Deno.inspect(value)} in ${part}`, () => {
      assertRefused(
        () => assertContract({ [part]: { good: {}, bad: value } }),
        noObject(`${part}.bad`, shown),
      );
    });
  }
}

for (const [value, shown] of NO_OBJECTS) {
  Deno.test(`assertContract() rejects ${Deno.inspect(value)} as a part and as replies`, () => {
    for (const part of ["messages", "events", "operations", "rooms"]) {
      assertRefused(
        () => assertContract({ [part]: value }),
        noObject(part, shown),
      );
    }
    for (const part of ["messages", "events"]) {
      assertRefused(
        () => assertContract({ [part]: { hi: { replies: value } } }),
        noObject(`${part}.hi.replies`, shown),
      );
    }
  });
}

for (const [value, shown] of NO_SCHEMAS) {
  Deno.test(`assertContract() rejects the schema ${Deno.inspect(value)}`, () => {
    for (const part of ["messages", "events"]) {
      assertRefused(
        () => assertContract({ [part]: { hi: { data: value } } }),
        noSchema(`${part}.hi.data`, shown),
      );
      assertRefused(
        () => assertContract({ [part]: { hi: { replies: { yo: value } } } }),
        noSchema(`${part}.hi.replies.yo`, shown),
      );
    }
    for (const key of ["input", "output", "yields"]) {
      assertRefused(
        () => assertContract({ operations: { add: { [key]: value } } }),
        noSchema(`operations.add.${key}`, shown),
      );
    }
  });
}

for (
  const [parts, message] of [
    [
      { message: {} },
      `Cannot define the contract: unknown option 'message'. Did you mean 'messages'?`,
    ],
    [
      JSON.parse('{"__proto__": {}}'),
      `Cannot define the contract: unknown option '__proto__'. The options are messages, events, operations, rooms.`,
    ],
    [
      { messages: { hi: { reply: {} } } },
      `Cannot define the contract: unknown option 'reply' in 'messages.hi'. The options are data, replies, errors, requires.`,
    ],
    [
      { events: { hi: { replies: {}, 'a "b"': undefined } } },
      `Cannot define the contract: unknown option 'a "b"' in 'events.hi'. The options are data, replies.`,
    ],
    [
      { operations: { add: { data: ACCEPT_ALL } } },
      `Cannot define the contract: unknown option 'data' in 'operations.add'. The options are input, output, yields, errors, requires.`,
    ],
    [
      { events: { hi: { requires: "admin" } } },
      "Cannot define the contract: unknown option 'requires' in 'events.hi'. The options are data, replies.",
    ],
    [
      { messages: { hi: { requires: () => {} } } },
      "Cannot define the contract: 'messages.hi.requires' must be a JSON value. It is a function.",
    ],
    [
      { operations: { add: { requires: ACCEPT_ALL } } },
      "Cannot define the contract: 'operations.add.requires' must be a JSON value. It is an object.",
    ],
    [
      { operations: { add: ACCEPT_ALL } },
      "Cannot define the contract: 'operations.add' is a schema. Pass an object such as { input: schema }.",
    ],
    [
      { events: { hi: { errors: {} } } },
      `Cannot define the contract: unknown option 'errors' in 'events.hi'. The options are data, replies.`,
    ],
    [
      { messages: { hi: { errors: { full: {} } } } },
      noSchema("messages.hi.errors.full", "an object"),
    ],
    [
      { operations: { add: { errors: { full: undefined } } } },
      noSchema("operations.add.errors.full", "undefined"),
    ],
    [
      { operations: { add: { errors: [] } } },
      noObject("operations.add.errors", "an array"),
    ],
    [
      { operations: { add: { output: ACCEPT_ALL, yields: ACCEPT_ALL } } },
      "Cannot define the contract: 'operations.add' has both 'output' and 'yields'. Remove one: an operation returns one result or a stream of items.",
    ],
  ] as const
) {
  Deno.test(`assertContract() rejects ${Deno.inspect(parts, { depth: 3 })}`, () => {
    assertRefused(() => assertContract(parts), message);
  });
}

Deno.test("assertContract() checks every entry", () => {
  const good = { one: ACCEPT_ALL, two: { data: ACCEPT_ALL } };
  for (const part of ["messages", "events"]) {
    assertRefused(
      () => assertContract({ [part]: { ...good, last: null } }),
      noObject(`${part}.last`, "null"),
    );
  }
  const operations = { one: { input: ACCEPT_ALL }, last: { input: null } };
  assertRefused(
    () => assertContract({ operations }),
    noSchema("operations.last.input", "null"),
  );
});

Deno.test("assertContract() rejects objects that throw", () => {
  for (const part of ["messages", "events", "operations", "rooms"]) {
    assert.throws(() => assertContract({ [part]: HOSTILE }));
    assert.throws(() => assertContract({ [part]: { hi: HOSTILE } }));
  }
  assert.throws(() => assertContract(HOSTILE));
});

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
