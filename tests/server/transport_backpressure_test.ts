/** Streams leave half of the send buffer free for frames that cannot wait. */

import assert from "node:assert/strict";
import { ConnectionLog } from "../../server/connection_log.ts";
import { Transport } from "../../server/transport.ts";
import {
  ADDRESS,
  FakeSocket,
  peerAt,
  serverContext,
} from "../support/server_context.ts";
import { endOfTick } from "../support/timing.ts";

const MAX_BUFFERED = 6_000;

/** Creates a transport with a limit, and records the calls of its owner. */
function open(maxBuffered = MAX_BUFFERED) {
  const socket = new FakeSocket();
  socket.buffers = true;
  const events: string[] = [];
  const base = serverContext();
  const limits = { ...base.limits, maxBuffered };
  const context = { ...base, limits };
  const log = new ConnectionLog(
    context.log,
    peerAt(ADDRESS),
    context.connectionLines,
  );
  const transport = new Transport(socket, context, log, {
    onFrame: () => events.push("frame"),
    onClosed: ({ code }) => events.push(`closed ${code}`),
    onGone: () => events.push("gone"),
    onOpenedLate: () => events.push("opened late"),
    finishFrames: () => false,
  });
  return { socket, transport, events };
}

function frameOf(bytes: number): string {
  return "x".repeat(bytes);
}

for (
  const [waiting, length, expected] of [
    [0, 1, true],
    [0, 1_000, true],
    // Larger than half of the buffer with three bytes per unit, but nothing waits.
    [0, 1_001, true],
    [0, 5_999, true],
    [1, 5_999, false],
    [1, 1_000, false],
    [1, 999, true],
    [2_997, 1, true],
    [2_998, 1, false],
    [3_000, 1, false],
    [3_000, 0, true],
    [3_001, 0, false],
    [100_000, 1, false],
  ] as const
) {
  Deno.test(`hasCapacity(${length}) is ${expected} while ${waiting} bytes wait`, () => {
    const { socket, transport } = open();
    socket.bufferedAmount = waiting;
    assert.equal(transport.hasCapacity(length), expected);
    assert.deepEqual(socket.sent, []);
  });
}

Deno.test("hasCapacity() counts the frames of the same tick", async () => {
  const { socket, transport } = open();
  transport.enable(new Set(["batch"]));
  transport.send(frameOf(900));
  assert.equal(socket.bufferedAmount, 0);
  assert(transport.hasCapacity(99));
  assert(!transport.hasCapacity(101));
  // The question sends nothing.
  assert.deepEqual(socket.sent, []);
  await endOfTick();
  assert.deepEqual(socket.sent, [frameOf(900)]);
});

Deno.test("hasCapacity() is always true without a limit", () => {
  const { socket, transport } = open(Infinity);
  socket.bufferedAmount = 1e9;
  assert(transport.hasCapacity(1e6));
});

Deno.test("frames that have capacity never close the connection", () => {
  const { socket, transport, events } = open();
  for (let n = 0; n < 100; n++) {
    // Three bytes per unit is the maximum.
    const frame = "€".repeat(100);
    if (!transport.hasCapacity(frame.length)) break;
    transport.send(frame);
    socket.bufferedAmount += 2 * frame.length;
  }
  assert(socket.sent.length > 1 && socket.bufferedAmount <= MAX_BUFFERED / 2);
  // Frames that cannot wait have the other half.
  transport.send(frameOf(MAX_BUFFERED / 2));
  assert.deepEqual(events, []);
  transport.send(frameOf(1));
  assert.deepEqual(events, ["closed 1013"]);
});

Deno.test("drained() returns the same promise until it resolves", async () => {
  const { transport } = open();
  const first = transport.drained();
  assert.equal(transport.drained(), first);
  await first;
  const second = transport.drained();
  assert.notEqual(second, first);
  await second;
});

/** Calls `drained()`, and reports whether it has resolved. */
function watch(transport: Transport) {
  const state = { isDrained: false, drained: transport.drained() };
  void state.drained.then(() => state.isDrained = true);
  return state;
}

/** Runs microtasks, but no timers. */
async function runMicrotasks(): Promise<void> {
  for (let n = 0; n < 100; n++) await null;
}

Deno.test("drained() lets the event loop turn, so that the client can read", async () => {
  const state = watch(open().transport);
  await runMicrotasks();
  assert(!state.isDrained);
  await state.drained;
});

Deno.test("drained() resolves when the socket is gone, and leaves no timer", async () => {
  const { socket, transport, events } = open();
  const state = watch(transport);
  socket.end();
  assert.deepEqual(events, ["closed 1000", "gone"]);
  await runMicrotasks();
  assert(state.isDrained);
});

Deno.test("a socket that Deno closes twice ends the connection once", async () => {
  const { socket, transport, events } = open();
  const { onclose } = socket;
  socket.end();
  const late = transport.drained();
  socket.onclose = onclose;
  socket.end(1005);
  await late;
  assert.deepEqual(events, ["closed 1000", "gone", "gone"]);
});
