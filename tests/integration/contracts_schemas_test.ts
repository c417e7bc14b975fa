/** Listeners and operations with schemas, over the wire. */

import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { LogRecorder } from "../support/log_recorder.ts";
import {
  message,
  operation,
  RawClient,
  SUCCESS,
} from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";
import { rejection } from "../support/errors.ts";
import { ResponseError } from "../../common/errors.ts";
import type { DataSchema, Schema } from "../../mod.ts";

/** The same schema of each library, and its message for an invalid value. */
const LIBRARIES: readonly (readonly [
  name: string,
  schema: Schema<{ a: number }>,
  text: string,
])[] = [
  [
    "zod",
    z.object({ a: z.number() }),
    "Invalid input: expected number, received string",
  ],
  [
    "valibot",
    v.object({ a: v.number() }),
    'Invalid type: Expected number but received "x"',
  ],
  ["arktype", type({ a: "number" }), "a must be a number (was a string)"],
];

/** The error frame for the data `{ a: "x" }`. */
function errorFrame(id: number, text: string) {
  return {
    ...SUCCESS,
    success: false,
    error: "INVALID_CONTENT",
    code: 2,
    message: "JSON content is invalid.",
    desc: `the data does not match its schema: a: ${text}`,
    id,
    data: {
      current: "dict",
      needed: "dict",
      issues: [{ path: ["a"], message: text }],
    },
  };
}

for (const [name, schema, text] of LIBRARIES) {
  Deno.test(`a message that fails its schema of ${name} gets code 2`, async () => {
    await using server = serveQuietly();
    const seen: unknown[] = [];
    server.receive("n", schema, ({ data }) => void seen.push(data.a));
    await using client = await RawClient.logIn(server);
    client.send(message(7, "n", { a: "x" }));
    assert.equal((await client.next()).message, "open");
    assert.deepEqual(await client.next(), errorFrame(7, text));
    client.send(message(8, "n", { a: 1 }));
    assert.equal((await client.next()).message, "open");
    assert.equal((await client.next()).message, "done");
    assert.deepEqual(seen, [1]);
  });

  Deno.test(`arguments that fail their schema of ${name} get code 2 before the handler is called`, async () => {
    await using server = serveQuietly();
    let calls = 0;
    server.operation("n", { input: schema }, ({ a }) => {
      calls++;
      return a + 1;
    });
    await using client = await RawClient.logIn(server);
    client.send(operation(7, "n", { a: "x" }));
    assert.deepEqual(await client.next(), errorFrame(7, text));
    assert.equal(calls, 0);
    client.send(operation(8, "n", { a: 1 }));
    assert.deepEqual((await client.next()).data, { result: 2 });
  });

  Deno.test(`a result that fails its schema of ${name} gets code 6 and is logged`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    const output = schema as Schema<unknown>;
    server.operation("n", { output }, () => ({ a: "x" }));
    await using client = await RawClient.logIn(server);
    client.send(operation(7, "n"));
    const { id, code, data } = await client.next();
    assert.deepEqual([id, code], [7, 6]);
    // The client gets no detail of the invalid result.
    assert.deepEqual(data, {
      message: "the server could not carry out the request",
      exc: "InternalError",
    });
    const line = await logger.line(/^error error: /);
    // The log never contains the result: a message that quotes it is omitted.
    const reason = text.includes('"x"')
      ? ' at a. The log level "debug" shows why.'
      : `: a: ${text}`;
    const [, logged] = line.split('operation "n": ');
    assert.equal(logged, `the result does not match its schema${reason}`);
  });
}

/** Returns a schema with its own `validate` function. */
function schemaOf(
  validate: Schema["~standard"]["validate"],
): Schema<{ a: number }> {
  const vendor = "test";
  return { "~standard": { version: 1, vendor, validate } } as Schema<
    { a: number }
  >;
}

Deno.test("an async schema does not delay other requests", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  const slow = schemaOf(async (value) => {
    await opened;
    return Object(value).a === 1
      ? { value: { a: 10 } }
      : { issues: [{ message: "is taken", path: ["a"] }] };
  });
  server.operation("slow", { input: slow, output: slow }, ({ a }) => ({
    a: a / 10,
  }));
  server.operation("fast", () => "fast");
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "slow", { a: 1 }));
  client.send(operation(2, "slow", { a: 2 }));
  client.send(operation(3, "fast"));
  assert.equal((await client.next()).id, 3);
  open();
  const answers = [await client.next(), await client.next()];
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  assert.deepEqual(byId.get(1).data, { result: { a: 10 } });
  assert.equal(byId.get(2).code, 2);
  assert.equal(
    byId.get(2).desc,
    "the data does not match its schema: a: is taken",
  );
});

