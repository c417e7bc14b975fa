import assert from "node:assert/strict";
import { RoomMembers } from "../../client/room_members.ts";
import type { MembersChange } from "../../client/room_members.ts";
import type { MemberEntry } from "../../protocol/room_fields.ts";

function createMembers() {
  const faults: string[] = [];
  const members = new RoomMembers(() => faults.push("fault"));
  return { members, faults };
}

/** Makes an entry from `member/connection` and a name to show. */
function entry(path: string, name?: string): MemberEntry {
  const [member = "", connection = ""] = path.split("/");
  return { member, connection, ...(name && { presence: { name } }) };
}

/** Returns the ids of the members that have changed. */
function idsOf({ joined, left, updated }: MembersChange) {
  const ids = (members: readonly { id: string }[]) =>
    members.map(({ id }) => id);
  return { joined: ids(joined), left: ids(left), updated: ids(updated) };
}

const NOTHING = { joined: [], left: [], updated: [] };

Deno.test("groups the connections of a member, the newest connection last", () => {
  const { members } = createMembers();
  const list = [entry("ada/1", "phone"), entry("bob/2"), entry("ada/3")];
  const change = members.reset({ list, count: 2, complete: true });
  assert.deepEqual(idsOf(change), { ...NOTHING, joined: ["ada", "bob"] });
  assert.deepEqual(members.all.get("ada"), {
    id: "ada",
    connections: [{ name: "phone" }, undefined],
    presence: undefined,
  });
  assert.deepEqual([members.count, members.isComplete], [2, true]);
});

Deno.test("a member joins with its first connection and leaves with its last one", () => {
  const { members } = createMembers();
  const steps = [
    members.change([entry("ada/1", "a")], [], 1),
    members.change([entry("ada/2", "b")], [], 1),
    members.change([], ["1"], 1),
    members.change([], ["2"], 0),
  ];
  assert.deepEqual(steps.map(idsOf), [
    { ...NOTHING, joined: ["ada"] },
    { ...NOTHING, updated: ["ada"] },
    { ...NOTHING, updated: ["ada"] },
    { ...NOTHING, left: ["ada"] },
  ]);
  assert.deepEqual(steps[3]?.left[0]?.presence, { name: "b" });
  assert.equal(members.all.size, 0);
});

Deno.test("an entry of a known connection replaces its presence and keeps its place", () => {
  const { members } = createMembers();
  members.change([entry("ada/1", "a"), entry("ada/2", "b")], [], 1);
  const change = members.change([entry("ada/1", "c")], [], 1);
  assert.deepEqual(idsOf(change), { ...NOTHING, updated: ["ada"] });
  const ada = members.all.get("ada");
  assert.deepEqual(ada?.connections, [{ name: "c" }, { name: "b" }]);
  assert.deepEqual(ada?.presence, { name: "b" });
});

Deno.test("a new list reports only what has changed since the previous one", () => {
  const { members } = createMembers();
  const list = [entry("ada/1", "a"), entry("bob/2", "b"), entry("cy/3", "c")];
  members.reset({ list, count: 3, complete: true });
  const next = [entry("dan/4"), entry("ada/1", "a"), entry("bob/2", "x")];
  const change = members.reset({ list: next, count: 3, complete: true });
  assert.deepEqual(idsOf(change), {
    joined: ["dan"],
    left: ["cy"],
    updated: ["bob"],
  });
});

Deno.test("a connection that belongs to another member moves to it", () => {
  const { members } = createMembers();
  members.change([entry("ada/1")], [], 1);
  const change = members.change([entry("bob/1")], [], 1);
  assert.deepEqual(idsOf(change), {
    joined: ["bob"],
    left: ["ada"],
    updated: [],
  });
  assert.deepEqual([...members.all.keys()], ["bob"]);
});

Deno.test("ignores that an unknown connection has left", () => {
  const { members } = createMembers();
  assert.deepEqual(idsOf(members.change([], ["7"], 3)), NOTHING);
  assert.equal(members.count, 3);
});

Deno.test("has no members without a list", () => {
  const { members } = createMembers();
  members.change([entry("ada/1")], [], 1);
  const change = members.reset(undefined);
  assert.deepEqual(idsOf(change), { ...NOTHING, left: ["ada"] });
  assert.deepEqual([members.count, members.isComplete], [0, false]);
});

Deno.test("keeps at most 10,000 connections", () => {
  const { members, faults } = createMembers();
  const list = Array.from({ length: 10_000 }, (_, n) => entry(`m${n}/c${n}`));
  members.reset({ list, count: 10_000, complete: true });
  assert.deepEqual([members.isComplete, faults], [true, []]);
  members.change([entry("more/c")], [], 10_001);
  assert.equal(members.all.size, 10_000);
  assert.deepEqual([members.isComplete, faults], [false, ["fault"]]);
  // A known connection can still change, and an unknown one finds a free place.
  members.change([entry("m0/c0", "a")], ["c1"], 10_000);
  members.change([entry("more/c")], [], 10_000);
  assert.equal(members.all.size, 10_000);
  assert.deepEqual(members.all.get("m0")?.presence, { name: "a" });
  assert.deepEqual(faults, ["fault"]);
});

Deno.test("keeps at most 1,000 connections of one member", () => {
  const { members, faults } = createMembers();
  const list = Array.from({ length: 1_000 }, (_, n) => entry(`ada/c${n}`));
  members.reset({ list, count: 1, complete: true });
  assert.deepEqual([members.isComplete, faults], [true, []]);
  members.change([entry("ada/more"), entry("bob/b")], [], 2);
  assert.equal(members.all.get("ada")?.connections.length, 1_000);
  assert.equal(members.all.get("bob")?.connections.length, 1);
  assert.deepEqual([members.isComplete, faults], [false, ["fault"]]);
  // A known connection can still change, and an unknown one finds a free place.
  members.change([entry("ada/c0", "a"), entry("ada/new")], ["c1"], 2);
  const { connections = [] } = members.all.get("ada") ?? {};
  assert.equal(connections.length, 1_000);
  assert.deepEqual(connections[0], { name: "a" });
  assert.deepEqual(faults, ["fault"]);
});

Deno.test("shows no presence that is larger than the server allows", () => {
  const { members, faults } = createMembers();
  const largest = 4_096 - '{"name":""}'.length;
  members.change([entry("ada/1", "x".repeat(largest))], [], 1);
  assert.equal(faults.length, 0);
  members.change([entry("bob/2", "x".repeat(largest + 1))], [], 2);
  assert.equal(faults.length, 1);
  assert.equal(members.all.get("bob")?.presence, undefined);
});
