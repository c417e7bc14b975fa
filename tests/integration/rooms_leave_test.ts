/** Leaves that the server refuses, with the client and the server of this package. */

import assert from "node:assert/strict";
import { connectTo, serveQuietly } from "../support/server.ts";

Deno.test("a client that has sent too many requests leaves a room as soon as it can", async () => {
  const limits = { maxRate: 1, maxBurst: 2 };
  await using server = serveQuietly({ limits });
  server.operation("add", () => 1);
  server.defineRoom("a", { authorize: () => true });
  await using connection = await connectTo(server);
  const room = connection.room("a");
  await room.join();
  await connection.operation("add");
  await room.leave();
  assert.equal(server.room("a").members().length, 0);
  assert.deepEqual([...server.clients][0]?.rooms, []);
});

Deno.test("a client receives the messages of a room that it has joined before the server put it there", async () => {
  await using server = serveQuietly();
  server.defineRoom("a", { authorize: () => true });
  await using connection = await connectTo(server);
  const room = connection.room("a");
  await room.join();
  const [client] = server.clients;
  await client!.join("a");
  await room.leave();
  const received = new Promise<unknown>((resolve) => {
    connection.receive("say", ({ room }) => resolve(room));
  });
  await server.room("a").broadcast("say");
  assert.equal(await received, "a");
});
