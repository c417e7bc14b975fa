/** Tests the load of `bench`. */

import assert from "node:assert/strict";
import { Load, type LoadPlan } from "../../cli/bench_load.ts";
import { connect } from "../../client.ts";
import {
  ConnectError,
  LoginError,
  ResponseError,
} from "../../common/errors.ts";
import type { Server } from "../../server.ts";
import {
  errorFrame,
  fakeServer,
  successFrame,
} from "../support/fake_server.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

const PLAN: LoadPlan = {
  kind: "message",
  name: "bench",
  data: { text: "hello" },
  ...{ connections: 2, concurrency: 3 },
};

function connectLoad(
  { url }: Pick<Server, "url">,
  plan: Partial<LoadPlan> = {},
  token = "test",
): Promise<Load> {
  const target = { connect, url, token, timeout: 10_000 };
  const { signal } = new AbortController();
  return Load.connect(target, { ...PLAN, ...plan }, signal);
}

const NEVER = new AbortController().signal;

Deno.test("a load sends messages on all connections at the same time", async () => {
  await using server = serveQuietly();
  const clients = new Map<unknown, number>();
  let received = 0;
  let most = 0;
  server.receive("bench", async ({ client, data }) => {
    assert.deepEqual(data, PLAN.data);
    received++;
    const count = (clients.get(client) ?? 0) + 1;
    clients.set(client, count);
    most = Math.max(most, count);
    await new Promise((resolve) => setTimeout(resolve, 5));
    clients.set(client, clients.get(client)! - 1);
  });
  await using load = await connectLoad(server);
  const round = await load.run(100, NEVER);
  assert.equal(clients.size, 2);
  assert.equal(most, 3);
  assert.equal(round.latencies.count, received);
  assert(received >= 6);
  assert(round.duration >= 100);
});

Deno.test("a load calls an operation, and counts the errors of its handler", async () => {
  await using server = serveQuietly();
  let calls = 0;
  server.operation("work", () => {
    if (calls++ % 2 === 0) throw new Error("broken");
  });
  await using load = await connectLoad(server, {
    ...{ kind: "operation", name: "work" },
  });
  const { latencies, errors } = await load.run(50, NEVER);
  assert.equal(latencies.count, calls);
  assert.equal(errors.get("SERVER_ERROR"), Math.ceil(calls / 2));
});

Deno.test("a load counts only so many names of errors, which a server can invent", async () => {
  let sent = 0;
  await using server = fakeServer((socket, frame) => {
    const { id, end } = frame;
    if (end === true) return socket.close();
    if ("token" in frame) return socket.send(successFrame(0, null));
    const error = `${sent++}${"x".repeat(1_000)}`;
    socket.send(errorFrame(Number(id), 6).replace("SOME_ERROR", error));
  });
  await using load = await connectLoad(server, { kind: "operation" });
  const { errors, latencies } = await load.run(1_000, NEVER);
  assert(latencies.count > 17);
  assert.equal(errors.size, 17);
  assert(errors.has("other errors"));
  const counts = [...errors.values()].reduce((sum, count) => sum + count);
  assert.equal(counts, latencies.count);
  for (const name of errors.keys()) assert(name.length <= 101);
});

Deno.test("a load ends at an unknown operation", async () => {
  await using server = serveQuietly();
  await using load = await connectLoad(server, {
    ...{ kind: "operation", name: "nothing" },
  });
  await assert.rejects(load.run(60_000, NEVER), ResponseError);
});

Deno.test("a load ends when it exceeds a limit", async () => {
  await using server = serveQuietly({ limits: { maxRate: 5, maxBurst: 5 } });
  await using load = await connectLoad(server);
  await assert.rejects(load.run(60_000, NEVER), (error) => {
    assert(error instanceof ResponseError);
    assert.equal(error.code, 9);
    return true;
  });
});

Deno.test("a load ends when the server closes the connections", async () => {
  const server = serveQuietly();
  await using load = await connectLoad(server);
  const running = load.run(60_000, NEVER);
  const ended = assert.rejects(running, { name: "ConnectionClosedError" });
  await server.close();
  await ended;
});

Deno.test("a load with a rate sends no more requests than it is to", async () => {
  await using server = serveQuietly();
  await using load = await connectLoad(server, { rate: 100 });
  const { latencies } = await load.run(300, NEVER);
  // The first request is due at once, and the 31st after the end.
  assert(latencies.count <= 31, `${latencies.count}`);
  assert(latencies.count >= 1);
});

Deno.test("a latency begins when a request is due, not when it is sent", async () => {
  await using server = serveQuietly();
  let count = 0;
  server.receive("bench", async () => {
    if (count++ === 0) await pause(100);
  });
  await using load = await connectLoad(server, {
    ...{ connections: 1, concurrency: 1, rate: 100 },
  });
  const { latencies } = await load.run(200, NEVER);
  // The first request blocks the next ones, which then have waited, too: the second of them
  // was due after 10 ms.
  assert(latencies.max >= 95, `${latencies.max}`);
  assert(latencies.percentile(0.75) >= 10, `${latencies.percentile(0.75)}`);
});

Deno.test("a load ends when its signal aborts, also if a request never ends", async () => {
  await using server = serveQuietly({ closeTimeout: 0 });
  const stop = new AbortController();
  const reason = new Error("stopped");
  server.receive("bench", () => {
    stop.abort(reason);
    return new Promise(() => {});
  });
  await using load = await connectLoad(server);
  await assert.rejects(load.run(60_000, stop.signal), reason);
});

Deno.test("a load reports its progress", async () => {
  await using server = serveQuietly();
  await using load = await connectLoad(server);
  const counts: number[] = [];
  const { latencies } = await load.run(500, NEVER, (count) => {
    counts.push(count);
  });
  assert(counts.length >= 1);
  assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
  assert(latencies.count >= counts.at(-1)!);
});

Deno.test("a load that cannot connect closes its connections", async () => {
  await using server = serveQuietly({
    limits: { maxConnectionsPerAddress: 1 },
  });
  await assert.rejects(connectLoad(server), ConnectError);
  await assert.rejects(connectLoad(server, {}, "wrong"), LoginError);
  while (server.clients.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});
