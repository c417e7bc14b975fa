/** What a server logs about data that it cannot send, if the application awaits nothing. */

import assert from "node:assert/strict";
import { memory } from "../../broker/memory.ts";
import type { JsonObject } from "../../common/json.ts";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { endOfTick } from "../support/timing.ts";

type Send = (server: Server, data: JsonObject) => unknown;

const OTHER = "another-server";

/** What sends data without an answer that the application needs, and what the log calls it */
const SENDERS: Readonly<Record<string, Send>> = {
  "a broadcast": (server, data) => server.broadcast("a", data),
  "a broadcast to a room": (server, data) =>
    server.room("lobby").broadcast("a", data),
  "a message to a user": (server, data) =>
    server.user("ada").message("a", data),
  "a message to a client": (server, data) =>
    server.client(`${OTHER}.1`).message("a", data),
  "a request to a client": (server, data) =>
    server.client(`${OTHER}.1`).request("a", data),
  "a message to other servers": (server, data) =>
    server.cluster.message(undefined, "a", data),
  "a request to another server": (server, data) =>
    server.cluster.request(OTHER, "a", data),
};

/** Data that a handler can have from a client, and why it cannot be sent */
const DATA: Readonly<Record<string, readonly [JsonObject, RegExp]>> = {
  "1e400": [JSON.parse('{"n":1e400}'), /data\.n is Infinity/],
  "deep data": [nest(200_000), /: Maximum call stack size exceeded/],
  "large data": [{ text: "x".repeat(10_000_000) }, /RangeError: .* bytes/],
};

function nest(depth: number): JsonObject {
  let data: JsonObject = {};
  for (let n = 0; n < depth; n++) data = { "0": data };
  return data;
}

async function serveOthers(logger: LogRecorder): Promise<Server> {
  const server = serveQuietly({ logger, broker: memory() });
  server.defineRoom("lobby");
  await server.cluster.ready;
  return server;
}

/** Returns the errors in the log. */
async function errorsOf(logger: LogRecorder): Promise<readonly string[]> {
  for (let turn = 0; turn < 3; turn++) await endOfTick();
  return logger.lines.filter((line) => line.startsWith("error"));
}

for (const [what, send] of Object.entries(SENDERS)) {
  for (const [kind, [data, reason]] of Object.entries(DATA)) {
    Deno.test(`the log says why ${what} with ${kind} was not sent`, async () => {
      const logger = new LogRecorder();
      await using server = await serveOthers(logger);
      void send(server, data);
      const errors = await errorsOf(logger);
      assert.equal(errors.length, 1, errors.join("\n"));
      assert(errors[0]!.startsWith(`error error: ${what} failed\n`), errors[0]);
      assert.match(errors[0]!, reason);
    });
  }
}

Deno.test("the log says once why a request to an own client was not sent", async () => {
  const logger = new LogRecorder();
  await using server = await serveOthers(logger);
  await using _connection = await connectTo(server);
  for (const client of server.clients) {
    void client.request("a", { n: NaN });
    void server.client(client.globalId).request("a", { n: NaN });
    void server.client(client.globalId).message("a", { n: NaN });
  }
  const errors = await errorsOf(logger);
  assert.deepEqual(errors.map((line) => line.split("\n")[0]), [
    "error error: a request to a client failed",
    "error error: a request to a client failed",
    "error error: a message to a client failed",
  ]);
});

Deno.test("a mistake of the application rejects, and is not logged", async () => {
  const logger = new LogRecorder();
  await using server = await serveOthers(logger);
  const cycle: { self?: JsonObject } = {};
  cycle.self = cycle as JsonObject;
  for (const send of Object.values(SENDERS)) {
    for (const data of [cycle as JsonObject, { at: new Map() as never }]) {
      await assert.rejects(async () => await send(server, data), TypeError);
    }
  }
  assert.deepEqual(await errorsOf(logger), []);
});
