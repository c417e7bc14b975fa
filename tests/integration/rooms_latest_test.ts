/** Events with a latest key, and clients that read slowly. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import { defineContract } from "../../contract/define.ts";
import {
  type BroadcastResult,
  serve,
  type ServeOptions,
} from "../../server.ts";
import { REVOKED } from "../support/attacks.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { ACCEPT_ALL } from "../support/schemas.ts";
import { endOfTick, pause } from "../support/timing.ts";

const MAX_BUFFERED = 65_536;

const TEXT = "x".repeat(4_000);

/** More messages than the system buffers for a client that does not read. */
const ENOUGH = 20_000;

const contract = defineContract({
  rooms: {
    "{name}": {
      events: {
        fill: ACCEPT_ALL,
        say: ACCEPT_ALL,
        cursor: {
          data: ACCEPT_ALL,
          latest: (data) => (data as { readonly user: string }).user,
        },
      },
    },
  },
});

function serveSlow(options: ServeOptions<true, typeof contract> = {}) {
  const server = serve("test", {
    ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder(), contract },
    limits: { maxBuffered: MAX_BUFFERED, maxRate: Infinity },
    ...options,
  });
  server.defineRoom("{name}", {
    authorize: () => true,
    publish: true,
    history: { size: 100_000, maxBytes: Infinity },
  });
  return server;
}

type SlowServer = ReturnType<typeof serveSlow>;

/** A client that does not read, and whose buffer is half full. */
async function openSlow(server: SlowServer) {
  const peer = await RoomPeer.open(server);
  await peer.join("a");
  const room = server.room("a");
  for (let n = 0; n < ENOUGH; n++) {
    const probe = room.broadcast("cursor", { user: "probe", n });
    // What the system still accepts does not wait for long.
    if (await isPending(probe) && await isPendingLater(probe)) {
      return { peer, room, probe, n };
    }
    await room.broadcast("fill", { text: TEXT });
  }
  assert.fail("the buffer is never full");
}

async function isPendingLater(result: Promise<unknown>): Promise<boolean> {
  await pause(100);
  return await isPending(result);
}

async function isPending(result: Promise<unknown>): Promise<boolean> {
  let isPending = true;
  void result.then(() => isPending = false);
  for (let turn = 0; turn < 5; turn++) await endOfTick();
  return isPending;
}

/** Reads all events, except those that fill the buffer, up to the last one. */
async function readTo(peer: RoomPeer, last: string): Promise<string[]> {
  const seen: string[] = [];
  while (seen.at(-1) !== last) {
    const [{ message, data }] = await peer.take(1);
    const isOther = message !== "fill" && data.user !== "probe";
    if (isOther) seen.push(`${message} ${data.user ?? ""}${data.n}`);
  }
  return seen;
}

const NONE = { delivered: 0, skipped: 0, replaced: 0, failed: 0 };

function countsOf({ position: _, ...counts }: BroadcastResult) {
  return counts;
}

Deno.test("a slow client gets the newest event of each key, in order", async () => {
  await using server = serveSlow();
  const { peer, room, probe, n } = await openSlow(server);
  using _ = peer;
  const send = (user: string, n: number) =>
    room.broadcast("cursor", { user, n });
  const ada = [send("ada", 1)];
  const bob = send("bob", 1);
  const say = room.broadcast("say", { n: 1 });
  ada.push(send("ada", 2), send("ada", 3));
  const newest = send("probe", n + 1);
  const end = room.broadcast("say", { n: 2 });
  assert.deepEqual(countsOf(await probe), { ...NONE, replaced: 1 });
  assert.equal((await ada[0]!).replaced, 1);
  assert.equal((await ada[1]!).replaced, 1);
  for (const each of [bob, say, ada[2]!, newest, end]) {
    assert(await isPending(each));
  }
  const seen = await readTo(peer, "say 2");
  assert.deepEqual(seen, ["cursor bob1", "say 1", "cursor ada3", "say 2"]);
  for (const each of [bob, say, ada[2]!, newest, end]) {
    assert.deepEqual(countsOf(await each), { ...NONE, delivered: 1 });
  }
  assert.deepEqual(await peer.take(0, "gap"), []);
  // A client that has read everything gets each event again.
  for (const n of [4, 5]) assert.equal((await send("ada", n)).delivered, 1);
  assert.deepEqual(await readTo(peer, "cursor ada5"), [
    "cursor ada4",
    "cursor ada5",
  ]);
});

Deno.test("an event that is replaced leaves its space to the newer one", async () => {
  await using server = serveSlow();
  const { peer, room } = await openSlow(server);
  using _ = peer;
  const large = { user: "ada", text: TEXT + TEXT };
  let last = room.broadcast("cursor", large);
  for (let n = 1; n < 5; n++) {
    const next = room.broadcast("cursor", large);
    assert.deepEqual(countsOf(await last), { ...NONE, replaced: 1 });
    last = next;
  }
  assert(await isPending(last));
});

Deno.test("a client that reads gets every event", async () => {
  await using server = serveSlow();
  const { peer, room } = await openSlow(server);
  using _ = peer;
  using reader = await RoomPeer.open(server);
  await reader.join("a");
  for (const n of [1, 2, 3]) {
    void room.broadcast("cursor", { user: "ada", n });
    assert.equal((await reader.take(1))[0].data.n, n);
  }
});

