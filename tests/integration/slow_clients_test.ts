/** Clients that stop reading: maxBuffered and onSlow. */

import assert from "node:assert/strict";
import type { ServeOptions, Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { Opcode } from "../support/websocket_frames.ts";

const MAX_BUFFERED = 65_536;
const TEXT = "x".repeat(8_000);

/** More messages than the system buffers for a client that does not read. */
const ENOUGH = 10_000;

function serveSlow(options: ServeOptions = {}): Server {
  const server = serveQuietly({
    limits: { maxBuffered: MAX_BUFFERED, maxRate: Infinity },
    ...options,
  });
  server.operation("big", ({ n }) => ({ n, text: TEXT }));
  return server;
}

/** Records the maximum of `bufferedAmount` of all WebSockets in this process. */
function watchBuffers(): Disposable & { readonly most: number } {
  const { send } = WebSocket.prototype;
  const watched = {
    most: 0,
    [Symbol.dispose]: () => void (WebSocket.prototype.send = send),
  };
  WebSocket.prototype.send = function (data) {
    send.call(this, data);
    watched.most = Math.max(watched.most, this.bufferedAmount);
  };
  return watched;
}

/** Reads the numbers of messages until the connection closes or `last` arrives. */
async function readNumbers(peer: TcpPeer, last?: number): Promise<{
  readonly numbers: number[];
  readonly close?: number;
}> {
  const numbers: number[] = [];
  for (;;) {
    const frame = await peer.frame();
    if (frame === null) return { numbers };
    if (frame.opcode === Opcode.CLOSE) {
      const [high = 0, low = 0] = frame.payload;
      return { numbers, close: high * 256 + low };
    }
    const parsed = JSON.parse(new TextDecoder().decode(frame.payload));
    for (const { data } of [parsed].flat()) {
      numbers.push((data.data ?? data.result).n);
    }
    if (last !== undefined && numbers.at(-1) === last) return { numbers };
  }
}

/** The result of a broadcast that nobody has received */
const NOBODY = {
  delivered: 0,
  skipped: 0,
  replaced: 0,
  failed: 0,
  position: null,
};

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, n) => n + 1);
}

for (const features of [undefined, ["batch"]]) {
  Deno.test(`a client that stops reading is closed and others receive everything, features ${features}`, async () => {
    const logger = new LogRecorder();
    await using server = serveSlow({ logger });
    using slow = await TcpPeer.logIn(server, { features });
    using reader = await TcpPeer.logIn(server, { features });
    using buffers = watchBuffers();
    let n = 0;
    for (let skipped = 0; skipped === 0;) {
      const result = await server.broadcast("news", { n: ++n, text: TEXT });
      skipped = result.skipped;
      assert.deepEqual(result, { ...NOBODY, delivered: 2 - skipped, skipped });
      assert.equal((await reader.next()).data.data.n, n);
      assert.equal(server.clients.size, 2 - skipped);
      assert(n < ENOUGH);
    }
    assert.deepEqual(await server.broadcast("news", { n: n + 1 }), {
      ...NOBODY,
      delivered: 1,
    });
    assert.equal((await reader.next()).data.data.n, n + 1);
    assert(buffers.most <= MAX_BUFFERED, `${buffers.most}`);
    assert(buffers.most > MAX_BUFFERED - 2 * TEXT.length, `${buffers.most}`);
    // The client gets all messages that were sent, and nothing else.
    assert.deepEqual(await readNumbers(slow), {
      numbers: upTo(n - 1),
      close: 1013,
    });
    const lines = logger.lines.filter((line) => /\bmaxBuffered\b/.test(line));
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^warn .*127\.0\.0\.1:\d+/);
  });

  for (const onSlow of ["disconnect", "skip"] as const) {
    Deno.test(`replies that exceed maxBuffered close with 1013, onSlow "${onSlow}", features ${features}`, async () => {
      const logger = new LogRecorder();
      await using server = serveSlow({ logger, onSlow });
      using slow = await TcpPeer.logIn(server, { features });
      using reader = await TcpPeer.logIn(server, { features });
      using buffers = watchBuffers();
      let calls = 0;
      server.operation("count", () => ({ n: ++calls, text: TEXT }));
      for (let n = 1; server.clients.size === 2; n++) {
        await slow.send(operation(n, "count"));
        await reader.send(operation(n, "big", { n }));
        assert.equal((await reader.next()).data.result.n, n);
        assert(n < ENOUGH);
      }
      assert(buffers.most <= MAX_BUFFERED, `${buffers.most}`);
      await logger.line(/^warn .*\bmaxBuffered\b/);
      // The client gets all results except the one that did not fit.
      assert.deepEqual(await readNumbers(slow), {
        numbers: upTo(calls - 1),
        close: 1013,
      });
    });
  }

  Deno.test(`onSlow "skip" keeps a slow client and skips broadcasts, features ${features}`, async () => {
    const logger = new LogRecorder();
    await using server = serveSlow({ logger, onSlow: "skip" });
    using slow = await TcpPeer.logIn(server, { features });
    using reader = await TcpPeer.logIn(server, { features });
    using buffers = watchBuffers();
    const expected: number[] = [];
    let n = 0;
    let missed = 0;
    const broadcast = async () => {
      const result = await server.broadcast("news", { n: ++n, text: TEXT });
      assert.deepEqual(result, {
        ...NOBODY,
        delivered: 2 - result.skipped,
        skipped: result.skipped,
      });
      if (result.skipped === 0) expected.push(n);
      else missed++;
      assert.equal((await reader.next()).data.data.n, n);
      assert(n < ENOUGH);
    };
    while (missed < 5) await broadcast();
    assert.equal(server.clients.size, 2);
    // After the client has read its buffer, it receives everything again.
    const before = await readNumbers(slow, expected.at(-1));
    while (expected.at(-1) !== n) await broadcast();
    const after = await readNumbers(slow, n);
    assert.deepEqual([...before.numbers, ...after.numbers], expected);
    assert(buffers.most <= MAX_BUFFERED, `${buffers.most}`);
    const lines = logger.lines.filter((line) => /\bmaxBuffered\b/.test(line));
    assert(lines.length >= 1 && lines.length < missed);
  });
}

