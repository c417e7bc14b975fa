/** Tests of `contract/find_room.ts`. */

import assert from "node:assert/strict";
import { z } from "zod";
import { defineContract } from "../../contract/define.ts";
import {
  findRoom,
  latestKeyOf,
  requireRoom,
} from "../../contract/find_room.ts";
import { canPublish } from "../../contract/room_entry.ts";

const contract = defineContract({
  rooms: {
    lobby: {},
    "chat:{id}": {
      events: {
        say: z.object({ text: z.string() }),
        tick: {},
        move: {
          data: z.object({ id: z.union([z.string(), z.number()]) }),
          latest: ({ id }) => id,
        },
        jump: {
          data: z.object({ id: z.union([z.string(), z.number()]) }),
          latest: ({ id }) => id,
        },
      },
      publishes: ["say"],
    },
    "chat:{id}:{part}": { events: { add: {}, remove: {} } },
    "chat:private-{id}": {},
    "chat:1": {},
    "file:{id}.png": {},
    "file:{id}.jpg": {},
    "__proto__": {},
  },
});

const { rooms } = contract;

for (
  const [name, pattern, params] of [
    ["lobby", "lobby", {}],
    ["chat:2", "chat:{id}", { id: "2" }],
    ["chat:{id}", "chat:{id}", { id: "{id}" }],
    ["chat:1", "chat:1", {}],
    ["chat:10", "chat:{id}", { id: "10" }],
    ["chat:2:a", "chat:{id}:{part}", { id: "2", part: "a" }],
    ["chat:private-2", "chat:private-{id}", { id: "2" }],
    ["chat:private-", "chat:{id}", { id: "private-" }],
    ["file:a.png", "file:{id}.png", { id: "a" }],
    ["file:a.png.jpg", "file:{id}.jpg", { id: "a.png" }],
  ] as const
) {
  Deno.test(`findRoom() finds ${pattern} for ${name}`, () => {
    const entry = rooms[pattern];
    // The second search uses the table that the first one prepared.
    for (let count = 0; count < 2; count++) {
      const found = findRoom(contract, name);
      assert.deepEqual(found, { pattern, params, entry });
      assert.equal(found?.entry, entry);
    }
  });
}

for (
  const name of ["", "Lobby", "chat:", "chat:1:2:3", "x:chat:1", "toString"]
) {
  Deno.test(`findRoom() finds no room for ${Deno.inspect(name)}`, () => {
    assert.equal(findRoom(contract, name), undefined);
  });
}

Deno.test("findRoom() finds inherited names only if the contract has them", () => {
  assert.equal(findRoom(contract, "__proto__"), undefined);
  const parts = { rooms: Object.fromEntries([["__proto__", {}]]) };
  const inherited = defineContract(parts);
  const found = findRoom(inherited, "__proto__");
  assert.equal(found?.pattern, "__proto__");
  assert.equal(found.entry, Object.values(parts.rooms)[0]);
});

Deno.test("findRoom() prepares the rooms of a contract once", () => {
  const found = findRoom(contract, "lobby");
  assert.equal(findRoom(contract, "lobby"), found);
});

Deno.test("findRoom() finds no room in a contract without rooms", () => {
  assert.equal(findRoom(defineContract({}), "lobby"), undefined);
});

Deno.test("requireRoom() throws for a room that the contract does not have", () => {
  const found = requireRoom("Cannot join", contract, "chat:2");
  assert.equal(found?.pattern, "chat:{id}");
  assert.throws(() => requireRoom("Cannot join", contract, "loby"), {
    name: "TypeError",
    message:
      `Cannot join: the contract does not have this room. Did you mean "lobby"?`,
  });
  assert.throws(() => requireRoom("Cannot join", defineContract({}), "lobby"), {
    name: "TypeError",
    message:
      "Cannot join: the contract does not have this room. There are no rooms.",
  });
});

Deno.test("requireRoom() accepts every name without a contract", () => {
  assert.equal(requireRoom("Cannot join", undefined, "any"), undefined);
});

Deno.test("canPublish() returns true for the events in `publishes`", () => {
  const chat = rooms["chat:{id}"];
  assert.equal(canPublish(chat, "say"), true);
  for (const name of ["tick", "shout", "toString", "__proto__"]) {
    assert.equal(canPublish(chat, name), false);
  }
});

Deno.test("canPublish() returns true for all events of a room without `publishes`", () => {
  const part = rooms["chat:{id}:{part}"];
  assert.equal(canPublish(part, "add"), true);
  assert.equal(canPublish(part, "remove"), true);
  assert.equal(canPublish(part, "say"), false);
  assert.equal(canPublish(part, "toString"), false);
  assert.equal(canPublish(rooms.lobby, "say"), false);
});

Deno.test("latestKeyOf() distinguishes the results of `latest`, and the events", () => {
  const chat = rooms["chat:{id}"];
  const keys = ["move", "jump"].flatMap((event) =>
    [1, "1", 2, "a", "", NaN, "NaN", Infinity, "1,2"].map((id) =>
      latestKeyOf(chat, event, { id })
    )
  );
  assert.equal(new Set(keys).size, 18);
  assert(!keys.includes(undefined));
  assert.equal(
    latestKeyOf(chat, "move", { id: 1, x: 1 }),
    latestKeyOf(chat, "move", { id: 1, x: 2 }),
  );
});

Deno.test("latestKeyOf() returns undefined for events without `latest`", () => {
  const chat = rooms["chat:{id}"];
  for (const event of ["say", "tick", "shout", "toString", "__proto__"]) {
    assert.equal(latestKeyOf(chat, event, { id: 1 }), undefined);
  }
  assert.equal(latestKeyOf(rooms.lobby, "move", { id: 1 }), undefined);
});

for (const id of [undefined, null, true, {}, 1n, Symbol("no")]) {
  Deno.test(`latestKeyOf() rejects the key ${Deno.inspect(id)}`, () => {
    assert.throws(() => latestKeyOf(rooms["chat:{id}"], "move", { id }), {
      name: "TypeError",
      message:
        /^Cannot send event "move": the result of 'latest' must be a string or a number\. It is /,
    });
  });
}

Deno.test("latestKeyOf() throws the error of `latest`", () => {
  assert.throws(() => latestKeyOf(rooms["chat:{id}"], "move", null), TypeError);
});
