import assert from "node:assert/strict";
import { compareContracts } from "../../cli/contract_changes.ts";
import type { ContractDescription } from "../../client.ts";
import type { JsonObject } from "../../common/json.ts";

const ROOM = { events: {}, publishes: [], presence: null, claims: null };

const EMPTY = { messages: {}, events: {}, operations: {}, rooms: {} };

/** Returns the breaking changes between two contracts, each in one line. */
function breaking(
  before: Partial<ContractDescription>,
  after: Partial<ContractDescription>,
): readonly string[] {
  return compareContracts({ ...EMPTY, ...before }, { ...EMPTY, ...after })
    .filter(({ isBreaking }) => isBreaking)
    .map(({ subject, what }) => `${subject} ${what}`);
}

/** Compares the inputs of an operation, which clients send. */
function inputs(before: JsonObject | null, after: JsonObject | null) {
  const of = (input: JsonObject | null) => ({ operations: { add: { input } } });
  return breaking(of(before), of(after));
}

/** Compares the outputs of an operation, which clients receive. */
function outputs(before: JsonObject | null, after: JsonObject | null) {
  const of = (output: JsonObject | null) => ({
    operations: { add: { input: null, output } },
  });
  return breaking(of(before), of(after));
}

const object = (
  properties: JsonObject,
  required: string[] = [],
): JsonObject => ({
  type: "object",
  properties,
  ...(required.length > 0 ? { required } : {}),
});

const A = object({ a: { type: "number" } }, ["a"]);
const A_OR_NOT = object({ a: { type: "number" } });
const AB = object({ a: { type: "number" }, b: { type: "string" } }, ["a", "b"]);
const A_AND_MAYBE_B = object(
  { a: { type: "number" }, b: { type: "string" } },
  ["a"],
);

