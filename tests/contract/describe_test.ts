/** Tests of `contract/describe.ts`. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { z } from "zod";
import type { DataSchema } from "../../contract/contract.ts";
import { defineContract } from "../../contract/define.ts";
import { jsonSchemaOf } from "../../contract/describe.ts";
import { HOSTILE } from "../support/attacks.ts";
import { LIBRARIES, schemaOf } from "../support/schemas.ts";

/** Makes a schema whose library describes both sides. */
function describedAs(what: string): DataSchema {
  return schemaOf((value) => ({ value }), {
    jsonSchema: {
      input: () => ({ title: `${what} in` }),
      output: () => ({ title: `${what} out` }),
    },
  });
}

/** Makes a schema whose library describes its input with this function. */
function describedBy(input: unknown): DataSchema {
  return schemaOf((value) => ({ value }), { jsonSchema: { input } });
}

Deno.test("describe() returns the input of data schemas and the output of result schemas", () => {
  const [one, two, three] = ["one", "two", "three"].map(describedAs);
  const contract = defineContract({
    messages: { hi: { data: one!, replies: { yo: two!, ho: three! } } },
    events: { news: two!, ask: { replies: { yes: one! } } },
    operations: {
      add: { input: one!, output: two! },
      rows: { input: two!, yields: three! },
      open: {},
    },
  });
  assert.deepEqual(contract.describe(), {
    messages: {
      hi: {
        data: { title: "one in" },
        replies: { yo: { title: "two in" }, ho: { title: "three in" } },
      },
    },
    events: {
      news: { data: { title: "two in" }, replies: {} },
      ask: { data: null, replies: { yes: { title: "one in" } } },
    },
    operations: {
      add: { input: { title: "one in" }, output: { title: "two out" } },
      rows: { input: { title: "two in" }, yields: { title: "three out" } },
      open: { input: null, output: null },
    },
    rooms: {},
  });
});

Deno.test("describe() distinguishes a stream from a result", () => {
  const schema = describedAs("x");
  const operations = {
    one: { yields: schema, output: undefined },
    two: { output: schema, yields: undefined },
    three: { output: undefined, yields: undefined },
  } as never;
  const described = defineContract({ operations }).describe().operations;
  assert.deepEqual(described, {
    one: { input: null, yields: { title: "x out" } },
    two: { input: null, output: { title: "x out" } },
    three: { input: null, output: null },
  });
});

Deno.test("describe() returns a JSON document", () => {
  const messages = { ...LIBRARIES, odd: describedBy(() => []), open: {} };
  const description = defineContract({ messages }).describe();
  const { zod, valibot, arktype } = JSON.parse(JSON.stringify(description))
    .messages;
  for (const { data } of [zod, arktype]) {
    assert.equal(
      data.$schema,
      "https://json-schema.org/draft/2020-12/schema",
    );
    assert.equal(data.type, "object");
    assert.deepEqual(data.required.toSorted(), ["n", "rows"]);
    assert.deepEqual(data.properties.n.type, "number");
    assert.deepEqual(data.properties.rows.items.properties.name.type, "string");
  }
  // It can do it only with a further package.
  assert.equal(valibot.data, null);
});

Deno.test("describe() returns unusual names", () => {
  for (const name of ["__proto__", "constructor", "toString", "", "a b"]) {
    const entries = <Entry>(entry: Entry): Record<string, Entry> =>
      Object.fromEntries([[name, entry]]);
    const schema = describedAs("x");
    const described = defineContract({
      messages: entries({ replies: entries(schema) }),
      events: entries(schema),
      operations: entries({ input: schema }),
      rooms: name === "" ? {} : entries({ events: entries(schema) }),
    }).describe();
    for (const part of ["messages", "events", "operations"] as const) {
      assert.deepEqual(Object.keys(described[part]), [name]);
    }
    const text = JSON.stringify(name);
    assert.equal(
      JSON.stringify(described.messages),
      `{${text}:{"data":null,"replies":{${text}:{"title":"x in"}}}}`,
    );
    if (name !== "") assert.deepEqual(Object.keys(described.rooms), [name]);
    assert(!("title" in {}));
  }
});

