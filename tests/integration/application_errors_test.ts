/** Errors that an application throws on purpose, from the handler to the client. */

import assert from "node:assert/strict";
import { z } from "zod";
import { connect, type Connection } from "../../client.ts";
import {
  ApplicationError,
  isApplicationError,
  ResponseError,
  ValidationError,
} from "../../common/errors.ts";
import { defineContract } from "../../contract/define.ts";
import { serve } from "../../server.ts";
import { CYCLE, HOSTILE } from "../support/attacks.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

const SOLD_OUT = z.object({ left: z.int() });

const contract = defineContract({
  messages: {
    seat: {
      replies: { ok: z.object({}) },
      errors: { sold_out: SOLD_OUT, closed: null },
    },
    bare: z.object({}),
  },
  operations: {
    buy: { errors: { sold_out: SOLD_OUT, closed: null } },
    rows: { yields: z.int(), errors: { sold_out: SOLD_OUT } },
    none: {},
  },
});

/** Starts a server with the contract. */
function serveShop(logger = new LogRecorder()) {
  const options = { hostname: "127.0.0.1", port: 0, logger, contract };
  return serve("test", { ...options, logLevel: "debug" });
}

/** Reads a stream to its end. */
async function readAll(items: AsyncIterable<unknown>): Promise<unknown[]> {
  return await Array.fromAsync(items);
}

/** Throws as the application does. */
function refuse(): never {
  throw new ApplicationError("sold_out", {
    message: "no seats",
    details: { left: 0 },
    cause: new Error("secret"),
  });
}

/** The ways to cause an error of the application. */
const REQUESTS: Readonly<
  Record<string, (connection: Connection) => Promise<unknown>>
> = {
  "an operation": (connection) => connection.operation("buy"),
  "an asynchronous operation": (connection) => connection.operation("later"),
  "a message": (connection) => connection.message("buy"),
  "a request": (connection) => connection.request("buy"),
  "a stream": (connection) => readAll(connection.stream("rows")),
};

for (const [what, request] of Object.entries(REQUESTS)) {
  Deno.test(`${what} rejects with the error that the application throws`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, logLevel: "debug" });
    server.operation("buy", refuse);
    server.operation("later", async () => {
      await Promise.resolve();
      refuse();
    });
    server.operation("rows", async function* () {
      yield 1;
      refuse();
    });
    server.receive("buy", refuse);
    await using connection = await connectTo(server);
    const error = await rejection(request(connection));
    assert(isApplicationError(error, "sold_out"));
    assert.equal(error.message, "no seats");
    assert.deepEqual(error.details, { left: 0 });
    assert(!("cause" in error));
    const line = await logger.line(/^debug reject: /);
    assert.match(
      line,
      /^debug reject: 127\.0\.0\.1:\d+: (operation|message) "\w+": the application threw "sold_out"$/,
    );
    const text = logger.lines.join("\n");
    assert(!/^(warn|error) |secret|\n +at /m.test(text), text);
    // The connection stays open.
    const other = await rejection(connection.operation("none"));
    assert(!isApplicationError(other));
  });
}

Deno.test("the frame contains nothing but the kind, the message and the details", async () => {
  await using server = serveQuietly({ exposeErrors: true });
  server.operation("buy", refuse);
  server.receive("buy", refuse);
  await using client = await RawClient.logIn(server);
  const expected = {
    success: false,
    data: {
      exc: "sold_out",
      message: "no seats",
      application: { kind: "sold_out", details: { left: 0 } },
    },
    error: "SERVER_ERROR",
    code: 6,
    message: "Internal server error.",
    desc: null,
  };
  client.send(operation(7, "buy"));
  assert.deepEqual(await client.next(), { ...expected, id: 7 });
  client.send(message(8, "buy"));
  assert.equal((await client.next()).message, "open");
  assert.deepEqual(await client.next(), { ...expected, id: 8 });
});

