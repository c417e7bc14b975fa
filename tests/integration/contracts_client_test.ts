/** A client that validates what its server sends against the contract. */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import type { ConnectOptions } from "../../client/options.ts";
import { NoReplyError, ValidationError } from "../../common/errors.ts";
import {
  connectWithContract,
  contract,
  serveContract,
  type TestContract,
} from "../support/contract.ts";
import { defineContract } from "../../contract/define.ts";
import { rejection } from "../support/errors.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { endOfTick, gate } from "../support/timing.ts";
import type { Schema } from "../../contract/schema.ts";
import type { Server } from "../../server.ts";

/** Starts a server that violates the contract. */
function serveInvalid(): Server {
  const server = serveQuietly();
  server.operation("add", () => "three");
  server.operation("now", () => ({ any: "thing" }));
  server.operation("rows", async function* () {
    yield* [{ n: 1 }, { n: "two" }, { n: 3 }];
  });
  server.receive("hello", (message) => {
    message.reply("hi", { text: "first" });
    message.reply("hi", { text: 2 });
    message.reply("hey");
    message.reply("hi", { text: "last" });
  });
  return server;
}

function connectValidating(
  server: Server,
  options: Partial<ConnectOptions<TestContract>> = {},
): Promise<Connection<TestContract>> {
  return connectWithContract(server, { validate: "all", ...options });
}

Deno.test("an invalid result rejects and the connection stays open", async () => {
  await using server = serveInvalid();
  await using connection = await connectValidating(server);
  const error = await rejection(connection.operation("add", { a: 1 }));
  assert(error instanceof ValidationError);
  assert.equal(
    error.message,
    'Cannot finish operation "add": the result does not match its schema: Invalid input: expected number, received string',
  );
  assert.deepEqual(error.issues, [{
    path: [],
    message: "Invalid input: expected number, received string",
  }]);
  // A result without a schema can be any value.
  assert.deepEqual(await connection.operation("now"), { any: "thing" });
});

Deno.test("the client does not validate by default", async () => {
  await using server = serveInvalid();
  for (const options of [{}, { validate: "none" }] as const) {
    await using connection = await connectWithContract(server, options);
    const sum: unknown = await connection.operation("add", { a: 1 });
    assert.equal(sum, "three");
    const { replies } = await connection.message("hello", { name: "Ada" });
    assert.equal(replies.length, 4);
  }
});

Deno.test("an invalid item ends the stream and the generator of the server", async () => {
  await using server = serveQuietly();
  const { opened: ended, open: end } = gate();
  server.operation("rows", async function* () {
    try {
      for (let n = 1;; n++) yield { n: n === 3 ? "three" : n };
    } finally {
      end();
    }
  });
  await using connection = await connectValidating(server);
  const seen: number[] = [];
  const stream = connection.stream("rows", { to: 9 }, { buffer: 1 });
  const error = await rejection((async () => {
    for await (const { n } of stream) seen.push(n);
  })());
  assert(error instanceof ValidationError);
  assert.equal(
    error.message,
    'Cannot continue stream "rows": an item does not match its schema: n: Invalid input: expected number, received string',
  );
  assert.deepEqual(seen, [1, 2]);
  await ended;
  assert.equal((await stream.next()).done, true);
});

Deno.test("an invalid reply rejects the message, and onReply gets the valid replies", async () => {
  await using server = serveInvalid();
  await using connection = await connectValidating(server, {
    logger: new LogRecorder(),
  });
  const seen: string[] = [];
  const error = await rejection(
    connection.message("hello", { name: "Ada" }, {
      onReply: ({ data }) => void seen.push(data.text),
    }),
  );
  assert(error instanceof ValidationError);
  assert.equal(
    error.message,
    'Cannot accept message "hi": its data does not match its schema: text: Invalid input: expected string, received number',
  );
  assert.deepEqual(seen, ["first", "last"]);
});

Deno.test("a reply is validated as a reply to the message of the client", async () => {
  const claims = [null, { message: "ping", data: {}, id: 1, replying: null }];
  for (const replying of claims) {
    await using server = fakeServer((socket, frame) => {
      if ("token" in frame) return socket.send(successFrame(0, null));
      if (frame.end === true) return socket.close();
      const wire = { message: "news", data: { n: 1 }, id: 2, replying };
      const id = Number(frame.id);
      socket.send(successFrame(id, "newmsg", wire));
      socket.send(successFrame(id, "done", null));
    });
    await using connection = await connectValidating(
      server as unknown as Server,
      {
        logger: new LogRecorder(),
      },
    );
    for (
      const request of [
        () => connection.message("hello", { name: "Ada" }),
        () => connection.request("hello", { name: "Ada" }),
      ]
    ) {
      assert.equal(
        (await rejection(request())).message,
        'Cannot accept message "news": it is not in the contract: the replies to message "hello" are hi',
      );
    }
  }
});

Deno.test("an invalid first reply rejects the request", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hey"));
  await using connection = await connectValidating(server, {
    logger: new LogRecorder(),
  });
  const error = await rejection(connection.request("hello", { name: "Ada" }));
  assert(error instanceof ValidationError);
  assert.equal(
    error.message,
    'Cannot accept message "hey": it is not in the contract: the replies to message "hello" are hi',
  );
});

