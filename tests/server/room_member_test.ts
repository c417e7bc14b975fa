/** Clients that join a room, and what can happen meanwhile. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import type { MemberEntry } from "../../protocol/room_fields.ts";
import { readRoomRequest } from "../../protocol/room_frames.ts";
import { ConnectionLines, ConnectionLog } from "../../server/connection_log.ts";
import type { Client } from "../../server/message.ts";
import { Room } from "../../server/room.ts";
import type { RoomClients } from "../../server/room_clients.ts";
import { FakeTransport } from "../rooms/fake_transport.ts";
import { Clock } from "../support/clock.ts";
import { peerAt, serverContext } from "../support/server_context.ts";
import { endOfTick } from "../support/timing.ts";

const IDENTITY = { secret: "", user: undefined, isRecognized: false };

/** A server whose clients have no network. */
class Stage implements AsyncDisposable {
  readonly context = serverContext();
  readonly clients = this.context.rooms as RoomClients;
  readonly rooms = this.clients.rooms;

  constructor() {
    const history = { size: 100 };
    const options = { authorize: () => true, publish: true, history };
    this.rooms.define("chat:{id}", options);
    this.rooms.define("\u0001".repeat(200), options);
    this.rooms.define("live:{id}", { authorize: () => true });
  }

  room(name: string): Room {
    return new Room(this.clients, this.rooms.get(name));
  }

  open(
    maxBuffered = 1e7,
    onSlow: "disconnect" | "skip" = "disconnect",
  ): Peer {
    return new Peer(this, maxBuffered, onSlow);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rooms.close();
  }
}

class Peer {
  readonly transport: FakeTransport;
  readonly #stage: Stage;
  readonly #client = {} as Client;

  constructor(
    stage: Stage,
    maxBuffered: number,
    onSlow: "disconnect" | "skip",
  ) {
    this.#stage = stage;
    this.transport = new FakeTransport({
      log: new ConnectionLog(
        stage.context.log,
        peerAt(""),
        new ConnectionLines(),
      ),
      features: new Set(["rooms"]),
      maxBuffered,
      onSlow,
      poll: endOfTick,
      onClosed: (transport, info) => stage.clients.onClosed(transport, info),
    });
  }

  ask(action: string, data: JsonObject): Promise<void> {
    const request = readRoomRequest(1, action, data);
    assert(request !== undefined && request.kind !== "invalid");
    return this.#stage.clients.answer(this.#client, this.transport, request);
  }

  /** Puts the client into a room, as the application does. */
  put(room: string): Promise<void> {
    return this.#stage.clients.put(this.#client, this.transport, room);
  }

  /** Returns the kinds of the frames that have arrived, or the codes of errors. */
  take(): (string | number)[] {
    const kinds = [];
    for (let frame; (frame = this.transport.read()) !== undefined;) {
      const { code, message } = JSON.parse(frame);
      kinds.push(code === 0 ? message : code);
    }
    return kinds;
  }
}

Deno.test("a client that is closed while its join is answered leaves nothing behind", async () => {
  await using stage = new Stage();
  // The answer does not fit.
  const peer = stage.open(100);
  await peer.ask("join", { room: "chat:1" });
  assert.equal(peer.transport.closed?.code, 1013);
  const { broadcaster } = stage.rooms.peek("chat:1") ?? {};
  assert.equal(broadcaster?.size ?? 0, 0);
});

Deno.test("a client that leaves after authorize() has allowed its join is not there", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    await using stage = new Stage();
    const peer = stage.open();
    const joining = peer.ask("join", { room: "chat:1" });
    for (let tick = 0; tick < ticks; tick++) await undefined;
    const leaving = peer.ask("leave", { room: "chat:1" });
    await Promise.all([joining, leaving]);
    const frames = peer.take();
    const isThere = stage.rooms.peek("chat:1") !== undefined;
    assert.equal(frames.at(-1) === "joined", false, `${ticks}: ${frames}`);
    assert.equal(isThere, false, `${ticks}`);
  }
});

Deno.test("a broadcast that races with the first join of its room ends", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    await using stage = new Stage();
    const peer = stage.open();
    const joining = peer.ask("join", { room: "chat:1", last: 1 });
    for (let tick = 0; tick < ticks; tick++) await undefined;
    let position: string | null | undefined;
    void stage.room("chat:1").broadcast("hi").then((result) => {
      position = result.position;
    });
    await joining;
    for (let turn = 0; turn < 10; turn++) await endOfTick();
    assert.equal(typeof position, "string", `${ticks}`);
    assert.deepEqual(peer.take().slice(0, 2), ["joined", "r_newmsg"]);
  }
});

Deno.test("a broadcast that races with the end of the history counts the members", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    await using stage = new Stage();
    const peer = stage.open();
    await peer.ask("join", { room: "chat:1" });
    const room = stage.room("chat:1");
    await room.broadcast("n");
    const clearing = room.clear();
    for (let tick = 0; tick < ticks; tick++) await undefined;
    const { delivered } = await room.broadcast("n");
    await clearing;
    assert.equal(delivered, 1, `${ticks}`);
  }
});

