/** Nothing that was not negotiated goes to a peer of version 1.0. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import { rejection } from "../support/errors.ts";
import {
  FEATURES_1_0,
  PROTOCOLS_1_0,
  unknownToClient,
  unknownToServer,
} from "../support/frames_1_0.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { gate } from "../support/timing.ts";
import {
  type AnyConnection,
  type AnyServer,
  CURRENT,
  FrameRecorder,
  type Version,
  VERSION_1_0,
} from "../support/version_1_0.ts";

const RECONNECT = { minDelay: 1, maxDelay: 2 };

/** Uses everything that both versions have, and records the frames of the client. */
async function converse(
  server: Version,
  client: Version,
): Promise<FrameRecorder> {
  const logger = new LogRecorder();
  const options = { hostname: "127.0.0.1", port: 0, logger };
  await using started = server.serve("test", options);
  const release = register(started);
  const recorder = new FrameRecorder();
  const { WebSocket } = recorder;
  await using connection = await client.connect("test", {
    ...{ url: started.url, logger, reconnect: RECONNECT, WebSocket },
  });
  await useMessages(connection, started);
  await useOperations(connection);
  await useStreams(connection);
  release();
  // All handlers have ended when this one has.
  assert.equal(await connection.operation("wait"), null);
  return recorder;
}

function register(server: AnyServer): () => void {
  const { opened, open } = gate();
  server.receive("hello", (message) => message.reply("hi"));
  server.operation("echo", (data) => data);
  server.operation("wait", () => opened);
  server.operation("fail", () => {
    throw new Error("secret");
  });
  server.operation("count", async function* ({ to }) {
    for (let n = 0; n < Number(to); n++) yield n;
  });
  return open;
}

async function useMessages(
  connection: AnyConnection,
  server: AnyServer,
): Promise<void> {
  connection.receive("question", (message) => message.reply("yes"));
  const { opened, open } = gate();
  connection.receive("news", open);
  await connection.message("hello");
  await connection.request("hello");
  await server.broadcast("news");
  await opened;
  const [client] = server.clients;
  await client!.request("question");
}

async function useOperations(connection: AnyConnection): Promise<void> {
  await connection.operation("echo", { n: 1 }, { timeout: 60_000 });
  await rejection(connection.operation("fail"));
  await rejection(connection.operation("unknown"));
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = rejection(connection.operation("wait", {}, { signal }));
  const late = rejection(connection.operation("wait", {}, { timeout: 1 }));
  controller.abort();
  await Promise.all([aborted, late]);
}

async function useStreams(connection: AnyConnection): Promise<void> {
  for await (const _ of connection.stream("count", { to: 1_000 }));
  for await (const _ of connection.stream("count", { to: 1_000 })) break;
}

Deno.test("a client of version 1.0 gets nothing that it does not know", async () => {
  const { received, sent } = await converse(CURRENT, VERSION_1_0);
  assert.deepEqual(unknownToClient(received), []);
  assert.deepEqual(received[0]!.data, {
    ...{ features: FEATURES_1_0, maxPayload: 65_536 },
  });
  // The tables know everything that this version of the client sends.
  assert.deepEqual(unknownToServer(sent), []);
});

Deno.test("a server of version 1.0 gets nothing that it does not know", async () => {
  const { received, sent, protocols } = await converse(VERSION_1_0, CURRENT);
  assert.deepEqual(unknownToServer(sent), []);
  assert.deepEqual(protocols, PROTOCOLS_1_0);
  assert.deepEqual(unknownToClient(received), []);
});

Deno.test("frames that version 1.0 does not know are found", () => {
  const login = { id: 0, token: "", version: "", features: ["new"] };
  const ofServer = { success: true, error: null, code: 0, desc: null, id: 1 };
  const sent: JsonObject[] = [
    { ...login, more: 1 },
    { id: null, action: "ping", data: {} },
    { id: 1, action: "cancel", data: {} },
    { id: 2, action: "operation", data: { operation: "", data: {}, by: 1 } },
    { id: null, end: true, why: "" },
  ];
  assert.deepEqual(unknownToServer(sent), [
    "more",
    JSON.stringify(sent[1]),
    JSON.stringify(sent[2]),
    ...["by", "why"],
  ]);
  const received: JsonObject[] = [
    { ...ofServer, message: null, data: { features: ["stream", "new"] } },
    { ...ofServer, message: "pong", data: null },
    { ...ofServer, message: "items", data: { items: [], ids: [] } },
    { ...ofServer, message: "done", data: null, top: 1 },
  ];
  assert.deepEqual(unknownToClient(received), [
    "new",
    JSON.stringify(received[1]),
    ...["ids", "top"],
  ]);
});
