/** What the servers of a room tell each other about their members. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import type { Shown } from "../../server/member.ts";
import { encodeNodeMessage } from "../../server/node_messages.ts";
import { Presence } from "../../server/presence.ts";
import { decodePart } from "../../server/presence_messages.ts";
import { PRESENCE, READ, RoomPeers } from "../../server/room_peers.ts";
import { TimeoutQueue } from "../../server/scheduler.ts";
import { Clock } from "../support/clock.ts";

type Sent = readonly [node: string, kind: string, fields: JsonObject];

/** The servers of a room, as one server knows them. */
class Bench {
  readonly sent: Sent[] = [];
  readonly presence = new Presence(
    { onChange: () => {}, onJoin: () => {}, onLeave: () => {} },
    new TimeoutQueue(60_000, () => {}),
  );
  readonly peers = new RoomPeers("a", this.presence, {
    id: "own",
    send: (...message) => void this.sent.push(message),
    warn: () => {},
  });

  /** The connections that are shown */
  get shown(): string[] {
    return this.presence.members.map(({ id }) => id).sort();
  }

  /** Receives a part of what another server sends. */
  receive(fields: object): void {
    const part = decodePart({ hidden: [], shown: [], ...fields });
    assert(part !== undefined);
    this.peers.receive("other", part);
  }

  sentOf(kind: string): readonly Sent[] {
    return this.sent.filter((each) => each[1] === kind);
  }

  [Symbol.dispose](): void {
    this.peers.close(true);
    this.presence.close();
  }
}

function entryOf(name: string) {
  return { connection: name, member: name, user: null, presence: "" };
}

function shownOf(name: string): Shown {
  const identity = {
    ...{ secret: "", connection: name, member: name, user: undefined },
    isRecognized: false,
  };
  return { identity, presence: "" };
}

Deno.test("RoomPeers reads a list again if its middle was lost", () => {
  using bench = new Bench();
  bench.receive({ sequence: 3, index: 0, shown: [entryOf("a")] });
  bench.receive({ sequence: 3, index: 2, isLast: true, shown: [entryOf("c")] });
  assert.deepEqual(bench.sentOf(READ), [["other", READ, { room: "a" }]]);
  assert.deepEqual(bench.shown, ["a"]);
  // The number of the last change does not hide that members are missing.
  bench.peers.add("third");
  bench.receive({ sequence: 3, index: 0, shown: [entryOf("a")] });
  bench.receive({ sequence: 3, index: 1, shown: [entryOf("b")] });
  bench.receive({ sequence: 3, index: 2, isLast: true, shown: [entryOf("c")] });
  assert.deepEqual(bench.shown, ["a", "b", "c"]);
  bench.receive({ sequence: 4, hidden: ["b"] });
  assert.deepEqual(bench.shown, ["a", "c"]);
});

Deno.test("RoomPeers reads a list again if its begin or its end was lost", () => {
  for (const lost of [0, 1]) {
    using bench = new Bench();
    const rest = { index: 1 - lost, isLast: lost === 0 };
    bench.receive({ sequence: 3, shown: [entryOf("a")], ...rest });
    // The next change is not a part of the list.
    bench.receive({ sequence: 4, hidden: ["a"] });
    assert.equal(bench.sentOf(READ).length, 1);
    bench.receive({ sequence: 4, index: 0, isLast: true });
    assert.deepEqual(bench.shown, []);
  }
});

Deno.test("RoomPeers reports in several messages that very many members left", async () => {
  using bench = new Bench();
  bench.peers.add("other");
  bench.sent.length = 0;
  const names = Array.from({ length: 30_000 }, (_, n) => `connection-${n}`);
  for (const name of names) bench.peers.note(name);
  await Promise.resolve();
  const hidden = bench.sentOf(PRESENCE).flatMap(([, kind, fields]) => {
    // Throws if it is too long.
    encodeNodeMessage(kind, fields);
    return fields.hidden as string[];
  });
  assert.deepEqual(hidden, names);
  const numbers = bench.sent.map(([, , { sequence }]) => Number(sequence));
  assert.deepEqual(numbers, numbers.map((_, index) => numbers[0]! + index));
});