Deno.test("replies to one batch stay within maxBuffered", async () => {
  await using server = serveSlow();
  let calls = 0;
  server.operation("count", () => ({ n: ++calls, text: TEXT }));
  using peer = await TcpPeer.logIn(server, { features: ["batch"] });
  await peer.send(Array.from({ length: 100 }, (_, n) => operation(n, "count")));
  assert.equal((await readNumbers(peer)).close, 1013);
  // One more maxBuffered can wait for the end of the tick. Then the server stops.
  const most = 2 * MAX_BUFFERED / TEXT.length + 1;
  assert(calls <= most, `${calls}`);
});

Deno.test('onSlow "skip" skips messages to one client', async () => {
  await using server = serveSlow({ onSlow: "skip" });
  using slow = await TcpPeer.logIn(server);
  using buffers = watchBuffers();
  const [client] = server.clients;
  for (let n = 1; n < 3_000; n++) client!.message("news", { n, text: TEXT });
  assert.equal(server.clients.size, 1);
  assert(buffers.most <= MAX_BUFFERED, `${buffers.most}`);
  // The first messages, as many as fit, because the client has not read.
  await slow.send(operation(0, "big", { n: 0 }));
  const got = (await readNumbers(slow, 0)).numbers.slice(0, -1);
  assert.deepEqual(got, upTo(got.length));
  assert(got.length > 0 && got.length < 3_000);
});

Deno.test("messages to one client that exceed maxBuffered close with 1013", async () => {
  await using server = serveSlow();
  using slow = await TcpPeer.logIn(server);
  using buffers = watchBuffers();
  const [client] = server.clients;
  let n = 0;
  while (server.clients.size === 1 && n < ENOUGH) {
    client!.message("news", { n: ++n, text: TEXT });
  }
  assert(buffers.most <= MAX_BUFFERED, `${buffers.most}`);
  assert.deepEqual(await readNumbers(slow), {
    numbers: upTo(n - 1),
    close: 1013,
  });
});

Deno.test("maxBuffered: Infinity removes the limit", async () => {
  await using server = serveSlow({ limits: { maxBuffered: Infinity } });
  using _slow = await TcpPeer.logIn(server);
  for (let n = 0; n < 1_500; n++) {
    const { delivered } = await server.broadcast("news", { n, text: TEXT });
    assert.equal(delivered, 1);
  }
});

/** Returns a string that makes the frame of `send` as long as maxBuffered plus `more` bytes. */
async function fill(
  peer: TcpPeer,
  send: () => Promise<unknown>,
  more: number,
): Promise<string> {
  await send();
  const { length } = (await peer.frame())!.payload;
  return "x".repeat(MAX_BUFFERED - length + more);
}

for (const onSlow of ["disconnect", "skip"] as const) {
  Deno.test(`a broadcast or message can be as large as maxBuffered, onSlow "${onSlow}"`, async () => {
    await using server = serveSlow({ onSlow });
    using peer = await TcpPeer.logIn(server);
    const [client] = server.clients;
    const send = {
      broadcast: (text: string) => server.broadcast("news", { text }),
      message: async (text: string) => await client!.message("news", { text }),
    };
    for (const name of ["broadcast", "message"] as const) {
      const text = await fill(peer, () => send[name](""), 0);
      await send[name](text);
      assert.equal((await peer.frame())?.payload.length, MAX_BUFFERED);
      await assert.rejects(send[name](`${text}x`), {
        name: "RangeError",
        message: new RegExp(
          `at most ${MAX_BUFFERED} bytes long\\. It has ${
            MAX_BUFFERED + 1
          } bytes\\.`,
        ),
      });
    }
    assert.equal(server.clients.size, 1);
  });
}

Deno.test("a reply larger than maxBuffered fails with code 6 and is logged", async () => {
  const logger = new LogRecorder();
  await using server = serveSlow({ logger });
  server.operation("fill", ({ size }) => "x".repeat(Number(size)));
  server.receive("fill", (message) => {
    message.reply("filled", { text: "x".repeat(Number(message.data.size)) });
  });
  using peer = await TcpPeer.logIn(server, { features: ["done-id"] });
  const size =
    (await fill(peer, () => peer.send(operation(1, "fill", { size: 0 })), 0))
      .length;
  await peer.send(operation(2, "fill", { size }));
  assert.equal((await peer.frame())?.payload.length, MAX_BUFFERED);
  await peer.send(operation(3, "fill", { size: size + 1 }));
  await peer.send(message(4, "fill", { size: MAX_BUFFERED }));
  for (const id of [3, 4]) {
    const answer = await peer.next();
    assert.deepEqual([answer.id, answer.code], [id, 6]);
  }
  await logger.line(/^error .*operation "fill"[^]*\bmaxBuffered\b/);
  await logger.line(/^error .*message "fill"[^]*\bmaxBuffered\b/);
  assert.equal(server.clients.size, 1);
});
