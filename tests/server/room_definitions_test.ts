/** The definitions of rooms: their options, and which one a room has. */

import assert from "node:assert/strict";
import type { HistoryOptions } from "../../broker/broker.ts";
import { HoistError } from "../../common/errors.ts";
import type { RoomOptions } from "../../server.ts";
import { RoomDefinitions } from "../../server/room_definitions.ts";

function define(options: unknown, pattern = "a") {
  const definitions = new RoomDefinitions();
  definitions.add(pattern, options as RoomOptions, []);
  return definitions.find("a")!.definition;
}

const VALID: readonly RoomOptions[] = [
  {},
  { history: undefined, authorize: undefined, publish: undefined },
  { history: { size: 1 } },
  { history: { size: 100_000, ttl: 1, maxBytes: 1 } },
  { history: { size: 1, ttl: Infinity, maxBytes: Infinity } },
  { authorize: () => true, publish: true },
  { publish: () => true, presence: () => false },
  { onJoin: () => {}, onLeave: () => {} },
];

Deno.test("a definition has valid options", () => {
  for (const options of VALID) define(options);
  assert.equal(define({}).history, undefined);
  assert.deepEqual(define({ history: { size: 3 } }).history, {
    size: 3,
    ttl: Infinity,
    maxBytes: 1_048_576,
  });
});

for (
  const [options, name, message] of [
    [null, "TypeError", /the options must be an object. They are null.$/],
    [{ histroy: 1 }, "TypeError", /'histroy'. Did you mean 'history'\?$/],
    [{ authorize: true }, "TypeError", /'authorize' must be a function/],
    [{ publish: "yes" }, "TypeError", /'publish' must be a boolean or a/],
    [{ publish: null }, "TypeError", /'publish' must be a boolean or a/],
    [{ presence: {} }, "TypeError", /'presence' must be a function/],
    [{ onJoin: null }, "TypeError", /'onJoin' must be a function/],
    [{ onLeave: 1 }, "TypeError", /'onLeave' must be a function/],
    [{ history: true }, "TypeError", /'history' must be an object/],
    [{ history: null }, "TypeError", /'history' must be an object/],
    [{ history: [] }, "TypeError", /'history' must be an object/],
    [{ history: {} }, "TypeError", /'history.size' must be a/],
    [{ history: { size: "1" } }, "TypeError", /'history.size' must be a/],
    [{ history: { size: 0 } }, "RangeError", /'history.size' must be a/],
    [{ history: { size: 1.5 } }, "RangeError", /'history.size' must be a/],
    [{ history: { size: 100_001 } }, "RangeError", /'history.size' must/],
    [{ history: { size: NaN } }, "RangeError", /'history.size' must be a/],
    [{ history: { size: 1, ttl: 0 } }, "RangeError", /'history.ttl' must/],
    [{ history: { size: 1, ttl: null } }, "TypeError", /'history.ttl' must/],
    [{ history: { size: 1, maxBytes: 0 } }, "RangeError", /'history.maxB/],
    [
      { history: { size: 1, max: 0 } },
      "TypeError",
      /unknown option 'max' in 'history'/,
    ],
  ] as const
) {
  Deno.test(`a definition rejects ${Deno.inspect(options)}`, () => {
    assert.throws(() => define(options), { name, message });
  });
}

Deno.test("an invalid definition changes nothing", () => {
  const definitions = new RoomDefinitions();
  assert.throws(() => definitions.add("a", { publish: 1 as never }, []));
  assert.equal(definitions.find("a"), undefined);
  definitions.add("a", {}, []);
});

Deno.test("an exact name precedes a pattern, and a longer prefix a shorter one", () => {
  const sources = [
    "{a}",
    "chat:{id}",
    "chat:vip-{id}",
    "chat:vip-1",
    "{a}:{b}",
  ];
  const others = ["news:{a}:{b}", "chat:{a}:log"];
  // The order of the definitions does not matter.
  for (const order of [sources, sources.toReversed()]) {
    const definitions = new RoomDefinitions();
    for (const source of [...order, ...others]) definitions.add(source, {}, []);
    const find = (name: string) => {
      const found = definitions.find(name);
      return found &&
        [found.definition.pattern.source, { ...found.info.params }];
    };
    assert.deepEqual(find("lobby"), ["{a}", { a: "lobby" }]);
    assert.deepEqual(find("chat:1"), ["chat:{id}", { id: "1" }]);
    assert.deepEqual(find("chat:vip-2"), ["chat:vip-{id}", { id: "2" }]);
    assert.deepEqual(find("chat:vip-1"), ["chat:vip-1", {}]);
    assert.deepEqual(find("other:1"), ["{a}:{b}", { a: "other", b: "1" }]);
    assert.deepEqual(find("chat:7:log"), ["chat:{a}:log", { a: "7" }]);
    for (const name of ["chat:1:2", "a:b:c", ":", "chat:", ""]) {
      assert.equal(find(name), undefined, name);
    }
  }
});

for (
  const [one, other] of [
    ["a", "a"],
    ["{a}", "{b}"],
    ["chat:{id}", "chat:{name}"],
    ["chat:{a}-x", "chat:x-{b}"],
    ["{a}:x", "{b}:{c}"],
  ] as const
) {
  const isTie = one !== "chat:{a}-x";
  const message = one === other ? /"a": it is already defined/ : /it ties with/;
  Deno.test(`${one} and ${other} ${isTie ? "tie" : "do not tie"}`, () => {
    const definitions = new RoomDefinitions();
    definitions.add(one, {}, []);
    const add = () => definitions.add(other, {}, []);
    if (!isTie) return add();
    assert.throws(add, { name: "TypeError", message });
    assert.throws(() => definitions.add(one, {}, []), TypeError);
  });
}

Deno.test("a history that the broker cannot keep is not defined", () => {
  const histories: HistoryOptions[] = [];
  const definitions = new RoomDefinitions(undefined, (history) => {
    histories.push(history);
    if (history.size > 1) throw new HoistError("too much");
  });
  definitions.add("none", {}, []);
  definitions.add("short", { history: { size: 1, ttl: 5 } }, []);
  const add = () => definitions.add("long", { history: { size: 2 } }, []);
  assert.throws(add, HoistError);
  assert.deepEqual(
    histories.map(({ size, ttl }) => [size, ttl]),
    [[1, 5], [2, Infinity]],
  );
  assert.equal(definitions.find("long"), undefined);
});

Deno.test("a room with members keeps its definition", () => {
  const definitions = new RoomDefinitions();
  definitions.add("chat:{id}", {}, []);
  const used = [definitions.find("chat:1")!];
  definitions.add("chat:2", {}, used);
  definitions.add("{any}:{id}", {}, used);
  assert.throws(() => definitions.add("chat:1", {}, used), {
    name: "HoistError",
    message:
      'Cannot define the room "chat:1": the room "chat:1" has members, and another definition. Define all rooms before clients join.',
  });
  assert.equal(definitions.find("chat:1")?.definition, used[0]?.definition);
});
