/** Which events of a room have to wait for a slow client. */

import assert from "node:assert/strict";
import { BroadcastBatch } from "../../server/broadcaster.ts";
import type { LiveRoom } from "../../server/live_room.ts";
import type { MemberHost } from "../../server/missed_messages.ts";
import { encodePresenceChanges } from "../../protocol/success_frames.ts";
import { RoomMember } from "../../server/room_member.ts";
import { SlowRooms } from "../../server/waiting_events.ts";
import { endOfTick } from "../support/timing.ts";

/** A member whose client can receive 10 UTF-16 units now, and for which 20 can wait. */
function memberOfSlowClient() {
  const transport = {
    isSlow: (units: number) => units > 10,
    closed: undefined,
    drained: () => new Promise<void>(() => {}),
  };
  const room = { hold: () => {}, leave: () => {}, maxWaiting: 20 };
  const host = { transport, slow: new SlowRooms(transport) };
  const member = new RoomMember(
    room as unknown as LiveRoom,
    host as unknown as MemberHost,
  );
  const holds = (length: number, before: number, latest?: string) =>
    member.holds({ frame: "x".repeat(length), latest }, before);
  const hold = (length: number, latest?: string) =>
    member.hold({ frame: "x".repeat(length), latest, settle: () => {} });
  return { member, host, holds, hold };
}

Deno.test("an event waits if it is too long behind those that are sent before", () => {
  const { holds } = memberOfSlowClient();
  assert.equal(holds(10, 0, "k"), false);
  assert.equal(holds(11, 0, "k"), true);
  assert.equal(holds(5, 5, "k"), false);
  assert.equal(holds(5, 6, "k"), true);
  assert.equal(holds(11, 0), false);
});

Deno.test("an event waits behind another one that waits", () => {
  const { holds, hold } = memberOfSlowClient();
  hold(6, "k");
  assert.equal(holds(4, 0), false);
  assert.equal(holds(5, 0), true);
  assert.equal(holds(5, 0, "k"), true);
});

Deno.test("a limited number of bytes waits for all rooms of a client", () => {
  const { host, holds, hold } = memberOfSlowClient();
  hold(12, "k");
  assert.equal(host.slow.units, 12);
  assert.equal(holds(8, 0, "other"), true);
  assert.equal(holds(9, 0, "other"), false);
  assert.equal(holds(20, 0, "k"), true);
  hold(14, "k");
  assert.equal(host.slow.units, 14);
  host.slow.units = 20;
  assert.equal(holds(15, 0, "k"), false);
});

Deno.test("nothing waits for a client that has left", () => {
  const { member, holds } = memberOfSlowClient();
  assert.equal(holds(11, 0, "k"), true);
  // A logger can close the connection between two events of one delivery.
  member.stop();
  assert.equal(holds(11, 0, "k"), false);
});

/** The client of many rooms, which reads nothing. */
function slowClientOf(rooms: number) {
  let checks = 0;
  let drain = Promise.withResolvers<void>();
  const transport = {
    features: new Set(["rooms"]),
    closed: undefined,
    hasCapacity: () => ++checks === 0,
    isSlow: () => true,
    drained: () => drain.promise,
    deliver: () => ({ delivered: 0, rest: "skipped", sends: 0 }),
  };
  const host = { transport, slow: new SlowRooms(transport) };
  const room = { hold: () => {}, leave: () => {}, maxWaiting: 1e9 };
  const members = Array.from({ length: rooms }, () =>
    new RoomMember(
      room as unknown as LiveRoom,
      host as unknown as MemberHost,
    ));
  /** Lets all that waits check again; returns how often the buffer was checked. */
  const drained = async () => {
    await endOfTick();
    checks = 0;
    const { resolve } = drain;
    drain = Promise.withResolvers();
    resolve();
    await endOfTick();
    return checks;
  };
  return { members, drained, slow: host.slow };
}

Deno.test("the gaps of many rooms of a client check its buffer once", async () => {
  const { members, drained } = slowClientOf(100);
  for (const member of members) member.deliver(new BroadcastBatch(["x"]));
  await drained();
  assert.equal(await drained(), 1);
});

Deno.test("the events that wait in many rooms of a client check its buffer once", async () => {
  const { members, drained } = slowClientOf(100);
  for (const member of members) {
    member.hold({ frame: "x", latest: "k", settle: () => {} });
  }
  await drained();
  assert.equal(await drained(), 1);
});

Deno.test("nothing is kept of rooms that a slow client has left", async () => {
  const { members, drained, slow } = slowClientOf(100);
  for (const member of members) {
    member.deliver(new BroadcastBatch(["x"]));
    member.hold({ frame: "x", latest: "k", settle: () => {} });
  }
  await drained();
  assert.deepEqual([slow.gaps.size, slow.events.size], [100, 100]);
  // The oldest ones stay, so the others are not the first to be checked.
  for (const member of members.slice(1)) member.stop();
  assert.deepEqual([slow.gaps.size, slow.events.size], [1, 1]);
  assert.equal(await drained(), 2);
});

for (
  const [first, gaps] of [["slow", ["slow"]], ["broker", [
    "broker",
    "slow",
  ]]] as const
) {
  Deno.test(`a client that misses very many changes of members learns of a gap, and stays: ${first}`, async () => {
    const sent: string[] = [];
    let drain = Promise.withResolvers<void>();
    let hasCapacity = false;
    const transport = {
      features: new Set(["rooms"]),
      closed: undefined,
      hasCapacity: () => hasCapacity,
      drained: () => drain.promise,
      deliver: () => ({ delivered: 0, rest: "skipped", sends: 0 }),
      send: (frame: string) => void sent.push(frame),
      close: () => void sent.push("closed"),
    };
    const room = {
      hold: () => {},
      feed: { at: "p.1" },
      broadcaster: { catchUp: () => {} },
      encodeGap: (reason: string) => reason,
    };
    const member = new RoomMember(
      room as unknown as LiveRoom,
      { transport, slow: new SlowRooms(transport) } as unknown as MemberHost,
    );
    if (first === "broker") member.onGap(first);
    const leave = Array.from({ length: 4_097 }, (_, n) => `c${n}`);
    const frame = encodePresenceChanges("a", { join: [], leave, count: 1 });
    member.deliver(new BroadcastBatch([frame]));
    await endOfTick();
    hasCapacity = true;
    const { resolve } = drain;
    drain = Promise.withResolvers();
    resolve();
    await endOfTick();
    assert.deepEqual(sent, gaps);
  });
}
