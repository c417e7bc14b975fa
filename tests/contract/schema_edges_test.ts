import assert from "node:assert/strict";
import { type } from "arktype";
import { checkedListener } from "../../server/registry.ts";
import { type Client, ClientMessage } from "../../server/message.ts";
import { type DataSchema } from "../../contract/contract.ts";
import { Message } from "../../protocol/message.ts";
import { check, type Schema } from "../../contract/schema.ts";
import { INVALID_DATA, LIBRARIES, schemaOf } from "../support/schemas.ts";

/** What a schema finds in a value, which it has to say at once. */
function issuesIn(schema: Schema, value: unknown) {
  const checked = check(schema, value);
  assert(!(checked instanceof Promise));
  return checked.issues ?? [];
}

Deno.test("what is wrong with a value as a whole has no path, by a schema of arktype", () => {
  const schema = LIBRARIES.arktype!;
  const issues = issuesIn(schema, 7);
  assert.deepEqual(issues.map(({ path }) => [...path]), [[]]);
});

Deno.test("a path is a plain list, by a schema of arktype", () => {
  const [issue] = issuesIn(LIBRARIES.arktype!, INVALID_DATA);
  assert.deepEqual(issue?.path, ["rows", 1, "name"]);
});

Deno.test("what is wrong with a value as a whole has no path, by a condition of arktype", () => {
  const schema = type({ n: "number" })
    .narrow((_data, context) => context.mustBe("another"));
  assert.deepEqual(issuesIn(schema, { n: 1 }).map(({ path }) => [...path]), [
    [],
  ]);
});

Deno.test("check() waits for a promise of any make", async () => {
  const then = (resolve: (result: unknown) => void) =>
    resolve({ issues: [{ message: "no", path: ["n"] }] });
  const schema = schemaOf(() => ({ then }));
  const { issues } = await check(schema, { n: 1 });
  assert.deepEqual(issues, [{ path: ["n"], message: "no" }]);
});

for (const result of [true, false, 0, 1, "", "text", {}, { valid: false }]) {
  Deno.test(`check() lets nothing through if a schema returns ${JSON.stringify(result)}`, () => {
    // As it does for other rubbish.
    assert.throws(() => check(schemaOf(() => result), 1), TypeError);
  });
}

/** What a listener with a schema gets for `{ raw: true }`. */
async function heard(schema: DataSchema): Promise<unknown[]> {
  const wire = { message: "hi", data: { raw: true }, id: 1, replying: null };
  const client = {} as Client;
  const message = new ClientMessage(wire, client, () => new Message(wire));
  const seen: unknown[] = [];
  await checkedListener(schema, ({ data }) => seen.push(data))(message);
  return seen;
}

Deno.test("a listener gets what a schema made of the data, though that is undefined", async () => {
  const schemas = [
    schemaOf(() => ({ value: undefined })),
    schemaOf(() => Promise.resolve({ value: undefined })),
  ];
  for (const schema of schemas) {
    assert.deepEqual(await heard(schema), [undefined]);
  }
});
