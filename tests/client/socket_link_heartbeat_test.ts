/** What a link reports to its heartbeat. */

import assert from "node:assert/strict";
import { PING } from "../../protocol/encode.ts";
import { Clock } from "../support/clock.ts";
import { rejection } from "../support/errors.ts";
import { broadcastFrame, successFrame } from "../support/fake_server.ts";
import { requestOf, startLogin } from "../support/socket_link.ts";

const HEARTBEAT = { interval: 25_000, timeout: 10_000 };

for (
  const [when, sends, receives, pings] of [
    ["both sides send", true, true, false],
    ["no side sends", false, false, true],
    ["only the client sends", true, false, true],
    ["only the server sends", false, true, true],
  ] as const
) {
  Deno.test(`a link ${pings ? "sends a ping" : "sends no ping"} if ${when}`, async () => {
    const { server, link, socket } = await startLogin({ heartbeat: HEARTBEAT });
    await using _server = server;
    using clock = new Clock();
    socket.receive(successFrame(0, null, { features: ["heartbeat"] }));
    const requests: Promise<unknown>[] = [];
    for (let n = 0; n < 2; n++) {
      clock.pass(15_000);
      if (sends) requests.push(rejection(link.request(requestOf())));
      if (receives) socket.receive(broadcastFrame("news"));
    }
    assert.equal(socket.sent.includes(PING), pings);
    link.abort();
    assert.equal(clock.timers, 0);
    await Promise.all(requests);
  });
}

Deno.test("a link sends a ping at each interval, and ends if there is no answer", async () => {
  const { server, events, socket } = await startLogin({ heartbeat: HEARTBEAT });
  await using _server = server;
  using clock = new Clock();
  socket.receive(successFrame(0, null, { features: ["heartbeat"] }));
  const pings = () => socket.sent.filter((frame) => frame === PING).length;
  for (let n = 1; n <= 3; n++) {
    clock.pass(24_999);
    assert.equal(pings(), n - 1);
    clock.pass(1);
    assert.equal(pings(), n);
    socket.receive(successFrame(null, "pong"));
  }
  clock.pass(35_000);
  assert.deepEqual(events, []);
  // Runtimes call timers before they read what has arrived.
  clock.pass(100);
  const reason = "the server did not answer a ping within 10000 ms";
  assert.deepEqual(events, [["closed", 1006, reason]]);
  assert.equal(clock.timers, 0);
});