// What clients send can be accepted more widely, and what they receive can be narrower.
const CASES: readonly (readonly [
  string,
  JsonObject | null,
  JsonObject | null,
  sent: readonly string[],
  received: readonly string[],
])[] = [
  ["nothing", A, A, [], []],
  ["a title", A, { ...A, title: "new", description: "x" }, [], []],
  [
    "the order of keys",
    A,
    { required: ["a"], properties: { a: { type: "number" } }, type: "object" },
    [],
    [],
  ],
  ["no schema any more", A, null, [], ["does not accept every value"]],
  ["a schema now", null, A, ["does not accept every value"], []],
  ["a new required field", A, AB, [".b: the server needs it"], []],
  ["a new optional field", A, A_AND_MAYBE_B, [], []],
  ["a field without its need", A, A_OR_NOT, [], [".a: a client needs it"]],
  ["a removed field", AB, A, [], [".b: a client needs it"]],
  ["another type", { type: "number" }, { type: "string" }, [
    "the server expects string, not number",
  ], ["a client expects number, not string"]],
  ["a wider type", { type: "string" }, { type: ["string", "null"] }, [], [
    "a client expects string, not null",
  ]],
  ["a wider number", { type: "integer" }, { type: "number" }, [], [
    "a client expects integer, not number",
  ]],
  ["one more word", { enum: ["a"] }, { enum: ["a", "b"] }, [], [
    'a client does not accept "b"',
  ]],
  ["one word less", { enum: ["a", "b"] }, { const: "a" }, [
    'the server does not accept "b"',
  ], []],
  ["a bound", { type: "number" }, { type: "number", minimum: 3 }, [
    "the server has the minimum 3",
  ], []],
  [
    "a lower maximum",
    { type: "string", maxLength: 9 },
    { type: "string", maxLength: 5 },
    ["the server has the maxLength 5"],
    [],
  ],
  [
    "a minimum that is not excluded any more",
    {
      type: "number",
      exclusiveMinimum: 0,
    },
    { type: "number", minimum: 0 },
    [],
    ["a client has the exclusiveMinimum 0"],
  ],
  [
    "a maximum that is excluded now",
    { type: "number", maximum: 5 },
    {
      type: "number",
      exclusiveMaximum: 5,
    },
    ["the server has the exclusiveMaximum 5"],
    [],
  ],
  [
    "a lower exclusive minimum",
    { type: "number", minimum: 2 },
    {
      type: "number",
      exclusiveMinimum: 1,
    },
    [],
    ["a client has the minimum 2"],
  ],
  [
    "two bounds at one end",
    {
      type: "number",
      ...{ minimum: 0, exclusiveMinimum: 0, maximum: 9, exclusiveMaximum: 12 },
    },
    { type: "number", exclusiveMinimum: 0, maximum: 9 },
    [],
    [],
  ],
  [
    "the bound of an integer in other words",
    {
      type: "integer",
      ...{ exclusiveMinimum: 0, maximum: 9.5 },
    },
    { type: "integer", minimum: 1, exclusiveMaximum: 10 },
    [],
    [],
  ],
  [
    "a bound that no value exceeds",
    { type: "string" },
    {
      type: "string",
      minLength: 0,
    },
    [],
    [],
  ],
  [
    "the bounds of a type that is new",
    { type: "null" },
    {
      type: ["null", "number", "array", "object"],
      ...{ minimum: 0, minItems: 1, items: { type: "number" } },
      required: ["a"],
    },
    [],
    ["a client expects null, not number or array or object"],
  ],
  [
    "other items",
    { type: "array", items: { type: "number" } },
    { type: "array", items: { type: "string" } },
    ["[]: the server expects string, not number"],
    ["[]: a client expects number, not string"],
  ],
  [
    "no other fields any more",
    A_AND_MAYBE_B,
    { ...A, additionalProperties: false },
    [".b: the server does not know it"],
    [],
  ],
  [
    "words that become any string",
    { enum: ["a", "bc"] },
    {
      type: "string",
      ...{ minLength: 1, maxLength: 2 },
    },
    [],
    ["a client does not accept all values"],
  ],
  [
    "words that are too long",
    { type: "string", enum: ["a", "bc"] },
    {
      type: "string",
      maxLength: 1,
    },
    ["the server has the maxLength 1"],
    [
      "a client does not accept all values",
    ],
  ],
  ["values of two types", { enum: [1, 2.5, null] }, { type: "integer" }, [
    "the server expects integer, not number or null",
  ], ["a client does not accept all values"]],
  [
    "a value that becomes a range",
    { const: 5 },
    {
      type: "integer",
      exclusiveMinimum: 4,
      maximum: 5,
    },
    [],
    ["a client does not accept all values"],
  ],
  [
    "other fields of another type",
    { type: "object", additionalProperties: { type: "number" } },
    { type: "object", additionalProperties: { type: "string" } },
    [".*: the server expects string, not number"],
    [".*: a client expects number, not string"],
  ],
  [
    "a field that becomes one of the others",
    A_OR_NOT,
    { type: "object", additionalProperties: { type: "string" } },
    [".a: the server expects string, not number"],
    [],
  ],
  [
    "any other fields that are rejected now",
    { ...A, additionalProperties: {} },
    { ...A, additionalProperties: false },
    [".*: the server does not know it"],
    [],
  ],
  [
    "what cannot be compared",
    { anyOf: [{ type: "number" }] },
    { anyOf: [{ type: "string" }] },
    ["the schema is a different one"],
    ["the schema is a different one"],
  ],
];

for (const [name, before, after, sent, received] of CASES) {
  Deno.test(`compares ${name}`, () => {
    const problems = inputs(before, after);
    assert.equal(problems.length, sent.length, problems.join("\n"));
    sent.forEach((end, index) =>
      assert(problems[index]!.endsWith(end), problems[index])
    );
    const others = outputs(before, after);
    assert.equal(others.length, received.length, others.join("\n"));
    received.forEach((end, index) =>
      assert(others[index]!.endsWith(end), others[index])
    );
  });
}

Deno.test("a client accepts new fields of a result, but not of an event whose schema is strict", () => {
  const closed = (item: JsonObject): JsonObject => ({
    ...{ type: "object", additionalProperties: false },
    properties: {
      list: { type: "array", items: { ...item, additionalProperties: false } },
    },
  });
  const before = closed(A);
  const after = closed(A_AND_MAYBE_B);
  assert.deepEqual(outputs(before, after), []);
  const returning = (errors: JsonObject) =>
    ({ operations: { add: { input: null, yields: null, errors } } }) as Partial<
      ContractDescription
    >;
  assert.deepEqual(
    breaking(returning({ full: before }), returning({ full: after })),
    [],
  );
  const events = (data: JsonObject) => ({
    events: { e: { data, replies: {} } },
  });
  assert.deepEqual(breaking(events(before), events(after)), [
    'event "e" data.list[].b: a client does not know it',
  ]);
});