Deno.test("an invalid event is logged and not passed to listeners", async () => {
  await using server = serveQuietly();
  const logger = new LogRecorder();
  await using connection = await connectValidating(server, { logger });
  const seen: unknown[] = [];
  connection.receive("news", ({ data }) => void seen.push(data.n));
  connection.receive(({ name }) => void seen.push(name));
  await server.broadcast("news", { n: "one" });
  await server.broadcast("newz", { n: 1 });
  await server.broadcast("toString");
  await server.broadcast("news", { n: 2 });
  await connection.message("ping");
  assert.deepEqual(seen, [2, "news"]);
  assert.deepEqual(logger.lines, [
    `warn receive: ${server.url}: ignored a message\n  Cannot accept message "news": its data does not match its schema: n: Invalid input: expected number, received string`,
    `warn receive: ${server.url}: ignored a message\n  Cannot accept message "newz": it is not in the contract: the events are news, ready`,
    `warn receive: ${server.url}: ignored a message\n  Cannot accept message "toString": it is not in the contract: the events are news, ready`,
  ]);
});

Deno.test("an invalid request of the server is answered as a failed one", async () => {
  await using server = serveQuietly();
  await using connection = await connectValidating(server, {
    logger: new LogRecorder(),
  });
  connection.receive(() => assert.fail("called"));
  await connection.message("ping");
  const [client] = server.clients;
  const error = await rejection(client!.request("steady"));
  assert(error instanceof NoReplyError);
  assert.match(error.message, /a listener on the other side failed/);
});

/** Returns an async schema that rejects negative numbers. */
function asyncSchema(
  waits: (n: number) => Promise<void>,
): Schema<{ n: number }> {
  const validate = async (value: unknown) => {
    const { n } = value as { n: number };
    await waits(n);
    return n < 0
      ? { issues: [{ message: "is negative", path: ["n"] }] }
      : { value: { n } };
  };
  return { "~standard": { version: 1, vendor: "test", validate } };
}

Deno.test("events keep their order with async schemas", async () => {
  const { opened, open } = gate();
  const slow = defineContract({
    messages: { here: {} },
    events: { slow: asyncSchema((n) => n === 1 ? opened : Promise.resolve()) },
  });
  await using server = serveQuietly();
  const logger = new LogRecorder();
  await using connection = await connectTo(server, {
    contract: slow as never,
    validate: "all",
    logger,
  });
  const seen: unknown[] = [];
  connection.receive("slow", ({ data }) => void seen.push(data.n));
  for (const n of [1, 2, -3, 4]) await server.broadcast("slow", { n });
  await connection.message("here");
  assert.deepEqual(seen, []);
  open();
  while (seen.length < 3) await Promise.resolve();
  assert.deepEqual(seen, [1, 2, 4]);
  await logger.line(/n: is negative$/);
});

/** Returns what listeners hear of two events that a schema read when the connection was lost. */
async function hearAfterLoss(
  onLost: (connection: Connection) => unknown,
): Promise<readonly unknown[]> {
  const { opened, open } = gate();
  const events = { slow: asyncSchema(() => opened) };
  await using server = serveQuietly();
  await using connection = await connectTo(server, {
    contract: defineContract({ messages: { here: {} }, events }) as never,
    validate: "all",
  });
  const seen: unknown[] = [];
  connection.receive("slow", ({ data }) => void seen.push(data.n));
  for (const n of [1, 2]) await server.broadcast("slow", { n });
  await connection.message("here");
  for (const client of server.clients) void client.close(4000);
  await connection.closed;
  await onLost(connection);
  assert.deepEqual(seen, []);
  open();
  await endOfTick();
  return seen;
}

Deno.test("events that arrived before the connection was lost reach their listeners", async () => {
  assert.deepEqual(await hearAfterLoss(() => {}), [1, 2]);
});

Deno.test("events that a schema still reads reach no listener after close()", async () => {
  const close = (connection: Connection) => connection.close();
  assert.deepEqual(await hearAfterLoss(close), []);
});

Deno.test("replies keep their order with async schemas", async () => {
  const { opened, open } = gate();
  const reply = asyncSchema((n) => n === 1 ? opened : Promise.resolve());
  const slow = defineContract({
    messages: { hello: { replies: { reply } } },
  });
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    for (const n of [1, 2]) message.reply("reply", { n });
    open();
  });
  await using connection = await connectTo(server, {
    contract: slow as never,
    validate: "all",
  });
  const seen: unknown[] = [];
  const { replies } = await connection.message("hello", {}, {
    onReply: ({ data }) => void seen.push(data.n),
  });
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(replies.map(({ data }) => data.n), [1, 2]);
});

Deno.test("an error of a schema rejects its request", async () => {
  const broken: Schema<object> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => {
        throw new Error("no");
      },
    },
  };
  const bad = defineContract({
    messages: { here: {} },
    operations: { one: { output: broken } },
    events: { news: broken },
  });
  await using server = serveQuietly();
  server.operation("one", () => 1);
  const logger = new LogRecorder();
  await using connection = await connectTo(server, {
    contract: bad as never,
    validate: "all",
    logger,
  });
  assert.equal((await rejection(connection.operation("one"))).message, "no");
  connection.receive("news", () => assert.fail("called"));
  await server.broadcast("news");
  await connection.message("here");
  await logger.line(/^warn receive: .*: ignored a message\n {2}no$/);
});

Deno.test("connect() rejects an invalid `validate` or `contract`", async () => {
  await using server = serveContract();
  const { url } = server;
  for (
    const [options, text] of [
      [
        { contract: undefined, validate: "all" },
        "Cannot connect: 'validate' needs a contract. Pass one as the option 'contract'.",
      ],
      [
        { contract, validate: "some" },
        'Cannot connect: \'validate\' must be "none" or "all". It is "some".',
      ],
      [
        { contract: { messages: {} } },
        "Cannot connect: 'contract' must be the result of defineContract(). It is an object.",
      ],
    ] as const
  ) {
    const attempt = connectWithContract(
      { url },
      options as Partial<ConnectOptions<TestContract>>,
    );
    await assert.rejects(attempt, { name: "TypeError", message: text });
  }
});
