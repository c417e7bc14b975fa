/** Tests the pings of `ping`. */

import assert from "node:assert/strict";
import { ping, type PingEvent, statisticsOf } from "../../cli/ping_loop.ts";
import { resolveConnectOptions } from "../../client/options.ts";
import { LoginError } from "../../common/errors.ts";
import { fakeServer } from "../support/fake_server.ts";
import { serveQuietly } from "../support/server.ts";

const PLAN = { count: 3, interval: 10, timeout: 10_000 };

const NEVER = new AbortController().signal;

/** Pings a server; returns the events and the summary. */
async function pingAll(
  url: string,
  plan: Partial<typeof PLAN> = {},
  signal: AbortSignal = NEVER,
  onEvent: (event: PingEvent) => void = () => {},
) {
  const defaults = { reconnect: false, maxQueue: 0 };
  const { target } = resolveConnectOptions("test", { url }, defaults);
  const events: PingEvent[] = [];
  const summary = await ping(target, "test", { ...PLAN, ...plan }, (event) => {
    events.push(event);
    onEvent(event);
  }, signal);
  return { events, summary };
}

Deno.test("each ping gets a pong", async () => {
  await using server = serveQuietly();
  const { events, summary } = await pingAll(server.url);
  assert.deepEqual(
    events.map(({ kind, number }) => [kind, number]),
    [["pong", 1], ["pong", 2], ["pong", 3]],
  );
  assert.equal(summary.sent, 3);
  assert.equal(summary.times.length, 3);
  assert(summary.times.every((time) => time > 0));
  assert(summary.duration >= 20);
  assert.equal(summary.ended, undefined);
});

Deno.test("the signal ends pings without an end", async () => {
  await using server = serveQuietly();
  const stop = new AbortController();
  const { summary } = await pingAll(
    server.url,
    { count: Infinity, interval: 1 },
    stop.signal,
    ({ number }) => number === 5 && stop.abort(),
  );
  assert.equal(summary.times.length, 5);
  assert.equal(summary.ended, undefined);
});

Deno.test("the signal ends a pause between two pings", async () => {
  await using server = serveQuietly();
  const stop = new AbortController();
  const { summary } = await pingAll(
    server.url,
    { interval: 600_000 },
    stop.signal,
    () => stop.abort(),
  );
  assert.equal(summary.sent, 1);
});

const LOGIN = {
  ...{ success: true, error: null, code: 0, message: null, desc: null, id: 0 },
  data: { features: ["heartbeat"] },
};

const PONG = { ...LOGIN, data: null, id: null, message: "pong" };

Deno.test("a late pong is reported as late, and still counts", async () => {
  let isSilent = true;
  await using server = fakeServer((socket, frame) => {
    if ("token" in frame) return socket.send(JSON.stringify(LOGIN));
    if (frame.action !== "ping" || isSilent) return;
    setTimeout(() => socket.send(JSON.stringify(PONG)), 100);
  });
  const plan = { count: 1, timeout: 20 };
  const { events, summary } = await pingAll(server.url, plan);
  assert.deepEqual(events, [{ kind: "late", number: 1 }]);
  assert.deepEqual([summary.sent, summary.times.length], [1, 0]);
  isSilent = false;
  const patient = await pingAll(server.url, { count: 1, timeout: 60_000 });
  assert.equal(patient.events[0]?.kind, "pong");
  assert(patient.summary.times[0]! >= 95);
});

Deno.test("a late pong is reported as late, also while the program is stopped", async () => {
  await using server = fakeServer((socket, frame) => {
    if ("token" in frame) return socket.send(JSON.stringify(LOGIN));
    const end = performance.now() + 300;
    while (performance.now() < end);
  });
  const { events } = await pingAll(server.url, { count: 1, timeout: 20 });
  assert.deepEqual(events, [{ kind: "late", number: 1 }]);
});

Deno.test("a program that was stopped does not send the pings at once that it has missed", async () => {
  const times: number[] = [];
  await using server = fakeServer((socket, frame) => {
    if ("token" in frame) return socket.send(JSON.stringify(LOGIN));
    if (frame.action !== "ping") return;
    const now = performance.now();
    // The first ping stops everything for a while.
    while (times.length === 0 && performance.now() < now + 2_000);
    times.push(performance.now());
    socket.send(JSON.stringify(PONG));
  });
  await pingAll(server.url, { count: 21, interval: 50 });
  // 19 intervals. A machine that stops makes a few of them shorter.
  const time = times[20]! - times[1]!;
  assert(time >= 500, `${time} ms`);
});

Deno.test("the end of the connection ends the pings", async () => {
  let pings = 0;
  await using server = fakeServer((socket, frame) => {
    if ("token" in frame) return socket.send(JSON.stringify(LOGIN));
    if (++pings < 2) return socket.send(JSON.stringify(PONG));
    socket.close(1012, "restart");
  });
  const { summary } = await pingAll(server.url, { count: Infinity });
  assert.equal(summary.times.length, 1);
  assert.equal(summary.ended?.code, 1012);
  assert.equal(summary.ended?.reason, "restart");
});

Deno.test("a server without heartbeats cannot be pinged", async () => {
  await using server = fakeServer((socket) => {
    socket.send(JSON.stringify({ ...LOGIN, data: null }));
  });
  await assert.rejects(
    pingAll(server.url),
    /Cannot ping http:.*the server does not support heartbeats.*Use 'hoist doc/,
  );
});

Deno.test("a wrong token is an error", async () => {
  await using server = serveQuietly();
  const { target } = resolveConnectOptions("test", { url: server.url }, {
    ...{ reconnect: false, maxQueue: 0 },
  });
  await assert.rejects(
    ping(target, "wrong", PLAN, () => {}, NEVER),
    LoginError,
  );
});

Deno.test("one ping per second does not count as a request", async () => {
  await using server = serveQuietly({
    limits: { maxRate: 0.001, maxBurst: 1 },
  });
  const plan = { count: 3, interval: 1_000 };
  const { summary } = await pingAll(server.url, plan);
  assert.equal(summary.times.length, 3);
  assert.equal(summary.ended, undefined);
});

Deno.test("statisticsOf() calculates as the ping of the system", () => {
  assert.deepEqual(statisticsOf([1, 2, 3, 6]), {
    ...{ min: 1, average: 3, max: 6, deviation: Math.sqrt(3.5) },
  });
});

Deno.test("statisticsOf() accepts more times than a call can have arguments", () => {
  const times = Array.from({ length: 1_000_000 }, (_, index) => index % 5);
  const { min, average, max } = statisticsOf(times);
  assert.deepEqual([min, average, max], [0, 2, 4]);
});
