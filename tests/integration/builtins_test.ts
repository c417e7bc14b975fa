/** The operations of Python Hoist, and which operations a server supports. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ErrorCode, ResponseError } from "../../common/errors.ts";
import type { ServeOptions } from "../../server.ts";
import { serveContract } from "../support/contract.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { endOfTick } from "../support/timing.ts";
import { serve as serveSite } from "../testdata/site.ts";

/** The code with which a call is refused, or what it comes to. */
async function callAll(options: ServeOptions, names: readonly string[]) {
  await using server = serveQuietly(options);
  for (const name of ["add", "fly"]) server.operation(name, () => name);
  await using connection = await connectTo(server);
  return await Promise.all(names.map(async (name) => {
    try {
      return await connection.operation(name);
    } catch (error) {
      return (error as ResponseError).code;
    }
  }));
}

Deno.test("none of them is there unless it is named", async () => {
  for (
    const builtins of [
      undefined,
      {},
      { print: false, read: undefined, get: undefined },
    ]
  ) {
    await using server = serveQuietly({ builtins });
    await using connection = await connectTo(server);
    for (const name of ["print", "read", "get", "path"]) {
      const error = await rejection(connection.operation(name));
      assert(error instanceof ResponseError);
      assert.equal(error.code, ErrorCode.UNKNOWN_OPERATION);
    }
  }
});

Deno.test("read and get answer within their bounds, and say what is beyond", async () => {
  const root = await Deno.makeTempDir();
  await Deno.writeTextFile(join(root, "hello.txt"), "Hello");
  await using site = serveSite(() => new Response("welcome"));
  const allow = [site.at("/public")];
  await using server = serveQuietly({
    builtins: { read: { root }, get: { allow } },
  });
  await using connection = await connectTo(server);
  const read = (path: unknown) =>
    connection.operation("read", { path } as Record<string, string>);
  const get = (url: string) => connection.operation("get", { url });
  assert.equal(await read("hello.txt"), "Hello");
  assert.equal(await get(site.at("/public/a?b=c")), "welcome");
  for (
    const [attempt, text] of [
      [() => read("../hello.txt"), "there is no such file below the root"],
      [() => read(1), "must be a text"],
      [() => get(site.at("/private")), "is not among the allowed URLs"],
    ] as const
  ) {
    const error = await rejection(attempt());
    assert(error instanceof ResponseError);
    assert.equal(error.code, ErrorCode.INVALID_CONTENT);
    assert.equal(error.issues[0]?.message, text);
    assert(!error.message.includes(root));
  }
  await Deno.remove(root, { recursive: true });
});

Deno.test("what is too large for the client is the server's own failure", async () => {
  const root = await Deno.makeTempDir();
  await Deno.writeTextFile(join(root, "large"), "x".repeat(5_000));
  const logger = new LogRecorder();
  await using server = serveQuietly({
    builtins: { read: { root } },
    limits: { maxBuffered: 4_096 },
    logger,
  });
  await using connection = await connectTo(server);
  const error = await rejection(
    connection.operation("read", { path: "large" }),
  );
  assert.equal((error as ResponseError).code, ErrorCode.SERVER_ERROR);
  await logger.line(
    /operation "read" failed\nRangeError: Cannot send the result/,
  );
  await Deno.remove(root, { recursive: true });
});

Deno.test("a name of theirs is taken once it is there", async () => {
  await using server = serveQuietly({ builtins: { print: true } });
  assert.throws(() => server.operation("print", () => null), {
    name: "TypeError",
    message:
      'Cannot register operation "print" as it exists already: dispose of the first one before',
  });
  server.operation("read", () => "my own");
  await using connection = await connectTo(server);
  assert.equal(await connection.operation("read"), "my own");
});

Deno.test("they are there beside a contract, which does not have them", async () => {
  const root = await Deno.makeTempDir();
  await using server = serveContract({ builtins: { read: { root } } });
  await using raw = await RawClient.logIn(server as never);
  raw.send({
    id: 1,
    action: "operation",
    data: { operation: "read", data: { path: "none" } },
  });
  assert.equal((await raw.next()).code, ErrorCode.INVALID_CONTENT);
  await Deno.remove(root, { recursive: true });
});

Deno.test("at its start a server says which operations its lists name in vain", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    builtins: { print: true },
    supportedOperations: ["add", "prnt", "later"],
    unsupportedOperations: ["gett", "print"],
  });
  server.operation("add", () => 1);
  await Promise.resolve();
  server.operation("later", () => 1);
  await endOfTick();
  assert.deepEqual(
    logger.lines.filter((line) => line.startsWith("warn")),
    [
      "warn options: 'supportedOperations' or 'unsupportedOperations' name operations that there are none of so far: prnt, gett",
    ],
  );
});

for (
  const [supportedOperations, unsupportedOperations, results] of [
    [undefined, undefined, ["add", "fly", 5]],
    [["*"], [], ["add", "fly", 5]],
    [["*"], ["fly"], ["add", 7, 5]],
    [["*"], ["*"], [7, 7, 5]],
    [["add"], undefined, ["add", 7, 5]],
    [["add"], ["fly"], ["add", 7, 5]],
    [["add"], ["*"], ["add", 7, 5]],
    [undefined, ["*"], [7, 7, 5]],
    [[], [], [7, 7, 5]],
  ] as const
) {
  Deno.test(`supported ${JSON.stringify(supportedOperations)}, unsupported ${JSON.stringify(unsupportedOperations)}: add, fly and none are ${results}`, async () => {
    const options = { supportedOperations, unsupportedOperations };
    assert.deepEqual(await callAll(options, ["add", "fly", "none"]), results);
  });
}

Deno.test("a call that is not supported is named in the log, a stream as well", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    unsupportedOperations: ["rows"],
  });
  server.operation("rows", async function* () {
    yield 1;
  });
  await using connection = await connectTo(server);
  const error = await rejection(connection.stream("rows").next());
  assert.equal(
    error.message,
    'Cannot finish stream "rows": the server answered UNSUPPORTED_OPERATION, Request operation is not supported by the server',
  );
  await logger.line(
    /^warn error: .*: operation "rows" is not among those that are supported$/,
  );
});

for (
  const [options, text] of [
    [
      { supportedOperations: ["*", "add"] },
      "Cannot serve as \"*\" in 'supportedOperations' stands for all operations: leave out the others",
    ],
    [
      { unsupportedOperations: ["add", "*"] },
      "Cannot serve as \"*\" in 'unsupportedOperations' stands for all operations: leave out the others",
    ],
    [
      { supportedOperations: ["add"], unsupportedOperations: ["add"] },
      "Cannot serve as operation \"add\" is both in 'supportedOperations' and in 'unsupportedOperations'",
    ],
    [
      { supportedOperations: "add" },
      "Cannot serve as 'supportedOperations' must be a list of names of operations, or [\"*\"] for all",
    ],
    [
      { unsupportedOperations: [1] },
      "Cannot serve as 'unsupportedOperations' must be a list of names of operations, or [\"*\"] for all",
    ],
    [
      { builtins: { fetch: true } },
      'Cannot serve as there is no built-in operation "fetch": there are print, read, get',
    ],
  ] as const
) {
  Deno.test(`at its start a server refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => serveQuietly(options as never), {
      name: "TypeError",
      message: text,
    });
  });
}
