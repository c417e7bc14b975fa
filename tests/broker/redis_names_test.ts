/** The names of the keys and channels in Redis. */

import assert from "node:assert/strict";
import { RedisNames } from "../../broker/redis_names.ts";

const names = new RedisNames("hoist");

function keyOf(room: string, key: string): string {
  const publisher = "AbCdEfGhIjKlMnOpQrSt";
  return names.key(room, { publisher, key, isRepeated: false });
}

Deno.test("Redis: the names show the room and the key", () => {
  assert.equal(names.room("chat:1").log, "hoist:room:{chat=3a1}:log");
  const expected = "hoist:room:{chat=3a1}:key:AbCdEfGhIjKlMnOpQrSt:ab-1";
  assert.equal(keyOf("chat:1", "ab-1"), expected);
});

Deno.test("Redis: the longest names that a client can choose are short", () => {
  const [room, key] = ["!".repeat(200), "!".repeat(64)];
  const { meta, log, live } = names.room(room);
  for (const name of [meta, log, live, keyOf(room, key)]) {
    assert(name.length <= 160, name);
    // All names of a room have the same hash tag.
    assert.equal(/\{.*?\}/.exec(name)![0], /\{.*?\}/.exec(log)![0]);
  }
  assert.notEqual(keyOf(room, key), keyOf(room, `${key.slice(1)}?`));
  assert.notEqual(keyOf(room, key), keyOf(`${room.slice(1)}?`, key));
});
