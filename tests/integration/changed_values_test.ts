/** Values that JSON changes without an error are refused wherever an application sends data. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { defineContract } from "../../contract/define.ts";
import type { ServeOptions } from "../../server.ts";
import { rejectionOf } from "../support/errors.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import { schemaOf } from "../support/schemas.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

// deno-lint-ignore no-explicit-any -- tests read any property
type Data = any;

/** A forgotten `await`, a common mistake */
const DATA: Record<string, never> = {
  user: Promise.resolve("Ada") as never,
};

const REASON =
  /data cannot be encoded as JSON: data\.user is a Promise\. Await it\.$/;

async function assertRefused(attempt: () => unknown): Promise<void> {
  const { name, message } = await rejectionOf(attempt);
  assert.equal(name, "TypeError");
  assert.match(message, REASON);
}

Deno.test("the client refuses data that JSON changes in messages, requests, operations and streams", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  await assertRefused(() => connection.message("a", DATA));
  await assertRefused(() => connection.request("a", DATA));
  await assertRefused(() => connection.operation("a", DATA));
  await assertRefused(() => connection.stream("a", DATA));
});

Deno.test("the client refuses a reply that JSON changes", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  connection.receive("ask", (message) => {
    resolve(assertRefused(() => message.reply("a", DATA)));
  });
  server.receive("start", ({ client }) => void client.message("ask"));
  await connection.message("start");
  await promise;
});

Deno.test("the server refuses data that JSON changes in messages, requests, replies and broadcasts", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.receive("start", async (message) => {
    await assertRefused(() => message.reply("a", DATA));
    await assertRefused(() => message.client.message("a", DATA));
    await assertRefused(() => message.client.request("a", DATA));
    await assertRefused(() => server.broadcast("a", DATA));
    resolve();
  });
  await connection.message("start");
  await promise;
});

Deno.test("the server refuses a result and an item that JSON changes, and logs their places", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("result", () => ({ rows: [new Map()] }));
  server.operation("items", async function* () {
    yield [1, NaN];
  });
  await using connection = await connectTo(server);
  await assert.rejects(connection.operation("result"), { code: 6 });
  await assert.rejects(connection.stream("items").next(), { code: 6 });
  const log = logger.lines.join("\n");
  assert.match(log, /: result\.rows\[0\] is a Map\. /);
  assert.match(log, /: item\[1\] is NaN\. /);
});

/** The numbers of JSON that JavaScript reads as a number that JSON changes. */
const NUMBERS = ["1e999", "-1e999", "-0", "-0.0", "-1e-999", "-12.5E-999"];

for (const number of NUMBERS) {
  Deno.test(`a server that passes on ${number} without an await stays alive`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    server.receive("say", ({ data }) => void server.broadcast("said", data));
    server.receive(
      "ask",
      ({ client, data }) => void client.request("asked", data),
    );
    await using client = await RawClient.logIn(server);
    for (const name of ["say", "ask"]) {
      client.send(
        `{"id":1,"action":"message","data":{"message":"${name}","data":{"n":${number}},"replying":null}}`,
      );
    }
    client.send(operation(9, "none"));
    while ((await client.next()).id !== 9);
    const isRefused = logger.lines.some((line) =>
      /data\.n is -?(Infinity|0)/.test(line)
    );
    assert.equal(isRefused, number.includes("1e999"));
  });
}

Deno.test("a client that passes on -0 of a server can send it", async () => {
  await using server = fakeServer((socket, { id, action, data }) => {
    if (action === undefined) return socket.send(successFrame(0, null));
    const { data: args } = data as { data: { n?: number } };
    const result = args.n === undefined ? "-0.0" : JSON.stringify(args.n);
    socket.send(
      `{"success":true,"data":{"result":${result}},"error":null,"code":0,"message":null,"desc":null,"id":${id}}`,
    );
  });
  await using connection = await connect("test", { url: server.url });
  const n = await connection.operation("get");
  assert.equal(await connection.operation("set", { n }), 0);
});

Deno.test("a client that sends NaN without an await stays alive", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  void connection.message("any", { n: NaN });
  void connection.operation("any", { n: NaN });
  await connection.message("any");
});

Deno.test("a client that causes failed broadcasts does not fill the log", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, limits: { maxRate: Infinity } });
  server.receive("say", ({ data }) => void server.broadcast("said", data));
  await using client = await RawClient.logIn(server);
  const text =
    '"action":"message","data":{"message":"say","data":{"n":1e999},"replying":null}}';
  for (let id = 1; id <= 100; id++) client.send(`{"id":${id},${text}`);
  client.send(operation(101, "none"));
  while ((await client.next()).id !== 101);
  const lines = logger.lines.filter((line) =>
    line.includes("broadcast failed")
  );
  assert(lines.length >= 20 && lines.length < 90, `${lines.length} lines`);
});

const publication = (data: string) =>
  `{"id":2,"action":"publish","data":{"room":"a","message":"say","data":{"n":${data}},"key":"k"}}`;

/** Sends a message to a room, and returns the answer and the errors in the log. */
async function publishRaw(
  data: string,
  options: ServeOptions = {},
): Promise<{ answer: Data; errors: readonly string[] }> {
  const logger = new LogRecorder();
  const limits = { maxDepth: Infinity };
  await using server = serveQuietly({ logger, limits, ...options });
  server.defineRoom("a", { authorize: () => true, publish: true });
  await using client = await RawClient.logIn(server, ["rooms"]);
  client.send({ id: 1, action: "join", data: { room: "a" } });
  while ((await client.next()).id !== 1);
  client.send(publication(data));
  let answer = await client.next();
  while (answer.id !== 2) answer = await client.next();
  const errors = logger.lines.filter((line) => line.startsWith("error"));
  return { answer, errors };
}

for (
  const data of ["1e999", "[-1e999]", "[".repeat(20_000) + "]".repeat(20_000)]
) {
  Deno.test(`a client learns that the members cannot get its data ${data.slice(0, 9)}`, async () => {
    const { answer, errors } = await publishRaw(data);
    assert.equal(answer.error, "INVALID_CONTENT");
    assert.match(answer.desc, /^"data\.data" cannot be sent to the members: /);
    assert.deepEqual(errors, []);
  });
}

Deno.test("a client is not to blame for a 'latest' that fails, whatever its data is", async () => {
  const latest = () => {
    throw new TypeError("a fault of the application");
  };
  const data = schemaOf(() => ({ value: { n: 1 } }));
  const rooms = {
    a: { events: { say: { data, latest } }, publishes: ["say"] },
  };
  const contract = defineContract({ rooms } as never);
  const { answer, errors } = await publishRaw("1e999", { contract });
  assert.equal(answer.error, "SERVER_ERROR");
  assert.match(errors.join("\n"), /a fault of the application/);
});