Deno.test("a handler makes the errors that its contract declares", async () => {
  await using server = serveShop();
  server.operation("buy", (_data, { errors }) => {
    throw errors.sold_out({ left: 3 }, { message: "too late" });
  });
  server.operation("rows", async function* (_data, { errors }) {
    yield 1;
    throw errors.sold_out({ left: 1 });
  });
  server.operation("none", (_data, { errors }) => Object.keys(errors));
  server.receive("seat", ({ errors }) => {
    throw errors.closed();
  });
  await using connection = await connect("test", {
    url: server.url,
    contract,
    validate: "all",
  });
  const { buy, rows } = contract.operations;
  const one = await rejection(connection.operation("buy"));
  assert(isApplicationError(one, buy, "sold_out"));
  assert.equal(one.details.left.toFixed(), "3");
  assert.equal(one.message, "too late");
  const two = await rejection(readAll(connection.stream("rows")));
  assert(isApplicationError(two, rows));
  assert.equal(two.details.left.toFixed(), "1");
  const three = await rejection(connection.request("seat"));
  assert(isApplicationError(three, contract.messages.seat, "closed"));
  assert.deepEqual([three.details, three.message], [{}, "closed"]);
  assert.deepEqual(await connection.operation("none"), []);
});

/** Errors that are no errors of the contract, and what the log says about them. */
const FAULTS = [
  [
    new ApplicationError("other"),
    /^error error: .*: operation "buy" failed\n.*TypeError: Cannot answer with the error "other": it is not declared/s,
  ],
  [
    new ApplicationError("sold_out", { details: { left: "secret" } }),
    /^error error: .*: operation "buy": 'details' does not match its schema: left: Invalid input: expected number, received string$/,
  ],
  [
    new ApplicationError("sold_out"),
    /^error error: .*: operation "buy": 'details' does not match its schema: left: /,
  ],
] as const;

for (const [thrown, expected] of FAULTS) {
  Deno.test(`a fault of the server: ${Deno.inspect([thrown.kind, thrown.details])} with a contract`, async () => {
    const logger = new LogRecorder();
    await using server = serveShop(logger);
    server.operation("buy", () => {
      throw thrown;
    });
    server.receive("seat", () => {
      throw thrown;
    });
    await using connection = await connectTo(server);
    for (
      const request of [
        connection.operation("buy"),
        connection.message("seat"),
      ]
    ) {
      const error = await rejection(request);
      assert.equal(error.constructor, ResponseError);
      assert(error instanceof ResponseError);
      assert.deepEqual(error.data, {
        message: "the server could not carry out the request",
        exc: "InternalError",
      });
    }
    await logger.line(expected);
    await logger.line(/^error error: .* message "seat"/);
    assert(!logger.lines.some((line) => /^error .*secret/s.test(line)));
  });
}

Deno.test("with a contract, an entry without errors throws none", async () => {
  await using server = serveShop();
  server.operation("none", refuse);
  server.receive("bare", refuse);
  await using connection = await connectTo(server);
  const one = await rejection(connection.operation("none"));
  const two = await rejection(connection.message("bare"));
  for (const error of [one, two]) {
    assert.equal(error.constructor, ResponseError);
  }
});

Deno.test("an operation with its own schemas can declare errors", async () => {
  await using server = serveQuietly();
  const errors = { sold_out: SOLD_OUT };
  server.operation("buy", { errors }, (_data, { errors }) => {
    throw errors.sold_out({ left: 2 });
  });
  server.operation("other", { errors }, () => {
    throw new ApplicationError("other");
  });
  await using connection = await connectTo(server);
  const one = await rejection(connection.operation("buy"));
  assert(isApplicationError(one, { errors }, "sold_out"));
  assert.equal(one.details.left, 2);
  const two = await rejection(connection.operation("other"));
  assert(!isApplicationError(two));
});

Deno.test("the first error of several listeners answers the message", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, logLevel: "debug" });
  server.receive("one", refuse);
  server.receive("two", () => {
    throw new Error("no");
  });
  server.receive(() => {
    throw new ApplicationError("late");
  });
  await using connection = await connectTo(server);
  const one = await rejection(connection.message("one"));
  assert(isApplicationError(one, "sold_out"));
  const two = await rejection(connection.message("two"));
  assert.equal(two.constructor, ResponseError);
  await logger.line(/^error error: .*a listener to message "two" failed/);
  const late = logger.lines.filter((line) =>
    line.endsWith('the application threw "late"')
  );
  assert.equal(late.length, 2);
});