Deno.test("clients send the replies to events, and the events that they publish", () => {
  const events = (ok: JsonObject) =>
    ({ events: { ask: { data: null, replies: { ok } } } }) as Partial<
      ContractDescription
    >;
  assert.deepEqual(breaking(events(A), events(AB)), [
    'event "ask" the reply "ok".b: the server needs it',
  ]);
  assert.deepEqual(breaking(events(AB), events(A_AND_MAYBE_B)), []);
  const room = (say: JsonObject, publishes: readonly string[]) => ({
    rooms: { lobby: { ...ROOM, events: { say: { data: say } }, publishes } },
  });
  assert.deepEqual(breaking(room(A, []), room(AB, ["say"])), []);
  assert.deepEqual(breaking(room(A, ["say"]), room(AB, ["say"])), [
    'room "lobby" the event "say".b: the server needs it',
  ]);
  assert.deepEqual(breaking(room(AB, ["say"]), room(A, ["say"])), [
    'room "lobby" the event "say".b: a client needs it',
  ]);
});

Deno.test("a removed name breaks clients, and an added one does not", () => {
  const message = { data: null, replies: {} };
  const full = {
    messages: { hello: message },
    events: { news: message },
    operations: { add: { input: null, output: null } },
    rooms: { "chat:{id}": ROOM },
  };
  assert.deepEqual(breaking(full, EMPTY), [
    'message "hello" was removed',
    'event "news" was removed',
    'operation "add" was removed',
    'room "chat:{id}" was removed',
  ]);
  assert.deepEqual(breaking(EMPTY, full), []);
  const added = compareContracts(EMPTY, full);
  assert.deepEqual(added.map(({ what }) => what), Array(4).fill("was added"));
});

Deno.test("a stream is no result, and a reply or an event of a room can be removed", () => {
  const stream = { operations: { rows: { input: null, yields: null } } };
  const result = { operations: { rows: { input: null, output: null } } };
  assert.deepEqual(breaking(stream, result), [
    'operation "rows" returns no stream any more',
  ]);
  assert.deepEqual(breaking(result, stream), [
    'operation "rows" returns a stream now',
  ]);
  const replying = (replies: JsonObject) =>
    ({ messages: { hello: { data: null, replies } } }) as Partial<
      ContractDescription
    >;
  assert.deepEqual(breaking(replying({ hi: null }), replying({})), [
    'message "hello" the reply "hi" was removed',
  ]);
  const room = (names: readonly string[]) => ({
    rooms: {
      lobby: {
        events: Object.fromEntries(names.map((name) => [name, { data: null }])),
        publishes: names,
        presence: null,
        claims: null,
      },
    },
  });
  assert.deepEqual(breaking(room(["said"]), room([])), [
    'room "lobby" the event "said" was removed',
    'room "lobby" clients cannot publish "said" any more',
  ]);
});

Deno.test("names of Object.prototype and deep schemas are no trouble", () => {
  const entry = { input: null, output: null };
  assert.deepEqual(breaking({ operations: { toString: entry } }, {}), [
    'operation "toString" was removed',
  ]);
  const room = (events: object) =>
    ({ rooms: { lobby: { ...ROOM, events } } }) as Partial<ContractDescription>;
  assert.deepEqual(breaking(room({ toString: { data: null } }), room({})), [
    'room "lobby" the event "toString" was removed',
  ]);
  let deep: JsonObject = { type: "number" };
  let other: JsonObject = { type: "string" };
  for (let depth = 0; depth < 500; depth++) {
    deep = { type: "array", items: deep };
    other = { type: "array", items: other };
  }
  assert.equal(inputs(deep, other).length, 1);
});

Deno.test("any number of values and required fields of a server can be compared", () => {
  const many = Array.from({ length: 200_000 }, (_, n) => `v${n}`);
  const own = Array.from({ length: 1_000 }, (_, n) => `own${n}`);
  // One after the other, they would be compared 200 million times.
  const values = inputs({ enum: own }, { enum: [...many, ...own.slice(1)] });
  assert.deepEqual(values, [
    'operation "add" input: the server does not accept "own0"',
  ]);
  const required = inputs({ required: own }, { required: many });
  assert.equal(required.length, many.length);
});
