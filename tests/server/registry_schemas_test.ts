import assert from "node:assert/strict";
import { z } from "zod";
import type { OperationSchemas } from "../../contract/contract.ts";
import { ErrorCode, ValidationError } from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import { Operations } from "../../server/registry.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { HOSTILE } from "../support/attacks.ts";
import { throwsExactly } from "../support/errors.ts";
import { gate } from "../support/timing.ts";
import {
  ACCEPT_ALL,
  ASYNC_SCHEMAS,
  INVALID_DATA,
  LIBRARIES,
  REJECT_ALL,
  schemaOf,
  VALID_DATA,
} from "../support/schemas.ts";

type Handler = (data: never) => unknown;

/** Calls an operation with these schemas. */
function call(
  schemas: OperationSchemas,
  handler: Handler,
  data: JsonObject = {},
): string | PromiseLike<string> {
  const operations = new Operations<null>();
  operations.add("get", handler, schemas);
  return operations.find("get")!.call(data, null);
}

/** Fails the test if it is called. */
function never(): never {
  assert.fail("the handler is called");
}

Deno.test("the handler gets the output of the schema synchronously", () => {
  const input = z.object({ n: z.coerce.number() });
  const seen: unknown[] = [];
  const handler = (data: { n: number }, context: unknown) => {
    seen.push(data, context);
    return data.n + 1;
  };
  const operations = new Operations<string>();
  operations.add("get", handler, { input });
  assert.equal(
    operations.find("get")!.call({ n: "1", more: 2 }, "context"),
    "2",
  );
  assert.deepEqual(seen, [{ n: 1 }, "context"]);
});

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`a schema of ${library} rejects arguments that do not fit`, () => {
    const numberOf = (data: { n: number }) => data.n;
    assert.equal(call({ input: schema }, numberOf, VALID_DATA), "1");
    assert.throws(
      () => call({ input: schema }, never, INVALID_DATA),
      (error) => {
        assert(RequestError.is(error));
        assert.equal(error.code, ErrorCode.INVALID_CONTENT);
        assert.match(
          error.message,
          /^the data does not match its schema: rows\[1\]\.name: .+$/,
        );
        assert.equal(
          error.note,
          "the data does not match its schema at rows[1].name",
        );
        return true;
      },
    );
  });

  Deno.test(`a schema of ${library} rejects a result that does not fit`, async () => {
    const schemas = { output: schema };
    assert.equal(call(schemas, () => VALID_DATA), JSON.stringify(VALID_DATA));
    const failing = [
      () => call(schemas, () => INVALID_DATA),
      () => call(schemas, () => Promise.resolve(INVALID_DATA)),
    ];
    for (const fail of failing) {
      await assert.rejects(async () => await fail(), (error) => {
        assert(error instanceof ValidationError && !RequestError.is(error));
        assert.match(
          error.message,
          /^Cannot answer operation "get": the result does not match its schema: rows\[1\]\.name: .+$/,
        );
        return true;
      });
    }
  });
}

for (const [library, schema] of Object.entries(ASYNC_SCHEMAS)) {
  Deno.test(`an operation awaits an asynchronous schema of ${library}`, async () => {
    const echo = (data: JsonObject) => data;
    for (const schemas of [{ input: schema }, { output: schema }]) {
      const result = call(schemas, echo, { n: 1 });
      assert(result instanceof Promise);
      assert.equal(await result, '{"n":1}');
    }
    const refused = call({ input: schema }, never, { n: 0 });
    assert(refused instanceof Promise);
    await assert.rejects(refused, { name: "RequestError", code: 2 });
    const failed = call({ output: schema }, echo, { n: 0 });
    assert(failed instanceof Promise);
    await assert.rejects(failed, ValidationError);
  });
}

Deno.test("the result is the output of the schema", async () => {
  const output = z.date().transform((date) => date.getTime());
  for (const value of [new Date(7), Promise.resolve(new Date(7))]) {
    assert.equal(await call({ output }, () => value), "7");
  }
  const nothing = schemaOf(() => ({ value: undefined }));
  assert.equal(call({ output: nothing }, () => 1), "null");
});

Deno.test("fails if JSON cannot represent the output of the schema", async () => {
  const bigint = schemaOf(() => ({ value: 1n }));
  const results = [
    () => call({ output: bigint }, () => 1),
    () => call({ output: bigint }, () => Promise.resolve(1)),
    () =>
      call({ output: schemaOf(() => Promise.resolve({ value: 1n })) }, () => 1),
  ];
  for (const result of results) {
    await assert.rejects(async () => await result(), {
      name: "TypeError",
      message: /^the result of the handler cannot be encoded as JSON: /,
    });
  }
});

Deno.test("checks an operation without a result", () => {
  const output = z.undefined();
  assert.equal(call({ output }, () => {}), "null");
  assert.throws(() => call({ output }, () => null), ValidationError);
});

Deno.test("fails with the exception of a schema", async () => {
  for (const thrown of [new Error("broken"), undefined, HOSTILE]) {
    const throwing = schemaOf(() => {
      throw thrown;
    });
    const rejecting = schemaOf(() => Promise.reject(thrown));
    const attempts = [
      () => call({ input: throwing }, never),
      () => call({ input: rejecting }, never),
      () => call({ output: throwing }, () => 1),
      () => call({ output: rejecting }, () => Promise.resolve(1)),
    ];
    for (const attempt of attempts) {
      assert(await throwsExactly(attempt, thrown));
    }
  }
});

for (const rubbish of [undefined, null, { issues: 7 }]) {
  Deno.test(`fails if a schema returns ${Deno.inspect(rubbish)}`, () => {
    const schema = schemaOf(() => rubbish);
    assert.throws(() => call({ input: schema }, never), TypeError);
    assert.throws(() => call({ output: schema }, () => 1), TypeError);
  });
}

Deno.test("an operation with schemas fails synchronously or later, like its handler", async () => {
  const error = new Error("thrown");
  const fail = () => {
    throw error;
  };
  assert.throws(() => call({ input: ACCEPT_ALL }, fail), (e) => e === error);
  const { opened, open } = gate();
  const later = schemaOf(() => opened.then(() => ({ value: {} })));
  const result = call({ input: later }, fail);
  assert(result instanceof Promise);
  open();
  await assert.rejects(result, (thrown) => thrown === error);
});

for (
  const [schemas, problem] of [
    [null, "'schemas' must be an object. It is null."],
    [
      ACCEPT_ALL,
      "'schemas' is a schema. Pass an object such as { input: schema }.",
    ],
    [
      { in: ACCEPT_ALL },
      "unknown option 'in' in 'schemas'. The options are input, output, yields, errors.",
    ],
    [
      { input: {} },
      "'schemas.input' must be a Standard Schema, for example of zod, valibot or arktype. It is an object.",
    ],
    [
      { output: ACCEPT_ALL, yields: REJECT_ALL },
      "'schemas' has both 'output' and 'yields'. Remove one: an operation returns one result or a stream of items.",
    ],
  ] as const
) {
  Deno.test(`Operations.add() rejects the schemas ${Deno.inspect(schemas, { depth: 1 })}`, () => {
    const operations = new Operations<null>();
    // TypeScript rejects it, JavaScript does not.
    assert.throws(() => operations.add("add", never, schemas as never), {
      name: "TypeError",
      message: `Cannot register operation "add": ${problem}`,
    });
    assert(!operations.has("add"));
  });
}
