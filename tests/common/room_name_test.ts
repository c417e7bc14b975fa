/** Tests of the names of rooms in `common/room_name.ts`. */

import assert from "node:assert/strict";
import {
  checkRoomName,
  isRoomName,
  MAX_ROOM_NAME,
} from "../../common/room_name.ts";

/** Names with characters that a broker or a log could interpret. */
const NAMES = [
  ...["a", " ", "lobby", "chat:1", "żółć 😀", "\u2028\u2029", "\0\x7f"],
  ...["a..b", ".", "room.*", "room.>", "\r\nPUB evil", "{id}", "}", "%00"],
  ...["__proto__", "constructor", "\\", '"', "e\u0301", "\ufffd", "\u{10ffff}"],
];

/** The longest names of characters with one to four bytes. */
const LONGEST = ["a", "ö", "€", "😀"].map((character) => {
  const { length } = new TextEncoder().encode(character);
  const rest = "a".repeat(MAX_ROOM_NAME % length);
  return character.repeat(Math.floor(MAX_ROOM_NAME / length)) + rest;
});

for (const name of [...NAMES, ...LONGEST]) {
  Deno.test(`${JSON.stringify(name)} is the name of a room`, () => {
    assert(isRoomName(name));
    checkRoomName("Cannot join", name);
  });
}

Deno.test("the longest names have 200 bytes", () => {
  for (const name of LONGEST) {
    assert.equal(new TextEncoder().encode(name).length, 200);
  }
});

for (
  const [name, bytes] of [
    ["", 0],
    ...LONGEST.map((name) => [`${name}a`, 201] as const),
    ["€".repeat(67), 201],
    ["😀".repeat(200), 800],
  ] as const
) {
  Deno.test(`${JSON.stringify(name)} is not the name of a room`, () => {
    assert(!isRoomName(name));
    assert.throws(() => checkRoomName("Cannot join", name), {
      name: "RangeError",
      message:
        `Cannot join: the name of the room must have 1 to 200 bytes of UTF-8. It has ${bytes} bytes.`,
    });
  });
}

for (const name of ["\ud800", "a\udc00", "\udc00\ud800", "😀\ud83d"]) {
  Deno.test(`${JSON.stringify(name)} is not well-formed`, () => {
    assert(!isRoomName(name));
    assert.throws(() => checkRoomName("Cannot join", name), {
      name: "TypeError",
      message: /^Cannot join: the name of the room must not contain a lone /,
    });
  });
}

for (const name of [undefined, null, 1, true, [], ["a"], {}, { length: 1 }]) {
  Deno.test(`${JSON.stringify(name)} is not a string`, () => {
    assert(!isRoomName(name));
    assert.throws(() => checkRoomName(() => "Cannot join", name), {
      name: "TypeError",
      message: /^Cannot join: the name of the room must be a string\. It is /,
    });
  });
}

Deno.test("a string of a hundred million characters is rejected at once", () => {
  assert(!isRoomName("a".repeat(100_000_000)));
});