for (
  const [what, schema] of [
    [
      "throws",
      schemaOf(() => {
        throw new Error("secret of the application");
      }),
    ],
    [
      "rejects",
      schemaOf(() => Promise.reject(new Error("secret of the application"))),
    ],
    ["returns nothing", schemaOf(() => undefined as never)],
    ["resolves to nothing", schemaOf(() => Promise.resolve(null as never))],
    [
      "has issues that are not an array",
      schemaOf(() => ({ issues: 1 }) as never),
    ],
    [
      "has an issue that throws",
      schemaOf(() => ({
        issues: [{
          get message(): string {
            throw new Error("secret of the application");
          },
        }],
      })),
    ],
  ] as const
) {
  Deno.test(`a schema that ${what} gets code 6 and does not affect other requests`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    server.receive("n", schema, () => assert.fail("called"));
    server.operation("in", { input: schema }, () => assert.fail("called"));
    server.operation("out", { output: schema }, () => ({ a: 1 }));
    server.operation("fine", () => "fine");
    await using client = await RawClient.logIn(server, ["done-id"]);
    client.send(message(1, "n", { a: 1 }));
    client.send(operation(2, "in", { a: 1 }));
    client.send(operation(3, "out", { a: 1 }));
    client.send(operation(4, "fine"));
    const answers = await client.take(4);
    const codes = answers.map(({ id, code }) => [id, code]);
    assert.deepEqual(codes.sort(), [[1, 6], [2, 6], [3, 6], [4, 0]]);
    assert(!JSON.stringify(answers).includes("secret"));
    await logger.line(/^error error: .*a listener to message "n" failed\n/);
    await logger.line(/^error error: .*operation "in" failed\n/);
    await logger.line(/^error error: .*operation "out" failed\n/);
  });
}

Deno.test("data that fails one schema reaches the listeners without that schema", async () => {
  await using server = serveQuietly();
  const seen: string[] = [];
  server.receive("n", z.object({ a: z.number() }), () => void seen.push("no"));
  server.receive("n", () => void seen.push("plain"));
  server.receive("n", z.object({ a: z.string() }), ({ data }) => {
    seen.push(data.a);
  });
  server.receive(() => void seen.push("all"));
  await using client = await RawClient.logIn(server, ["done-id"]);
  client.send(message(1, "n", { a: "x" }));
  assert.equal((await client.next()).message, "done");
  assert.deepEqual(seen, ["plain", "x", "all"]);
});

Deno.test("each listener gets the data of its own schema", async () => {
  await using server = serveQuietly();
  const trimmed = z.object({ text: z.string().trim() });
  const loud = z.object({ text: z.string().toUpperCase() });
  server.receive("say", trimmed, (message) => {
    message.reply("trimmed", message.data);
  });
  server.receive(["say"], loud, (message) => {
    message.reply("loud", message.data);
  });
  await using connection = await connectTo(server);
  const sent = await connection.message("say", { text: " hi " });
  const replies = sent.replies.map(({ name, data, replying }) => [
    name,
    data.text,
    replying?.id === sent.id,
    // The original data, and not the output of the schema.
    replying?.data.text,
  ]);
  assert.deepEqual(replies, [
    ["trimmed", "hi", true, " hi "],
    ["loud", " HI ", true, " hi "],
  ]);
});

Deno.test("a result is sent as its schema returns it", async () => {
  await using server = serveQuietly();
  const output = z.object({
    name: z.string(),
    born: z.date().transform((date) => date.getUTCFullYear()),
  });
  const user = { name: "Ada", born: new Date(0), password: "secret" };
  server.operation("user", { output }, () => user);
  server.operation("users", { yields: output }, async function* () {
    yield user;
  });
  await using connection = await connectTo(server);
  const expected = { name: "Ada", born: 1970 };
  assert.deepEqual(await connection.operation("user"), expected);
  assert.deepEqual(await Array.fromAsync(connection.stream("users")), [
    expected,
  ]);
});

Deno.test("an invalid item ends the stream with code 6 after the items before it", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const yields = z.number() as DataSchema;
  let hasEnded = false;
  server.operation("n", { yields }, async function* () {
    try {
      yield* [1, 2, "three", 4] as never[];
    } finally {
      hasEnded = true;
    }
  });
  await using connection = await connectTo(server);
  const items: unknown[] = [];
  const error = await rejection((async () => {
    for await (const item of connection.stream("n")) items.push(item);
  })());
  assert(error instanceof ResponseError);
  assert.equal(error.code, 6);
  assert.deepEqual(items, [1, 2]);
  await logger.line(
    /^error error: 127\.0\.0\.1:\d+: operation "n": an item does not match its schema: Invalid input: expected number, received string$/,
  );
  assert(hasEnded);
});

