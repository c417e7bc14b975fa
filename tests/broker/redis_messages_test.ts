/** What comes from Redis about a room. */

import assert from "node:assert/strict";
import { parseRoomMessage } from "../../broker/redis_messages.ts";

Deno.test("parses the messages in the channel of a room", () => {
  assert.equal(parseRoomMessage("S"), "stale");
  assert.deepEqual(parseRoomMessage("M a b"), {
    ...{ position: null, previous: null },
    payload: "a b",
  });
  assert.deepEqual(parseRoomMessage("P e.2.b e.1.a x y z"), {
    ...{ position: "e.2.b", previous: "e.1.a" },
    payload: "x y z",
  });
  assert.deepEqual(parseRoomMessage("P e.1.a e.0. "), {
    ...{ position: "e.1.a", previous: "e.0." },
    payload: "",
  });
});

Deno.test("ignores every other message in the channel", () => {
  const others = [
    ...["", "s", "SS", "M", "P", "P ", "P  ", "P   ", "p e.2.b e.1.a x"],
    ...["P e.2.b", "P e.2.b ", "P e.2.b e.1.a", "P e.2.b e.1.ax", "P e.2.b P"],
    ...["P e.2.b  x", "P  e.1.a x", "P e.2 e.1.a x", "P e.2.b e.1 x"],
    ...["P\te.2.b e.1.a x", "P e.2.b\te.1.a x", "P e.2.b\ne.1.a x"],
    ...["P e.9007199254740993.b e.1.a x", `P ${"e".repeat(41)}.2.b e.1.a x`],
    ...[`P ${"x".repeat(100_000)}`, `P ${" ".repeat(100_000)}`],
  ];
  for (const each of others) {
    assert.equal(parseRoomMessage(each), undefined, each.slice(0, 50));
  }
});
