/** Messages that arrive together with the login reply. */

import assert from "node:assert/strict";
import { connect, createConnection } from "../../client.ts";
import {
  broadcastFrame,
  fakeServer,
  successFrame,
} from "../support/fake_server.ts";
import { FAST_RECONNECT, scriptedServer } from "../support/reconnecting.ts";
import { pause } from "../support/timing.ts";

Deno.test("a listener receives messages that arrive with the login reply", async () => {
  await using server = fakeServer((socket, { id }) => {
    if (id !== 0) return;
    socket.send(successFrame(0, null));
    for (const name of ["one", "two"]) {
      const message = { message: name, data: {}, id: 1, replying: null };
      socket.send(successFrame(null, "s_newmsg", message));
    }
  });
  await using connection = await connect("test", { url: server.url });
  const seen: string[] = [];
  const both = Promise.withResolvers<void>();
  connection.receive("two", () => both.resolve());
  connection.receive(({ name }) => void seen.push(name));
  await both.promise;
  await pause(1);
  assert.deepEqual(seen, ["one", "two"]);
});

/** A server that sends two broadcasts right after its login reply. */
function serveEarlyMessages() {
  return fakeServer((socket, { id, end }) => {
    if (end === true) return socket.close(1000);
    socket.send(successFrame(id as number, null, { result: "fine" }));
    if (id === 0) {
      for (const name of ["one", "two"]) socket.send(broadcastFrame(name));
    }
  });
}

Deno.test("messages that arrive with the login reply are dropped after a while", async () => {
  await using server = serveEarlyMessages();
  await using connection = await connect("test", { url: server.url });
  await pause(10);
  const seen: string[] = [];
  connection.receive(({ name }) => void seen.push(name));
  assert.equal(await connection.operation("any"), "fine");
  assert.deepEqual(seen, []);
});

Deno.test("a listener that closes the connection receives no more early messages", async () => {
  await using server = serveEarlyMessages();
  const connection = await connect("test", { url: server.url });
  const seen: string[] = [];
  connection.receive(({ name }) => {
    seen.push(name);
    void connection.close();
  });
  await connection.closed;
  assert.deepEqual(seen, ["one"]);
});

Deno.test("messages wait until the login is answered, and are dropped if it never is", async () => {
  await using server = scriptedServer([
    (socket) => {
      socket.send(broadcastFrame("of the first attempt"));
      socket.close(1011);
    },
    (socket, { id, end }) => {
      if (end === true) return socket.close(1000);
      socket.send(broadcastFrame("before"));
      socket.send(successFrame(id as number, null));
      socket.send(broadcastFrame("after"));
    },
  ]);
  await using connection = createConnection("test", {
    url: server.url,
    reconnect: FAST_RECONNECT,
  });
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  connection.receive(({ name }) => {
    seen.push(`${name}, ${connection.state}`);
    if (name === "after") resolve();
  });
  await promise;
  assert.deepEqual(seen, ["before, open", "after, open"]);
});