Deno.test("the log shows the path of invalid data and not the data", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation(
    "pay",
    {
      input: type({ card: "string < 3", items: type({ n: "number" }).array() }),
    },
    () => {},
  );
  server.receive("pay", type({ card: "number" }), () => {});
  await using connection = await connectTo(server);
  const data = { card: "4111 1111", items: [{ n: 1 }, { n: "4112" }] };
  const error = await rejection(connection.operation("pay", data));
  // The client that sent the data gets the message of the library.
  assert.match(error.message, /must be at most length 2 \(was 9\)/);
  await rejection(connection.message("pay", data));
  await logger.line(
    /^warn reject: 127\.0\.0\.1:\d+: operation "pay": the data does not match its schema at card, items\[1\]\.n$/,
  );
  await logger.line(
    /^warn reject: 127\.0\.0\.1:\d+: message "pay": the data does not match its schema at card$/,
  );
  // A port can contain any other digits.
  assert(!logger.lines.some((line) => /4111 1111|"4112"/.test(line)));
});

Deno.test("ResponseError contains the issues and their paths", async () => {
  await using server = serveQuietly();
  const input = z.object({ rows: z.array(z.object({ "a b": z.number() })) });
  server.operation("n", { input }, () => {});
  await using connection = await connectTo(server);
  const error = await rejection(
    connection.operation("n", { rows: [{ "a b": 1 }, {}] }),
  );
  assert(error instanceof ResponseError);
  const text = "Invalid input: expected number, received undefined";
  assert.deepEqual(error.issues, [
    { path: ["rows", 1, "a b"], message: text },
  ]);
  assert.equal(
    error.message,
    `Cannot finish operation "n": the server rejected the data (INVALID_CONTENT). rows[1]["a b"]: ${text}`,
  );
  assert.deepEqual(
    (await rejection(connection.operation("fly")) as ResponseError).issues,
    [],
  );
});

Deno.test("the log escapes, truncates and redacts keys of invalid data", async () => {
  const logger = new LogRecorder();
  const tokens = [{ name: "ci", token: "sesame-of-ci" }];
  await using server = serveQuietly({ logger, tokens });
  const input = z.object({ tags: z.record(z.string(), z.number()) });
  server.operation("tag", { input }, () => {});
  await using connection = await connectTo(server);
  const forged = "a\nerror error: forged";
  for (
    const key of [forged, "\u001b[31m", "sesame-of-ci", "x".repeat(10_000)]
  ) {
    await rejection(connection.operation("tag", { tags: { [key]: "no" } }));
    const line = await logger.line(/^warn reject: .*at tags/);
    assert.match(line, /^[\x20-\x7e…]+$/);
    assert(line.length < 400 && !line.includes("sesame-of-ci"), line);
    logger.lines.length = 0;
  }
});

Deno.test("an error contains up to 16 issues and describes three", async () => {
  await using server = serveQuietly();
  const keys = Array.from({ length: 20 }, (_, n) => [`k${n}`, z.number()]);
  const input = z.object(Object.fromEntries(keys));
  server.operation("n", { input }, () => {});
  await using connection = await connectTo(server);
  const error = await rejection(connection.operation("n"));
  assert(error instanceof ResponseError);
  assert.equal(error.issues.length, 16);
  assert.match(error.message, /\. k0: .*; k1: .*; k2: .*; and 13 more$/);
});

Deno.test("receive() and operation() reject invalid schemas", async () => {
  await using server = serveQuietly();
  const schema = type({ a: "number" });
  const listen = server.receive as (...args: unknown[]) => Disposable;
  assert.throws(() => listen.call(server, "n", schema), {
    name: "TypeError",
    message:
      "Cannot receive messages: the listener is missing. Pass it after the schema.",
  });
  assert.throws(() => listen.call(server, "n", { a: "number" }, () => {}), {
    name: "TypeError",
    message:
      "Cannot receive messages: 'schema' must be a Standard Schema, for example of zod, valibot or arktype. It is an object.",
  });
  const operate = server.operation as (...args: unknown[]) => Disposable;
  assert.throws(() => operate.call(server, "n", { input: {} }, () => {}), {
    name: "TypeError",
    message:
      `Cannot register operation "n": 'schemas.input' must be a Standard Schema, for example of zod, valibot or arktype. It is an object.`,
  });
  assert.throws(() => operate.call(server, "n", { inputs: schema }, () => {}), {
    name: "TypeError",
    message:
      `Cannot register operation "n": unknown option 'inputs' in 'schemas'. Did you mean 'input'?`,
  });
  const both = { output: schema, yields: schema };
  assert.throws(() => operate.call(server, "n", both, () => {}), {
    name: "TypeError",
    message:
      `Cannot register operation "n": 'schemas' has both 'output' and 'yields'. Remove one: an operation returns one result or a stream of items.`,
  });
});
