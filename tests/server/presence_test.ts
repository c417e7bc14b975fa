/** The members of one room: which connections are one member, and which changes the others learn. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import { GRACE, type Member } from "../../server/member.ts";
import { Presence } from "../../server/presence.ts";
import type { RoomIdentity } from "../../server/room_identities.ts";
import { TimeoutQueue } from "../../server/scheduler.ts";
import { Clock, READING_TIME } from "../support/clock.ts";

/** The time in which changes are collected, in milliseconds. */
const WINDOW = 100;

/** More than the entries of a list can have, in bytes. */
const MAX_LIST = 262_144;

function identityOf(connection: string, member = connection): RoomIdentity {
  return {
    secret: "",
    connection,
    member,
    user: member === connection ? undefined : `user ${member}`,
    isRecognized: false,
  };
}

/** A room whose changes are recorded. */
class Stage {
  readonly presence: Presence;
  readonly log: string[] = [];
  readonly left: Member[] = [];
  readonly removed: string[] = [];

  constructor(maxBuffered?: number) {
    const graces = new TimeoutQueue(GRACE, (end: () => void) => end());
    this.presence = new Presence(
      {
        onChange: ({ join, leave, count }) => {
          const ids = join.map((json) => JSON.parse(json).connection);
          this.log.push(`+${ids} -${leave} =${count}`);
        },
        onJoin: ({ id }) => this.log.push(`join ${id}`),
        onLeave: (member) => {
          this.left.push(member);
          this.log.push(`leave ${member.id}`);
        },
      },
      graces,
      maxBuffered,
    );
  }

  show(connection: string, member?: string, presence?: JsonObject): void {
    const json = presence === undefined ? "" : JSON.stringify(presence);
    this.presence.show(identityOf(connection, member), json);
  }

  remove(connection: string, member?: string): void {
    this.presence.remove(identityOf(connection, member));
  }

  lose(connection: string, member?: string): void {
    this.presence.lose(
      identityOf(connection, member),
      () => this.removed.push(connection),
    );
  }

