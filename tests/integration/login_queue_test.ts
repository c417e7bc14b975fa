/** Many logins of one address at the same time, with a slow login function. */

import assert from "node:assert/strict";
import { requestContract, serveContract } from "../support/contract.ts";
import { RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { gate } from "../support/timing.ts";
import { encodeFrame } from "../support/websocket_frames.ts";

for (const position of [0, 9, 10, 99]) {
  const isIn = position < 10;
  Deno.test(`maxLoginFailures: the right token as guess ${position} of 100 at once is ${isIn ? "accepted" : "rejected"}`, async () => {
    const { opened, open } = gate();
    const checked: string[] = [];
    await using server = serveQuietly({
      login: async (_server, token) => {
        checked.push(token);
        await opened;
        return token === "test";
      },
    });
    const peers: TcpPeer[] = [];
    for (let n = 0; n < 100; n++) {
      const peer = await TcpPeer.open(server);
      const token = n === position ? "test" : "wrong";
      await peer.send({ id: 0, token, version: "1.0.0" });
      peers.push(peer);
    }
    while (checked.length < 10) await new Promise((end) => setImmediate(end));
    open();
    const answers = await Promise.all(peers.map((peer) => peer.next()));
    const accepted = answers.findIndex(({ code }) => code === 0);
    assert.equal(accepted, isIn ? position : -1);
    // A right token is no failure, so another guess takes its place.
    assert.equal(checked.length, isIn ? 11 : 10);
    for (const peer of peers) peer[Symbol.dispose]();
  });
}

Deno.test("many clients of one address log in with a slow login function, a few at a time", async () => {
  let running = 0;
  let most = 0;
  await using server = serveQuietly({
    login: async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return true;
    },
  });
  const count = 200;
  const clients = await Promise.all(
    Array.from({ length: count }, () => RawClient.logIn(server)),
  );
  assert.equal(server.clients.size, count);
  assert.equal(most, 10);
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
});

Deno.test("a login that waits for its turn is dropped when its client leaves", async () => {
  const { opened, open } = gate();
  const checked: string[] = [];
  await using server = serveQuietly({
    limits: { maxLoginFailures: 1 },
    login: async (_server, token) => {
      checked.push(token);
      await opened;
      return true;
    },
  });
  const logIn = async (token: string) => {
    const client = await RawClient.open(server);
    client.send({ id: 0, token, version: "1.0.0" });
    return client;
  };
  await using first = await logIn("first");
  const leaving = await logIn("leaving");
  await using last = await logIn("last");
  await leaving[Symbol.asyncDispose]();
  assert.deepEqual(checked, ["first"]);
  open();
  for (const client of [first, last]) {
    assert.equal((await client.next()).code, 0);
  }
  assert.deepEqual(checked, ["first", "last"]);
});

Deno.test("malformed logins reduce the number of decisions in progress", async () => {
  const { opened, open } = gate();
  const checked: string[] = [];
  await using server = serveQuietly({
    limits: { maxLoginFailures: 3 },
    login: async (_server, token) => {
      checked.push(token);
      await opened;
      return true;
    },
  });
  for (let time = 0; time < 2; time++) {
    using peer = await TcpPeer.open(server);
    await peer.write(encodeFrame("hello?"));
    await peer.closed();
  }
  const clients: RawClient[] = [];
  for (const token of ["1", "2", "3"]) {
    const client = await RawClient.open(server);
    client.send({ id: 0, token, version: "1.0.0" });
    clients.push(client);
  }
  while (checked.length === 0) await new Promise((end) => setImmediate(end));
  open();
  assert.deepEqual(checked, ["1"]);
  for (const client of clients) {
    assert.equal((await client.next()).code, 0);
    await client[Symbol.asyncDispose]();
  }
});

Deno.test("a request for the contract waits for its turn, too", async () => {
  const { opened, open } = gate();
  const checked: string[] = [];
  await using server = serveContract({
    exposeContract: true,
    limits: { maxLoginFailures: 1 },
    login: async (_server, token) => {
      checked.push(token);
      await opened;
      return true;
    },
  });
  const requests = ["a", "b"].map((token) =>
    requestContract(server, `Bearer ${token}`)
  );
  // The server answers a third request after it has read the first ones.
  await requestContract(server, "");
  assert.deepEqual(checked, ["a"]);
  open();
  for (const request of requests) {
    assert.equal((await request).response.status, 200);
  }
  assert.deepEqual(checked, ["a", "b"]);
});