Deno.test("events that wait are lost if the client disconnects or leaves", async () => {
  await using server = serveSlow();
  for (const action of ["disconnect", "leave"]) {
    const { peer, room, probe } = await openSlow(server);
    using _ = peer;
    const say = room.broadcast("say", { n: 1 });
    if (action === "leave") await peer.send("leave", { room: "a" });
    else peer[Symbol.dispose]();
    for (const each of [probe, say]) {
      assert.deepEqual(countsOf(await each), { ...NONE, failed: 1 }, action);
    }
  }
});

Deno.test("events that wait are lost if the client joins again, and are in the history", async () => {
  await using server = serveSlow();
  const { peer, room, probe, n } = await openSlow(server);
  using _ = peer;
  const { position } = (await room.history({ last: 2 }))[0]!;
  const rejoin = { room: "a", since: position, members: false };
  const id = await peer.send("join", rejoin);
  assert.deepEqual(countsOf(await probe), { ...NONE, failed: 1 });
  const { data } = await peer.answer(id);
  assert.deepEqual([data.recovered, data.missed], [true, 1]);
  while ((await peer.take(1))[0].data.n !== n);
});

Deno.test("events that wait are sent before a gap of the room", async () => {
  await using server = serveSlow();
  const { peer, room, probe } = await openSlow(server);
  using _ = peer;
  const last = room.broadcast("cursor", { user: "ada", n: 1 });
  assert(await isPending(last));
  await room.clear();
  assert.deepEqual(countsOf(await last), { ...NONE, delivered: 1 });
  assert.deepEqual(countsOf(await probe), { ...NONE, delivered: 1 });
  await peer.take(1, "gap");
  const { data } = peer.events.at(-1)!;
  assert.deepEqual(data.data, { user: "ada", n: 1 });
});

Deno.test("too many events that wait are sent or skipped, and the client gets a gap", async () => {
  await using server = serveSlow({ onSlow: "skip" });
  const { peer, room } = await openSlow(server);
  using _ = peer;
  const results: Promise<BroadcastResult>[] = [];
  for (let n = 1; n <= 40; n++) {
    const data = { user: `${n}`, n, text: TEXT };
    results.push(room.broadcast("cursor", data));
  }
  await results.at(-1);
  const counts = (await Promise.all(results)).map(countsOf);
  const delivered = counts.filter(({ delivered }) => delivered === 1).length;
  assert(delivered >= 3, `${delivered}`);
  assert.deepEqual(counts, [
    ...Array(delivered).fill({ ...NONE, delivered: 1 }),
    ...Array(40 - delivered).fill({ ...NONE, skipped: 1 }),
  ]);
  // Nothing waits behind a gap that the client does not know of.
  const late = room.broadcast("cursor", { user: "late", n: 41 });
  assert.deepEqual(countsOf(await late), { ...NONE, skipped: 1 });
  const [{ reason }] = await peer.take(1, "gap");
  assert.equal(reason, "slow");
  const names = peer.events.flatMap(({ data }) =>
    data.message === "cursor" && data.data.user !== "probe" ? data.data.n : []
  );
  assert.deepEqual(names, Array.from({ length: delivered }, (_, n) => n + 1));
});

Deno.test("a client that does not read is closed when too many events wait", async () => {
  await using server = serveSlow();
  const { peer, room } = await openSlow(server);
  using _ = peer;
  for (let n = 1; server.clients.size > 0; n++) {
    assert(n < 100);
    void room.broadcast("cursor", { user: `${n}`, n, text: TEXT });
    await endOfTick();
  }
});

Deno.test("the events of all rooms of a client share one limit", async () => {
  await using server = serveSlow();
  const { peer, room } = await openSlow(server);
  using _ = peer;
  await peer.send("join", { room: "b", members: false });
  while (server.room("b").members().length === 0) await endOfTick();
  const large = { user: "ada", n: 1, text: TEXT + TEXT };
  const first = room.broadcast("cursor", large);
  assert(await isPending(first));
  const second = server.room("b").broadcast("cursor", large);
  assert.deepEqual(countsOf(await second), { ...NONE, delivered: 1 });
  assert(await isPending(first));
});

Deno.test("the sender gets what 'latest' throws", async () => {
  const logger = new LogRecorder();
  await using server = serveSlow({ logger });
  using peer = await RoomPeer.open(server);
  await peer.join("a");
  const room = server.room("a");
  await assert.rejects(room.broadcast("cursor", { user: {} }), {
    name: "TypeError",
    message: /'latest'.* a string or a number/,
  });
  const data = { room: "a", message: "cursor", data: {}, key: "1" };
  const answer = await peer.ask("publish", data);
  assert.equal(answer.code, ErrorCode.SERVER_ERROR);
  await logger.line(/^error .*publication in room "a" failed/);
  assert.deepEqual(await room.history(), []);
});

Deno.test("a 'latest' that fails when a message is delivered does not stop it", async () => {
  const logger = new LogRecorder();
  let calls = 0;
  const latest = () => {
    if (++calls % 2 === 1) return "key";
    throw REVOKED;
  };
  const events = { say: { data: ACCEPT_ALL, latest } };
  const contract = defineContract({ rooms: { a: { events } } });
  await using server = serve("test", {
    ...{ hostname: "127.0.0.1", port: 0, logger, contract },
  });
  server.defineRoom("a", { authorize: () => true });
  using peer = await RoomPeer.open(server);
  await peer.join("a");
  const { delivered } = await server.room("a").broadcast("say", { n: 1 });
  assert.equal(delivered, 1);
  await peer.take(1);
  await logger.line(/'latest' of message "say" failed/);
});