Deno.test("RoomPeers sends very many members in several messages, whatever they are called", () => {
  for (const character of ["a", "\x01", '"', "€", "😀"]) {
    using bench = new Bench();
    const length = 200 / new TextEncoder().encode(character).length;
    const user = character.repeat(Math.floor(length));
    const names = Array.from({ length: 2_000 }, (_, n) => `connection-${n}`);
    for (const connection of names) {
      const identity = { secret: "", connection, member: "a".repeat(22), user };
      bench.presence.show({ ...identity, isRecognized: false }, "");
    }
    bench.peers.add("other");
    const shown = bench.sentOf(PRESENCE).flatMap(([, kind, fields]) => {
      // Throws if it is too long.
      encodeNodeMessage(kind, fields);
      return decodePart(fields)!.shown;
    });
    assert.deepEqual(shown.map(({ identity }) => identity.connection), names);
  }
});

Deno.test("RoomPeers drops a server that does not name the room any more", () => {
  using bench = new Bench();
  const before = performance.now() - 1;
  bench.receive({ sequence: 0, index: 0, isLast: true, shown: [entryOf("a")] });
  // The room can have been opened a moment ago.
  bench.peers.expire(before, "other");
  assert.deepEqual(bench.shown, ["a"]);
  bench.peers.expire(performance.now() + 1, "other");
  bench.peers.expire(performance.now() + 1, "unknown");
  assert.deepEqual(bench.shown, []);
  assert(!bench.peers.hasPeers);
});

Deno.test("RoomPeers waits for the members of a server that closes, whatever it names", () => {
  using bench = new Bench();
  bench.presence.showForeign(shownOf("b"));
  bench.receive({ sequence: 0, index: 0, isLast: true, shown: [entryOf("a")] });
  bench.peers.onClosed("other", true);
  bench.peers.expire(performance.now() + 1, "other");
  assert.deepEqual(bench.shown, ["a", "b"]);
});

Deno.test("RoomPeers sends a long list once per second to a server that opens its room again and again", () => {
  using clock = new Clock();
  using bench = new Bench();
  const { peers, presence } = bench;
  for (let n = 0; n <= 16; n++) presence.show(shownOf(`m${n}`).identity, "");
  const reopen = () => {
    peers.onClosed("other", false);
    peers.welcome("other");
  };
  const lists = () => bench.sentOf(PRESENCE).length;
  for (let n = 0; n < 50; n++) reopen();
  assert.equal(lists(), 1);
  clock.pass(1_000);
  assert.equal(lists(), 2);
  for (let n = 0; n < 50; n++) reopen();
  // Another server does not wait, and one that has closed its room gets nothing.
  peers.welcome("third");
  assert.equal(lists(), 3);
  peers.onClosed("other", false);
  clock.pass(1_000);
  assert.equal(lists(), 3);
  peers.welcome("other");
  assert.equal(lists(), 4);
});

Deno.test("RoomPeers sends a short list to each server that opens its room", () => {
  using _clock = new Clock();
  using bench = new Bench();
  const { peers, presence } = bench;
  for (let n = 0; n < 16; n++) presence.show(shownOf(`m${n}`).identity, "");
  for (let n = 0; n < 5; n++) {
    peers.onClosed("other", false);
    peers.welcome("other");
  }
  assert.equal(bench.sentOf(PRESENCE).length, 5);
});

Deno.test("RoomPeers sends nothing later to a server that has ended", () => {
  using clock = new Clock();
  using bench = new Bench();
  const { peers, presence } = bench;
  for (let n = 0; n <= 16; n++) presence.show(shownOf(`m${n}`).identity, "");
  peers.welcome("other");
  peers.welcome("other");
  peers.drop(["other"]);
  clock.pass(2_000);
  assert.equal(bench.sentOf(PRESENCE).length, 1);
});