Deno.test("no message to a room is too large for its members", async () => {
  await using stage = new Stage();
  const { maxBuffered } = stage.context.limits;
  const name = "\u0001".repeat(200);
  const peer = stage.open(maxBuffered);
  await peer.ask("join", { room: name });
  peer.transport.read();
  const room = stage.room(name);
  const send = (length: number) =>
    room.broadcast("m", { text: "x".repeat(length) });
  await assert.rejects(send(maxBuffered - 2_000), RangeError);
  // The longest message that the server accepts
  let length = maxBuffered - 2_500;
  for (let step = 256; step >= 1; step /= 2) {
    const next = length + step;
    await send(next).then(() => length = next, () => {});
    peer.transport.read();
  }
  const { delivered } = await send(length);
  assert.equal(delivered, 1);
  assert.equal(peer.transport.closed, undefined);
  await assert.rejects(send(length + 1), RangeError);
});

Deno.test("the lists of many rooms wait until the client has read the earlier ones", async () => {
  using clock = new Clock();
  await using stage = new Stage();
  const rooms = Array.from({ length: 128 }, (_, n) => `chat:${n}`);
  const big = stage.open();
  // 64 KiB of presence in each room.
  for (const room of rooms) {
    await big.ask("join", { room, members: false });
    const { presence } = stage.rooms.peek(room)!;
    const [connection] = presence.members;
    for (let n = 0; n < 16; n++) {
      const id = `${connection!.id}${n}`;
      presence.show(
        { ...IDENTITY, connection: id, member: id },
        JSON.stringify({ x: "x".repeat(4_000) }),
      );
    }
  }
  // The changes of the members have been reported.
  for (let windows = 0; windows < 3; windows++) clock.pass(100);
  const peer = stage.open(262_144);
  for (const kind of ["joined", "members"]) {
    const action = kind === "joined" ? "join" : kind;
    const asked = rooms.map((room) => peer.ask(action, { room }));
    const kinds: (string | number)[] = [];
    while (kinds.length < rooms.length && !peer.transport.closed) {
      await endOfTick();
      kinds.push(...peer.take().filter((kind) => kind !== "presence"));
    }
    assert.equal(peer.transport.closed, undefined);
    assert.deepEqual(kinds, rooms.map(() => kind));
    await Promise.all(asked);
  }
});

Deno.test("a list does not wait until its whole length is free in the first half of the buffer", async () => {
  await using stage = new Stage();
  const other = stage.open();
  await other.ask("join", { room: "chat:1" });
  const { presence } = stage.rooms.peek("chat:1")!;
  for (let n = 0; n < 10; n++) {
    const identity = { ...IDENTITY, connection: `${n}`, member: `${n}` };
    presence.show(identity, JSON.stringify({ x: "x".repeat(4_000) }));
  }
  const peer = stage.open(100_000);
  // The streams of the client fill nearly half of the buffer all the time.
  peer.transport.send("x".repeat(40_000));
  await peer.ask("join", { room: "chat:1" });
  assert.equal(peer.transport.unread.length, 2);
  assert.equal(peer.transport.closed, undefined);
});

Deno.test("a client that joins a room again gets what was published before", async () => {
  await using stage = new Stage();
  const others = Array.from({ length: 500 }, () => stage.open());
  const peer = stage.open();
  const join = { room: "chat:1", members: false };
  for (const each of [...others, peer]) await each.ask("join", join);
  const sent = stage.room("chat:1").broadcast("hi");
  while (!stage.context.turns.isBusy) await undefined;
  // The message has reached the first ones, and waits for the last one.
  await peer.ask("join", join);
  assert.equal(stage.context.turns.isBusy, true);
  assert.deepEqual(peer.take(), ["joined", "r_newmsg", "joined"]);
  assert.equal((await sent).delivered, others.length + 1);
});

Deno.test("a client that joins a room without history again misses nothing meanwhile", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    await using stage = new Stage();
    const peer = stage.open();
    await peer.ask("join", { room: "live:1" });
    const joining = peer.ask("join", { room: "live:1" });
    for (let tick = 0; tick < ticks; tick++) await undefined;
    const sent = stage.room("live:1").broadcast("hi");
    await joining;
    assert.equal((await sent).delivered, 1, `${ticks}`);
    const kinds = peer.take().sort();
    assert.deepEqual(kinds, ["joined", "joined", "r_newmsg"], `${ticks}`);
  }
});

Deno.test("a client that joins a room again learns of what it has missed before", async () => {
  await using stage = new Stage();
  const peer = stage.open(10_000, "skip");
  const join = { room: "live:1", members: false };
  await peer.ask("join", join);
  const room = stage.room("live:1");
  const text = "x".repeat(2_000);
  while ((await room.broadcast("n", { text })).skipped === 0);
  const joining = peer.ask("join", join);
  const kinds: (string | number)[] = [];
  for (let turn = 0; turn < 10; turn++) {
    await endOfTick();
    kinds.push(...peer.take());
  }
  await joining;
  const last = kinds.filter((kind) => kind !== "r_newmsg");
  assert.deepEqual(last.toSorted(), ["gap", "joined", "joined"], `${kinds}`);
});

