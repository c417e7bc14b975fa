/**
 * What docs/guide/guarantees.md says about failures: what arrives, what is reported as a gap,
 * and what is lost without a sign.
 */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import { PublishError } from "../../client.ts";
import type { RoomOptions, ServeOptions, Server } from "../../server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { rejection } from "../support/errors.ts";
import { connectReconnecting, StateRecorder } from "../support/reconnecting.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

const HISTORY = { size: 100 };

/** Starts a server with one room. */
function serveRoom(options: RoomOptions, serve: ServeOptions = {}): Server {
  const server = serveQuietly(serve);
  server.defineRoom("a", {
    authorize: () => true,
    publish: true,
    ...options,
  });
  return server;
}

/** Joins the room, and records the messages and the gaps. */
async function record(connection: Connection): Promise<unknown[]> {
  const seen: unknown[] = [];
  const room = connection.room("a");
  room.receive(({ data }) => void seen.push(data.n));
  await room.join({ onGap: ({ reason }) => seen.push(reason) });
  return seen;
}

/** Loses the connection, runs something while it is lost, and waits until it is back. */
async function cut(connection: Connection, run: () => unknown): Promise<void> {
  const states = new StateRecorder(connection);
  connection.reconnect();
  await run();
  await states.next("open");
  await connection.message("barrier");
}

Deno.test("messages wait for the next server, after a gap and in order", async () => {
  const port = freePort();
  const first = serveRoom({ history: HISTORY }, { port });
  await using ada = await connectReconnecting(first, { maxQueue: 10 });
  const seen = await record(ada);
  await first.room("a").broadcast("n", { n: 1 });
  const states = new StateRecorder(ada);
  await first.close();
  await states.next("waiting");
  const published = [2, 3].map((n) => ada.room("a").publish("n", { n }));
  await using _second = serveRoom({ history: HISTORY }, { port });
  await Promise.all(published);
  await ada.message("barrier");
  assert.deepEqual(seen, [1, "epoch", 2, 3]);
});

Deno.test("a message that the last server has got without an answer is unknown", async () => {
  const asked = Promise.withResolvers<void>();
  const never = new Promise<boolean>(() => {});
  const publish = () => {
    asked.resolve();
    return never;
  };
  const port = freePort();
  const first = serveRoom({ history: HISTORY, publish }, { port });
  await using ada = await connectReconnecting(first, { maxQueue: 10 });
  const seen = await record(ada);
  const failed = rejection(ada.room("a").publish("n", { n: 1 }));
  await asked.promise;
  await first.close({ timeout: 0 });
  await using _second = serveRoom({ history: HISTORY }, { port });
  const error = await failed;
  assert(error instanceof PublishError, String(error));
  assert.equal(error.outcome, "unknown");
  await ada.message("barrier");
  assert.deepEqual(seen, ["epoch"]);
});

Deno.test("a client without a right to the history gets a gap for what it missed, and only then", async () => {
  const authorize = () => ({ history: false }) as const;
  await using server = serveRoom({ history: HISTORY, authorize });
  await using ada = await connectReconnecting(server, { maxQueue: 10 });
  await server.room("a").broadcast("n", { n: 0 });
  const seen = await record(ada);
  await cut(ada, () => server.room("a").broadcast("n", { n: 1 }));
  await server.room("a").broadcast("n", { n: 2 });
  await ada.message("barrier");
  await cut(ada, () => {});
  await cut(ada, () => server.room("a").clear());
  await server.room("a").broadcast("n", { n: 3 });
  await ada.message("barrier");
  assert.deepEqual(seen, ["expired", 2, "epoch", 3]);
});

Deno.test("a room without history loses messages, and reports nothing", async () => {
  await using server = serveRoom({});
  await using ada = await connectReconnecting(server, { maxQueue: 10 });
  const seen = await record(ada);
  await cut(ada, () => server.room("a").broadcast("n", { n: 1 }));
  await server.room("a").broadcast("n", { n: 2 });
  await ada.message("barrier");
  assert.deepEqual(seen, [2]);
});

Deno.test("a client that the server puts into a room loses what was sent while it was away", async () => {
  const onConnect: ServeOptions["onConnect"] = (client) => client.join("a");
  await using server = serveRoom({ history: HISTORY }, { onConnect });
  await using ada = await connectReconnecting(server, { maxQueue: 10 });
  const seen: unknown[] = [];
  ada.receive(({ room, data }) => void seen.push([room, data.n]));
  await cut(ada, () => server.room("a").broadcast("n", { n: 1 }));
  await server.room("a").broadcast("n", { n: 2 });
  await ada.message("barrier");
  assert.deepEqual(seen, [["a", 2]]);
});

Deno.test("`except` holds for a client that returns, but not for its next connection", async () => {
  await using server = serveRoom({ history: HISTORY });
  await using ada = await connectReconnecting(server, { maxQueue: 10 });
  const seen = await record(ada);
  const [except] = server.clients;
  assert(except !== undefined);
  await cut(ada, () => server.room("a").broadcast("n", { n: 1 }, { except }));
  await server.room("a").broadcast("n", { n: 2 });
  await ada.message("barrier");
  assert.deepEqual(seen, [2]);

  await using other = await connectTo(server);
  const history: unknown[] = [];
  await using room = await other.join("a", { last: 10 });
  room.receive(({ data }) => void history.push(data.n));
  await other.message("barrier");
  assert.deepEqual(history, [1, 2]);
});
