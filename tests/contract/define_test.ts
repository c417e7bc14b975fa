/** Tests of `contract/define.ts`. */

import assert from "node:assert/strict";
import { assertContract } from "../../contract/define.ts";
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