Deno.test("a client that joins by itself while the server puts it there gets everything", async () => {
  await using stage = new Stage();
  const room = stage.room("chat:1");
  const text = "x".repeat(200);
  const { position: since } = await room.broadcast("n", { text });
  const count = 40;
  for (let n = 0; n < count; n++) await room.broadcast("n", { text });
  const peer = stage.open(10_000);
  peer.transport.send("x".repeat(3_500));
  const putting = peer.put("chat:1");
  await endOfTick();
  // The list of the members has to wait, and the missed messages do not.
  const joining = peer.ask("join", { room: "chat:1", since, members: false });
  for (let turn = 0; turn < 5; turn++) await endOfTick();
  assert.equal(peer.transport.read()?.length, 3_500);
  const kinds: (string | number)[] = [];
  for (let turn = 0; turn < 50; turn++) {
    await endOfTick();
    kinds.push(...peer.take());
  }
  await Promise.all([putting, joining]);
  const missed = kinds.filter((kind) => kind === "r_newmsg").length;
  assert.deepEqual([kinds[0], missed], ["joined", count], `${kinds}`);
});

Deno.test("a client that misses many changes of a member gets the last one", async () => {
  using clock = new Clock();
  await using stage = new Stage();
  const other = stage.open();
  await other.ask("join", { room: "chat:1", members: false });
  const { presence, broadcaster } = stage.rooms.peek("chat:1")!;
  for (let n = 0; n < 20; n++) {
    await stage.room("chat:1").broadcast("n", { x: "x".repeat(1_000) });
  }
  const peer = stage.open(10_000);
  const joining = peer.ask("join", { room: "chat:1", last: 20 });
  // The client reads nothing, and waits for the rest of the messages.
  for (let turn = 0; turn < 10; turn++) await endOfTick();
  assert.equal(broadcaster.size, 1);
  const show = (id: string, n: number) => {
    const text = "x".repeat(1_000);
    const identity = { ...IDENTITY, connection: id, member: id };
    presence.show(identity, JSON.stringify({ n, text }));
  };
  // Far more than 256 KiB of changes.
  for (let n = 0; n < 500; n++) {
    show("a", n);
    show("b", n);
    clock.pass(100);
  }
  presence.remove({ ...IDENTITY, connection: "b", member: "b" });
  clock.pass(100);
  const frames: string[] = [];
  while (broadcaster.size === 1 && !peer.transport.closed) {
    await endOfTick();
    for (let frame; (frame = peer.transport.read());) frames.push(frame);
  }
  await joining;
  for (let frame; (frame = peer.transport.read());) frames.push(frame);
  assert.equal(peer.transport.closed, undefined);
  const [change, ...rest] = frames.map((frame) => JSON.parse(frame))
    .filter(({ message }) => message === "presence");
  assert.deepEqual(rest, []);
  const { join, leave, count } = change.data;
  const entries: readonly MemberEntry[] = join;
  assert.deepEqual(
    entries.filter(({ presence }) => presence !== undefined)
      .map(({ connection, presence }) => [connection, presence?.n]),
    [["a", 499]],
  );
  assert.deepEqual([leave, count], [["b"], 3]);
});

for (const [failures, gaps] of [[1, 0], [10, 0], [11, 1]] as const) {
  Deno.test(`a client has ${gaps} gaps if the rest of its history cannot be read ${failures} times`, async () => {
    using clock = new Clock();
    await using stage = new Stage();
    await stage.open().ask("join", { room: "chat:1" });
    const { feed } = stage.rooms.peek("chat:1")!;
    for (let n = 0; n < 50; n++) await stage.room("chat:1").broadcast("n", {});
    const read = feed.read.bind(feed);
    let reads = 0;
    feed.read = async (...wanted) => {
      const isFirst = reads++ === 0;
      if (!isFirst && reads <= failures + 1) throw new Error("no broker");
      // The client has the rest of its history to read again.
      await read(...wanted);
    };
    const peer = stage.open();
    const joining = peer.ask("join", { room: "chat:1", last: 100 });
    for (let turn = 0; turn < 20; turn++) await endOfTick();
    void stage.room("chat:1").broadcast("n", {});
    for (let n = 0; n < 20; n++) {
      for (let turn = 0; turn < 10; turn++) await endOfTick();
      clock.pass(1_500);
    }
    await joining;
    const kinds = peer.take();
    const count = (kind: string) =>
      kinds.filter((each) => each === kind).length;
    assert.equal(count("gap"), gaps);
    assert.equal(count("r_newmsg"), gaps === 0 ? 51 : 50);
    assert.equal(reads, Math.min(failures, 11) + 2 - gaps);
  });
}
