/** What can wait is sent only as long as half of the room is left for what cannot. */

import assert from "node:assert/strict";
import { type Socket, Transport } from "../../server/transport.ts";
import { endOfTick } from "../support/timing.ts";

const ROOM = 6_000;

/** A WebSocket that keeps what it is sent, as one does whose peer does not read. */
class FakeSocket implements Socket {
  readyState = WebSocket.OPEN;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;

  send(frame: unknown): void {
    this.sent.push(String(frame));
    this.bufferedAmount += String(frame).length;
  }

  close(): void {}

  /** The connection has ended. */
  leave(): void {
    const onclose = this.onclose as ((event: CloseEvent) => void) | null;
    onclose?.(new CloseEvent("close", { code: 1000 }));
  }
}

/** A transport with room for so many bytes, and what its owner is told. */
function open(maxBuffered = ROOM) {
  const socket = new FakeSocket();
  const events: string[] = [];
  const transport = new Transport(socket, {
    receive: () => events.push("receive"),
    overflow: () => events.push("overflow"),
    gone: () => events.push("gone"),
  }, maxBuffered);
  return { socket, transport, events };
}

/** A frame of so many bytes. */
function frameOf(length: number): string {
  return "x".repeat(length);
}

for (
  const [waiting, length, hasRoom] of [
    [0, 1, true],
    [0, 1_000, true],
    // Larger than half if each unit had three bytes: alone, and not behind anything.
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
  Deno.test(`there is ${hasRoom ? "" : "no "}spare room for ${length} units behind ${waiting} bytes`, () => {
    const { socket, transport } = open();
    socket.bufferedAmount = waiting;
    assert.equal(transport.hasCapacity(length), hasRoom);
    assert.deepEqual(socket.sent, []);
  });
}

Deno.test("there is no spare room behind what is said in the same tick", async () => {
  const { socket, transport } = open();
  transport.join();
  transport.push(frameOf(900));
  assert.equal(socket.bufferedAmount, 0);
  assert(transport.hasCapacity(99));
  assert(!transport.hasCapacity(101));
  // It is only asked about.
  assert.deepEqual(socket.sent, []);
  await endOfTick();
  assert.deepEqual(socket.sent, [frameOf(900)]);
});

Deno.test("there is always spare room without a limit", () => {
  const { socket, transport } = open(Infinity);
  socket.bufferedAmount = 1e9;
  assert(transport.hasCapacity(1e6));
});

Deno.test("what finds spare room never makes a client too slow", () => {
  const { socket, transport, events } = open();
  for (let n = 0; n < 100; n++) {
    // Three bytes each, which nobody could have more of.
    const frame = "€".repeat(100);
    if (!transport.hasCapacity(frame.length)) break;
    transport.push(frame);
    socket.bufferedAmount += 2 * frame.length;
  }
  assert(socket.sent.length > 1 && socket.bufferedAmount <= ROOM / 2);
  // What cannot wait has the other half.
  transport.push(frameOf(ROOM / 2));
  assert.deepEqual(events, []);
});

Deno.test("all who wait for room look again at the same moment, and later at another", async () => {
  const { transport } = open();
  const first = transport.moment();
  assert.equal(transport.moment(), first);
  await first;
  const second = transport.moment();
  assert.notEqual(second, first);
  await second;
});

Deno.test("a moment lets the event loop turn, in which a client can read", async () => {
  const { transport } = open();
  let isOver = false;
  const over = transport.moment().then(() => isOver = true);
  for (let n = 0; n < 100; n++) await null;
  assert(!isOver);
  await over;
});

Deno.test("a moment ends with its client, and leaves no timer behind", async () => {
  const { socket, transport, events } = open();
  let isOver = false;
  void transport.moment().then(() => isOver = true);
  socket.leave();
  assert.deepEqual(events, ["gone"]);
  // Before the event loop turns, and so before any timer.
  for (let n = 0; n < 100; n++) await null;
  assert(isOver);
});

Deno.test("a client that leaves twice, or without a moment, ends nothing", async () => {
  const { socket, transport, events } = open();
  const { onclose } = socket;
  socket.leave();
  const late = transport.moment();
  (onclose as (event: CloseEvent) => void)(
    new CloseEvent("close", { code: 1005 }),
  );
  await late;
  assert.deepEqual(events, ["gone", "gone"]);
});