Deno.test("details that do not fit into maxBuffered are not sent, and a line is logged", async () => {
  const logger = new LogRecorder();
  const limits = { maxBuffered: 10_000 };
  await using server = serveQuietly({ logger, limits });
  server.operation("buy", () => {
    const details = { text: "x".repeat(20_000) };
    throw new ApplicationError("sold_out", { details });
  });
  await using connection = await connectTo(server);
  const error = await rejection(connection.operation("buy"));
  assert(isApplicationError(error, "sold_out"));
  assert.deepEqual(error.details, {});
  const line = await logger.line(/^error error: /);
  assert.match(
    line,
    /: operation "buy": the application threw "sold_out" with details that are larger than 'limits\.maxBuffered'; the details were not sent$/,
  );
});

Deno.test("a handler that throws hostile values is a fault of the server", async () => {
  await using server = serveQuietly();
  const values: readonly unknown[] = [
    ...[HOSTILE, CYCLE, null, undefined, "sold_out"],
    { kind: "sold_out", details: {} },
    Object.create(new ApplicationError("sold_out")),
    new Proxy(new ApplicationError("sold_out"), {}),
  ];
  server.operation("throw", ({ index }) => {
    throw values[Number(index)];
  });
  await using connection = await connectTo(server);
  for (const index of values.keys()) {
    const error = await rejection(connection.operation("throw", { index }));
    assert.equal(error.constructor, ResponseError);
  }
});

Deno.test("an error for a client that has left is dropped", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, logLevel: "debug" });
  const left = Promise.withResolvers<void>();
  server.operation("buy", async (_data, { signal }) => {
    signal.addEventListener("abort", () => left.resolve());
    await left.promise;
    refuse();
  });
  const connection = await connectTo(server);
  const pending = rejection(connection.operation("buy"));
  // The answer shows that the server has read the call before it.
  await rejection(connection.operation("none"));
  await connection.close();
  await pending;
  await logger.line(/the application threw "sold_out"$/);
});

const wrong = defineContract({
  messages: { seat: { errors: { sold_out: z.object({ left: z.string() }) } } },
  operations: {
    buy: { errors: { sold_out: z.object({ left: z.string() }) } },
    rows: { yields: z.int() },
  },
});

Deno.test("validate: 'all' rejects errors that do not match the contract", async () => {
  await using server = serveQuietly();
  server.operation("buy", refuse);
  server.operation("rows", async function* () {
    yield 1;
    refuse();
  });
  server.receive("seat", refuse);
  await using connection = await connect("test", {
    url: server.url,
    contract: wrong,
    validate: "all",
  });
  const mismatch =
    "Cannot accept the error \"sold_out\": 'details' does not match its schema: left: Invalid input: expected string, received number";
  for (
    const [request, expected] of [
      [connection.operation("buy"), mismatch],
      [connection.message("seat"), mismatch],
      [
        readAll(connection.stream("rows")),
        'Cannot accept the error "sold_out": it is not in the contract: the errors are none',
      ],
    ] as const
  ) {
    const error = await rejection(request);
    assert(error instanceof ValidationError);
    assert.equal(error.message, expected);
  }
});

Deno.test("'authorize' and middleware can refuse a request with an error", async () => {
  const options = { hostname: "127.0.0.1", port: 0, contract };
  await using server = serve("test", {
    ...options,
    logger: new LogRecorder(),
    authorize: (_client, { name }) => {
      if (name === "none" || name === "bare") refuse();
      return true;
    },
  });
  server.use(() => {
    throw new ApplicationError("closed");
  });
  for (const name of ["none", "buy"] as const) server.operation(name, () => 1);
  server.receive("seat", () => {});
  await using connection = await connectTo(server);
  for (
    const [request, kind] of [
      [connection.operation("none"), "sold_out"],
      [connection.message("bare"), "sold_out"],
      [connection.operation("buy"), "closed"],
      [connection.message("seat"), "closed"],
    ] as const
  ) {
    assert(isApplicationError(await rejection(request), kind));
  }
});