  /** Returns what was recorded since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }

  get list() {
    return JSON.parse(this.presence.encode());
  }
}

Deno.test("two connections of a user are one member, which joins and leaves once", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.show("a", "ada", { tab: 1 });
  stage.show("b", "ada", { tab: 2 });
  assert.deepEqual(stage.presence.members, [
    { id: "ada", user: "user ada", connections: [{ tab: 1 }, { tab: 2 }] },
  ]);
  clock.pass(WINDOW);
  stage.remove("a", "ada");
  clock.pass(WINDOW);
  assert.deepEqual(stage.take(), ["join ada", "+a,b - =1", "+ -a =1"]);
  stage.remove("b", "ada");
  clock.pass(WINDOW);
  assert.deepEqual(stage.take(), ["leave ada", "+ -b =0"]);
  assert.deepEqual(stage.left[0]?.connections, [{ tab: 2 }]);
});

Deno.test("the changes of one window are one frame, and cancel each other out", () => {
  using clock = new Clock();
  const stage = new Stage();
  for (let n = 0; n < 1_000; n++) stage.show(`c${n}`);
  stage.remove("c0");
  clock.pass(WINDOW - 1);
  assert.equal(stage.take().filter((line) => line.startsWith("+")).length, 0);
  clock.pass(1);
  const [line, ...rest] = stage.take();
  assert.match(line!, /^\+c1,c2,.*,c999 - =999$/);
  assert.deepEqual(rest, []);
  stage.remove("c1");
  stage.show("c1");
  stage.show("c2", undefined, { a: 1 });
  stage.show("c2");
  clock.pass(WINDOW);
  assert.deepEqual(stage.take(), ["leave c1", "join c1"]);
  stage.show("c3", undefined, { a: 1 });
  clock.pass(WINDOW);
  assert.deepEqual(stage.take(), ["+c3 - =999"]);
});

Deno.test("a lost connection stays for the grace period, unless it comes back", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.show("a");
  stage.show("b");
  clock.pass(WINDOW);
  stage.take();
  stage.lose("a");
  stage.lose("b");
  clock.pass(GRACE - 1);
  assert.equal(stage.presence.count, 2);
  stage.show("b");
  clock.pass(1 + READING_TIME);
  assert.deepEqual(stage.take(), ["leave a"]);
  assert.deepEqual(stage.removed, ["a"]);
  clock.pass(GRACE);
  assert.deepEqual(stage.take(), ["+ -a =1"]);
  assert.equal(stage.presence.count, 1);
  assert.equal(clock.timers, 0);
});

Deno.test("the grace period begins anew with each loss", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.show("a");
  stage.lose("a");
  clock.pass(GRACE - 1);
  stage.lose("a");
  clock.pass(GRACE - 1);
  assert.equal(stage.presence.count, 1);
  clock.pass(1 + READING_TIME);
  assert.equal(stage.presence.count, 0);
  assert.deepEqual(stage.removed, ["a"]);
});

Deno.test("a connection that is removed in its grace period leaves at once", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.show("a");
  stage.lose("a");
  stage.remove("a");
  assert.deepEqual(stage.take(), ["join a", "leave a"]);
  clock.pass(WINDOW);
  assert.equal(clock.timers, 0);
  stage.lose("a");
  assert.deepEqual(stage.removed, ["a"]);
});

Deno.test("the list has 256 KiB, and then a part of the members and the count", () => {
  using _clock = new Clock();
  const stage = new Stage();
  // Each character has three bytes, and is one unit.
  const entry = (connection: string, length: number) => {
    const presence = { x: "€".repeat(length) };
    return { member: connection, connection, presence };
  };
  const sizeOf = (length: number) =>
    new TextEncoder().encode(`${JSON.stringify(entry("c00", length))},`).length;
  const count = Math.floor(MAX_LIST / sizeOf(1_000));
  const rest = MAX_LIST - count * sizeOf(1_000);
  const name = (n: number) => `c${String(n).padStart(2, "0")}`;
  for (let n = 0; n < count; n++) {
    stage.show(name(n), undefined, entry("", 1_000).presence);
  }
  const last = name(count);
  const fill = { x: "y".repeat(rest - sizeOf(0)) };
  stage.show(last, undefined, fill);
  assert.equal(stage.list.complete, true);
  assert.equal(stage.list.list.length, count + 1);
  stage.show(last, undefined, { x: `${fill.x}y` });
  const { list, ...others } = stage.list;
  assert.equal(list.length, count);
  assert.deepEqual(others, { count: count + 1, complete: false });
});

Deno.test("many changes are spread over several windows, so that no frame is too long", () => {
  using clock = new Clock();
  const stage = new Stage();
  // 250 kB of presence, which changes at the same time.
  const names = Array.from({ length: 100 }, (_, n) => `c${n + 100}`);
  const big = { x: "x".repeat(2_500) };
  for (const name of names) stage.show(name, undefined, big);
  stage.take();
  clock.pass(WINDOW);
  const lines = stage.take();
  assert.equal(lines.length, 1);
  const [, first] = /^\+(.*) - =100$/.exec(lines[0]!)!;
  const count = first!.split(",").length;
  assert(count >= 20 && count <= MAX_LIST / 4 / 2_500 + 1, `${count}`);
  // What waits can still be undone, and what was sent cannot.
  stage.remove(names[0]!);
  stage.remove(names[99]!);
  for (let n = 0; n < 4; n++) clock.pass(WINDOW);
  const rest = stage.take().filter((line) => line.startsWith("+"));
  assert(rest.length >= 3 && rest.length <= 5, `${rest}`);
  assert.match(rest[0]!, /^\+.* -c100 =98$/);
  const joined = [lines, rest].flat().join().match(/c\d+(?=.* -)/g);
  assert.equal(joined?.includes("c199"), false);
  assert.equal(clock.timers, 0);
});

Deno.test("in a room of more than 1,000 connections, the windows are longer", () => {
  using clock = new Clock();
  const stage = new Stage();
  for (let n = 0; n < 3_000; n++) stage.show(`c${n}`);
  for (let n = 0; n < 10; n++) clock.pass(300);
  stage.take();
  stage.remove("c0");
  stage.take();
  clock.pass(299);
  assert.deepEqual(stage.take(), []);
  clock.pass(1);
  assert.deepEqual(stage.take(), ["+ -c0 =2999"]);
});

Deno.test("the changes of some connections are as they are now, in short parts", () => {
  using clock = new Clock();
  const stage = new Stage(20_000);
  const big = { x: "x".repeat(2_000) };
  for (const name of ["a", "b", "c"]) stage.show(name, undefined, big);
  for (let n = 0; n < 3; n++) clock.pass(WINDOW);
  stage.take();
  stage.remove("c");
  stage.show("a", undefined, { x: 2 });
  const idsOf = (connections: readonly string[]) =>
    stage.presence.changesOf(connections).map(({ join, leave, count }) => [
      ...[join.map((json) => JSON.parse(json).connection), leave, count],
    ]);
  assert.deepEqual(idsOf([]), []);
  assert.deepEqual(idsOf(["c", "a"]), [[["a"], ["c"], 2]]);
  stage.show("a", undefined, big);
  assert.deepEqual(idsOf(["a", "b", "none"]), [
    [["a", "b"], [], 2],
    [[], ["none"], 2],
  ]);
  stage.take();
  clock.pass(WINDOW);
  // Somebody has learned what has been undone.
  assert.deepEqual(stage.take(), ["+a -c =2"]);
});

Deno.test("with a small buffer, a list and the changes are shorter", () => {
  using clock = new Clock();
  const stage = new Stage(20_000);
  for (let n = 0; n < 10; n++) {
    stage.show(`c${n}`, undefined, { x: "x".repeat(2_000) });
  }
  assert.deepEqual([stage.list.list.length, stage.list.count], [4, 10]);
  stage.take();
  clock.pass(WINDOW);
  assert.deepEqual(stage.take(), ["+c0,c1 - =10"]);
  stage.presence.close();
});

Deno.test("the members of a room that closes leave, and nothing follows", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.show("a", "ada");
  stage.show("b", "ada");
  stage.show("c");
  stage.lose("c");
  clock.pass(WINDOW);
  stage.take();
  stage.presence.close();
  assert.deepEqual(stage.take(), ["leave ada", "leave c"]);
  assert.equal(clock.timers, 0);
  stage.lose("c");
  assert.equal(clock.timers, 0);
});

Deno.test("a list between two changes does not hide that they are undone", () => {
  using clock = new Clock();
  const stage = new Stage();
  stage.show("a");
  stage.show("b", "b", { n: 1 });
  clock.pass(WINDOW);
  stage.take();
  stage.remove("a");
  stage.show("b", "b", { n: 2 });
  stage.show("c");
  // Somebody joins: its list has c and the new b, but not a.
  assert.equal(stage.list.count, 2);
  stage.show("a");
  stage.show("b", "b", { n: 1 });
  stage.remove("c");
  stage.take();
  clock.pass(WINDOW);
  assert.deepEqual(stage.take(), ["+b,a -c =2"]);
  // A list without changes that wait costs nothing.
  assert.equal(stage.list.count, 2);
  stage.remove("a");
  stage.show("a");
  stage.take();
  clock.pass(WINDOW);
  assert.deepEqual(stage.take(), []);
  stage.presence.close();
});