Deno.test("jsonSchemaOf() returns the input and the output of a transformation", () => {
  const schema = z.object({ n: z.string().default("1") });
  const input = jsonSchemaOf(schema, "input");
  const output = jsonSchemaOf(schema, "output");
  assert.equal(input?.required, undefined);
  assert.deepEqual(output?.required, ["n"]);
});

Deno.test("jsonSchemaOf() requests JSON Schema 2020-12 from the library", () => {
  const asked: unknown[] = [];
  const jsonSchema = {
    title: "mine",
    output(this: { title: string }, options: unknown) {
      asked.push(options);
      return { title: this.title };
    },
  };
  const schema = schemaOf((value) => ({ value }), { jsonSchema });
  assert.deepEqual(jsonSchemaOf(schema, "output"), { title: "mine" });
  assert.deepEqual(asked, [{ target: "draft-2020-12" }]);
});

const fail = () => {
  throw new Error("not supported");
};

const NOT_DESCRIBED: Readonly<Record<string, DataSchema | undefined>> = {
  "no schema": undefined,
  "a date of zod": z.object({ at: z.date() }),
  "a bigint of zod": z.object({ n: z.bigint() }),
  "a schema of valibot": v.object({}),
  "a library without JSON Schema": schemaOf((value) => ({ value })),
  "a library that returns undefined": describedBy(() => undefined),
  "a library that returns null": describedBy(() => null),
  "a library that returns an array": describedBy(() => [{}]),
  "a library that returns a string": describedBy(() => "{}"),
  "a library that throws": describedBy(fail),
  "a library with a getter that throws": schemaOf((value) => ({ value }), {
    jsonSchema: {
      get input(): never {
        return fail();
      },
    },
  }),
  "a library that throws a hostile object": describedBy(() => {
    throw HOSTILE;
  }),
  "a library with an object instead of a function": describedBy({}),
  "a library without this side": describedBy(undefined),
  "a library with null": schemaOf((value) => ({ value }), { jsonSchema: null }),
};

for (const [what, schema] of Object.entries(NOT_DESCRIBED)) {
  Deno.test(`jsonSchemaOf() returns null for ${what}`, () => {
    assert.equal(jsonSchemaOf(schema, "input"), null);
  });
}

Deno.test("describe() returns the output of the schemas of errors", () => {
  const one = describedAs("one");
  const contract = defineContract({
    messages: { hi: { errors: { full: one, closed: null } } },
    operations: { buy: { errors: { full: one } }, open: { errors: {} } },
  });
  const { messages, operations } = contract.describe();
  const full = { title: "one out" };
  assert.deepEqual(messages.hi?.errors, { full, closed: null });
  assert.deepEqual(operations.buy?.errors, { full });
  assert.deepEqual(operations.open?.errors, {});
});

Deno.test("describe() returns the input of the schemas of rooms", () => {
  const [one, two, three] = ["one", "two", "three"].map(describedAs);
  const { rooms } = defineContract({
    rooms: {
      lobby: {},
      "chat:{id}": {
        events: { say: one!, tick: {}, move: { data: two!, latest: () => 1 } },
        publishes: ["say"],
        presence: three!,
      },
      "doc:{id}": { events: { a: {}, b: {} }, presence: one!, claims: two! },
    },
  }).describe();
  const none = { presence: null, claims: null };
  assert.deepEqual(rooms, {
    lobby: { events: {}, publishes: [], ...none },
    "chat:{id}": {
      events: {
        say: { data: { title: "one in" } },
        tick: { data: null },
        move: { data: { title: "two in" }, latest: true },
      },
      publishes: ["say"],
      presence: { title: "three in" },
      claims: { title: "three in" },
    },
    "doc:{id}": {
      events: { a: { data: null }, b: { data: null } },
      publishes: ["a", "b"],
      presence: { title: "one in" },
      claims: { title: "two in" },
    },
  });
});
