import assert from "node:assert/strict";
import {
  assertContract,
  assertDefined,
  assertOperation,
  assertSchema,
} from "../../contract/define.ts";
import { defineContract } from "../../contract/define.ts";
import { HOSTILE } from "../support/attacks.ts";
import { ACCEPT_ALL, LIBRARIES } from "../support/schemas.ts";

/** What is no schema, with what errors call its type. */
const NO_SCHEMAS: readonly (readonly [value: unknown, type: string])[] = [
  [null, "null"],
  [true, "boolean"],
  [1, "number"],
  ["text", "string"],
  [[], "array"],
  [{}, "object"],
  [() => {}, "function"],
  [{ "~standard": {} }, "object"],
];

/** What is no object, with what errors call its type. */
const NO_OBJECTS: readonly (readonly [value: unknown, type: string])[] = [
  [null, "null"],
  [true, "boolean"],
  [1, "number"],
  [1n, "bigint"],
  ["text", "string"],
  [[], "array"],
  [() => {}, "function"],
  [Symbol("no"), "symbol"],
];

/** Names that every object has already. */
const NAMES = ["__proto__", "constructor", "toString", "", "a b"];

/** An object with one key, whatever its name. */
function entry(name: string, value: unknown): object {
  return Object.fromEntries([[name, value]]);
}

/** Asserts that something is refused, with a whole message. */
function assertRefused(action: () => void, message: string): void {
  assert.throws(action, { name: "TypeError", message });
}

function noSchema(place: string, type: string): string {
  return `Cannot define the contract as ${place} must implement Standard Schema, as the schemas of zod, valibot and arktype do: current value is of type ${type}`;
}

function noObject(place: string, type: string): string {
  return `Cannot define the contract as ${place} must be an object: current value is of type ${type}`;
}

Deno.test("assertContract() takes what makes a contract", () => {
  const { zod, valibot, arktype } = LIBRARIES;
  const messages = {
    bare: zod,
    open: {},
    left: { data: undefined, replies: undefined },
    full: { data: valibot, replies: { one: arktype, two: ACCEPT_ALL } },
    silent: { replies: {} },
  };
  assertContract({});
  assertContract({ messages: {}, events: {}, operations: {} });
  assertContract({ messages: undefined, operations: undefined });
  assertContract({
    messages,
    events: messages,
    operations: {
      open: {},
      left: { input: undefined, output: undefined, yields: undefined },
      result: { input: zod, output: valibot },
      stream: { input: arktype, yields: ACCEPT_ALL, output: undefined },
    },
  });
});

