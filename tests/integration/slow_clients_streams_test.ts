/** Streams to clients that stop reading: the producer pauses and the client stays connected. */

import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

const MAX_BUFFERED = 65_536;

const SMALL = "x".repeat(300);

/** Nearly half of maxBuffered, the maximum size of an item. */
const LARGE = "x".repeat(30_000);

/** After this time without a new item, the producer counts as paused, in milliseconds. */
const PAUSE_TIME = 100;

/** Starts a server with an endless stream and counts its items. */
function serveRows(text: string) {
  const logger = new LogRecorder();
  const limits = { maxBuffered: MAX_BUFFERED };
  const server = serveQuietly({ logger, limits, closeTimeout: 1 });
  const progress = { count: 0 };
  server.operation("rows", async function* () {
    for (;;) yield { n: ++progress.count, text };
  });
  server.operation("one", () => 1);
  return {
    server,
    logger,
    progress,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Waits until the producer pauses and returns the number of its items. */
async function untilPaused(made: { readonly count: number }): Promise<number> {
  for (;;) {
    const { count } = made;
    await pause(PAUSE_TIME);
    if (count === made.count) return count;
  }
}

function stream(id: number) {
  const data = { operation: "rows", data: {}, credit: 2 ** 40 };
  return { id, action: "stream", data };
}

/** Reads rows up to a number and returns them for each stream. */
async function readRows(
  peer: TcpPeer,
  last: number,
): Promise<Map<number, number[]>> {
  const rows = new Map<number, number[]>();
  for (let most = 0; most < last;) {
    for (const { id, data } of [await peer.next()].flat()) {
      const numbers = data.items.map(({ n }: { n: number }) => n);
      rows.set(id, [...rows.get(id) ?? [], ...numbers]);
      most = Math.max(most, ...numbers);
    }
  }
  return rows;
}

for (const [what, text] of [["small", SMALL], ["large", LARGE]] as const) {
  for (const streams of [1, 50]) {
    Deno.test(`${streams} streams of ${what} items pause while the client does not read`, async () => {
      await using started = serveRows(text);
      const { server, logger, progress } = started;
      using peer = await TcpPeer.logIn(server, {
        features: ["stream", "batch"],
      });
      for (let id = 1; id <= streams; id++) await peer.send(stream(id));
      const before = await untilPaused(progress);
      assert.equal(server.clients.size, 1);
      const rows = await readRows(peer, before + 1);
      assert(progress.count > before);
      const all = [...rows.values()].flat().toSorted((a, b) => a - b);
      const missing = all.filter((n, index) => n !== index + 1);
      // The order between streams is undefined. Within each stream it is fixed.
      for (const numbers of rows.values()) {
        assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
      }
      if (streams === 1) assert.deepEqual(missing, []);
      assert(!logger.lines.some((line) => /slow|failed/.test(line)));
    });
  }
}

Deno.test("results are sent while a stream waits for its client to read", async () => {
  await using started = serveRows("x");
  const { server, progress } = started;
  using peer = await TcpPeer.logIn(server, { features: ["stream"] });
  await peer.send(stream(1));
  await untilPaused(progress);
  await peer.send({
    id: 2,
    action: "operation",
    data: { operation: "one", data: {} },
  });
  for (;;) {
    const { id, data } = await peer.next();
    if (id === 1) continue;
    assert.deepEqual(data, { result: 1 });
    break;
  }
  assert.equal(server.clients.size, 1);
});

Deno.test("a client that disconnects with unread items ends its streams", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    limits: { maxBuffered: MAX_BUFFERED },
  });
  const ended = Promise.withResolvers<void>();
  server.operation("rows", async function* () {
    try {
      for (;;) yield LARGE;
    } finally {
      ended.resolve();
    }
  });
  const peer = await TcpPeer.logIn(server, { features: ["stream"] });
  await peer.send(stream(1));
  await peer.next();
  peer[Symbol.dispose]();
  await ended.promise;
});