Deno.test("assertContract() takes names like any other that every object has", () => {
  for (const name of NAMES) {
    assertContract({
      messages: entry(name, { replies: entry(name, ACCEPT_ALL) }),
      events: entry(name, ACCEPT_ALL),
      operations: entry(name, { input: ACCEPT_ALL }),
    });
    // They are looked at, too.
    assertRefused(
      () => assertContract({ events: entry(name, 1) }),
      noObject(`events.${name}`, "number"),
    );
    assertRefused(
      () => assertContract({ operations: entry(name, { input: 1 }) }),
      noSchema(`operations.${name}.input`, "number"),
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
  const [value, type] of [...NO_OBJECTS, [undefined, "undefined"]] as const
) {
  Deno.test(`assertContract() refuses ${Deno.inspect(value)} for a contract`, () => {
    assertRefused(() => assertContract(value), noObject("the contract", type));
  });

  for (const part of ["messages", "events", "operations"]) {
    Deno.test(`assertContract() refuses ${Deno.inspect(value)} for what is in ${part}`, () => {
      assertRefused(
        () => assertContract({ [part]: { good: {}, bad: value } }),
        noObject(`${part}.bad`, type),
      );
    });
  }
}

for (const [value, type] of NO_OBJECTS) {
  Deno.test(`assertContract() refuses ${Deno.inspect(value)} for a part, or for replies`, () => {
    for (const part of ["messages", "events", "operations"]) {
      assertRefused(
        () => assertContract({ [part]: value }),
        noObject(part, type),
      );
    }
    for (const part of ["messages", "events"]) {
      assertRefused(
        () => assertContract({ [part]: { hi: { replies: value } } }),
        noObject(`${part}.hi.replies`, type),
      );
    }
  });
}

for (const [value, type] of NO_SCHEMAS) {
  Deno.test(`assertContract() refuses ${Deno.inspect(value)} for a schema`, () => {
    for (const part of ["messages", "events"]) {
      assertRefused(
        () => assertContract({ [part]: { hi: { data: value } } }),
        noSchema(`${part}.hi.data`, type),
      );
      assertRefused(
        () => assertContract({ [part]: { hi: { replies: { yo: value } } } }),
        noSchema(`${part}.hi.replies.yo`, type),
      );
    }
    for (const key of ["input", "output", "yields"]) {
      assertRefused(
        () => assertContract({ operations: { add: { [key]: value } } }),
        noSchema(`operations.add.${key}`, type),
      );
    }
  });
}

for (
  const [parts, message] of [
    [
      { message: {} },
      'Cannot define the contract as there is no "message" in the contract: there are messages, events, operations',
    ],
    [
      JSON.parse('{"__proto__": {}}'),
      'Cannot define the contract as there is no "__proto__" in the contract: there are messages, events, operations',
    ],
    [
      { messages: { hi: { reply: {} } } },
      'Cannot define the contract as there is no "reply" in messages.hi: there are data, replies',
    ],
    [
      { events: { hi: { replies: {}, 'a "b"': undefined } } },
      'Cannot define the contract as there is no "a \\"b\\"" in events.hi: there are data, replies',
    ],
    [
      { operations: { add: { data: ACCEPT_ALL } } },
      'Cannot define the contract as there is no "data" in operations.add: there are input, output, yields',
    ],
    [
      { operations: { add: ACCEPT_ALL } },
      "Cannot define the contract as a schema stands in place of operations.add: say what it is for, as in { input: schema }",
    ],
    [
      { operations: { add: { output: ACCEPT_ALL, yields: ACCEPT_ALL } } },
      "Cannot define the contract as there are both 'output' and 'yields' in operations.add: it gives one result or a stream of items",
    ],
  ] as const
) {
  Deno.test(`assertContract() refuses ${Deno.inspect(parts, { depth: 3 })}`, () => {
    assertRefused(() => assertContract(parts), message);
  });
}

Deno.test("assertContract() looks at all messages, events and operations", () => {
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

Deno.test("assertContract() does not take what throws for a contract", () => {
  for (const part of ["messages", "events", "operations"]) {
    assert.throws(() => assertContract({ [part]: HOSTILE }));
    assert.throws(() => assertContract({ [part]: { hi: HOSTILE } }));
  }
  assert.throws(() => assertContract(HOSTILE));
});

Deno.test("assertOperation() says what cannot be done, and where", () => {
  const check = (schemas: unknown) => () =>
    assertOperation('Cannot register operation "add"', "its schemas", schemas);
  for (const schemas of [{}, { input: ACCEPT_ALL }, { yields: undefined }]) {
    check(schemas)();
  }
  for (const [value, type] of NO_OBJECTS) {
    assertRefused(
      check(value),
      `Cannot register operation "add" as its schemas must be an object: current value is of type ${type}`,
    );
  }
  assertRefused(
    check({ inputs: ACCEPT_ALL }),
    'Cannot register operation "add" as there is no "inputs" in its schemas: there are input, output, yields',
  );
  assertRefused(
    check({ output: 1 }),
    'Cannot register operation "add" as its schemas.output must implement Standard Schema, as the schemas of zod, valibot and arktype do: current value is of type number',
  );
  assertRefused(
    check({ output: ACCEPT_ALL, yields: ACCEPT_ALL }),
    "Cannot register operation \"add\" as there are both 'output' and 'yields' in its schemas: it gives one result or a stream of items",
  );
});

Deno.test("assertSchema() takes the schemas of all libraries", () => {
  for (const schema of [...Object.values(LIBRARIES), ACCEPT_ALL]) {
    assertSchema("Cannot receive messages", "the schema", schema);
  }
});

for (
  const [value, type] of [...NO_SCHEMAS, [undefined, "undefined"]] as const
) {
  Deno.test(`assertSchema() refuses ${Deno.inspect(value)}`, () => {
    assertRefused(
      () => assertSchema("Cannot receive messages", "the schema", value),
      `Cannot receive messages as the schema must implement Standard Schema, as the schemas of zod, valibot and arktype do: current value is of type ${type}`,
    );
  });
}

Deno.test("assertDefined() takes what defineContract() returns, or nothing", () => {
  assertDefined("Cannot serve", undefined);
  assertDefined("Cannot serve", defineContract({}));
});

for (
  const [value, type] of [
    ...NO_OBJECTS,
    [{}, "object"],
    [{ messages: {}, events: {}, operations: {} }, "object"],
    [{ describe: "text" }, "object"],
    [LIBRARIES.valibot, "object"],
    [ACCEPT_ALL, "object"],
  ] as const
) {
  Deno.test(`assertDefined() refuses ${Deno.inspect(value)}`, () => {
    assertRefused(
      () => assertDefined("Cannot serve", value),
      `Cannot serve as 'contract' must be what defineContract() returns: current value is of type ${type}`,
    );
  });
}
