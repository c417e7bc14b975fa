/** Tests of `protocol/room_frames.ts`: what the server decodes about rooms. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import { FEATURES } from "../../protocol/features.ts";
import { decodeRequest } from "../../protocol/client_frames.ts";
import { NO_IDS } from "../support/client_frames.ts";
import { shownType } from "../support/json_types.ts";
import { ALL_FEATURES } from "../support/rooms.ts";

/** A frame of each action, and what it is decoded as. */
const FRAMES = {
  join: {
    data: { room: "chat:1", since: "k3x.41.9f2c", echo: false, presence: {} },
    frame: { since: "k3x.41.9f2c", last: null, echo: false, members: true },
  },
  leave: { data: { room: "chat:1" }, frame: {} },
  publish: {
    data: { room: "chat:1", message: "say", data: { a: 1 }, key: "c1-77" },
    frame: { name: "say", data: { a: 1 }, key: "c1-77", isRepeated: false },
  },
  members: { data: { room: "chat:1" }, frame: {} },
  presence: { data: { room: "chat:1", presence: null }, frame: {} },
} as const;

type Action = keyof typeof FRAMES;

const ACTIONS = Object.keys(FRAMES) as Action[];

function encode(action: string, data: unknown, id: unknown = 7): string {
  return JSON.stringify({ id, action, data });
}

function decode(action: string, data: unknown, id?: unknown) {
  return decodeRequest(encode(action, data, id), ALL_FEATURES);
}

/** Asserts that the response to a frame is code 2 with a description. */
function assertRejected(
  action: Action,
  fields: object,
  description: string,
  types: { readonly current: string | null; readonly needed: unknown },
): void {
  const data = { ...FRAMES[action].data, ...fields };
  assert.deepEqual(decode(action, data), {
    kind: "invalid",
    id: 7,
    code: ErrorCode.INVALID_CONTENT,
    data: types,
    description,
    fatal: false,
  });
}

for (const action of ACTIONS) {
  const { data, frame } = FRAMES[action];
  const presence = "presence" in data ? { presence: data.presence } : {};
  const decoded = {
    kind: action,
    id: 7,
    room: "chat:1",
    ...frame,
    ...presence,
  };

  Deno.test(`the action ${action} is decoded`, () => {
    assert.deepEqual(decode(action, data), decoded);
  });

  Deno.test(`the action ${action} can have additional keys`, () => {
    const more = { ...data, more: 1, id: 9, kind: "operation" };
    assert.deepEqual(decode(action, more), decoded);
  });

  Deno.test(`the action ${action} is unknown without the extension`, () => {
    const others = FEATURES.filter((feature) => feature !== "rooms");
    for (const features of [[], others]) {
      const frame = decodeRequest(encode(action, data), new Set(features));
      assert(frame.kind === "invalid");
      assert.equal(frame.code, ErrorCode.INVALID_ACTION);
      assert(!frame.description?.includes(action));
    }
  });

  for (const [id, current] of NO_IDS) {
    Deno.test(`the action ${action} is rejected with the id ${id}`, () => {
      const json = encode(action, data, "<id>").replace('"<id>"', id);
      const frame = decodeRequest(json, ALL_FEATURES);
      assert(frame.kind === "invalid");
      assert.deepEqual(frame.data, { current, needed: "int" });
    });
  }

  for (
    const [room, current] of [
      [undefined, null],
      [null, null],
      [1, "int"],
      [["chat:1"], "list"],
      [{}, "dict"],
    ] as const
  ) {
    Deno.test(`the action ${action} is rejected with the room ${JSON.stringify(room)}`, () => {
      assertRejected(
        action,
        { room },
        `"data.room" must be a string, not ${shownType(current)}`,
        { current, needed: "str" },
      );
    });
  }

  for (const room of ["", "a".repeat(201), "ö".repeat(101), "\ud800"]) {
    Deno.test(`the action ${action} is rejected with the room ${JSON.stringify(room)}`, () => {
      assertRejected(
        action,
        { room },
        '"data.room" must have 1 to 200 bytes of UTF-8',
        { current: "str", needed: "str" },
      );
    });
  }

  for (const room of ["a".repeat(200), "ö".repeat(100), "\r\n.*>{x}"]) {
    Deno.test(`the action ${action} accepts the room ${JSON.stringify(room)}`, () => {
      const frame = decode(action, { ...data, room });
      assert(frame.kind === action);
      assert.equal(frame.room, room);
    });
  }
}

Deno.test("the error for an unknown action names the actions of rooms", () => {
  const frame = decode("fly", {});
  assert(frame.kind === "invalid");
  assert.match(
    frame.description ?? "",
    /"join", "leave", "publish", "members" or "presence"$/,
  );
});

Deno.test("a join has defaults", () => {
  const expected = {
    ...{ kind: "join", id: 7, room: "a", since: null, last: null },
    ...{ echo: true, members: true, presence: null },
  };
  assert.deepEqual(decode("join", { room: "a" }), expected);
  const nulls = { room: "a", since: null, last: null, presence: null };
  assert.deepEqual(decode("join", nulls), expected);
});

Deno.test("a join can ask for the last messages", () => {
  for (const last of [0, 1, 1_000]) {
    const { since: _, ...data } = FRAMES.join.data;
    for (const fields of [{ last }, { last, since: null }]) {
      const frame = decode("join", { ...data, ...fields });
      assert(frame.kind === "join");
      assert.deepEqual([frame.last, frame.since], [last, null]);
    }
  }
});

for (const since of ["a", ".", "aZ09_-.".repeat(9), "a".repeat(64)]) {
  Deno.test(`the position ${since} is accepted`, () => {
    const frame = decode("join", { room: "a", since });
    assert(frame.kind === "join" && frame.since === since);
  });
}

for (const presence of [{}, { name: "Ada", at: [1, null] }, null, false]) {
  Deno.test(`the presence ${JSON.stringify(presence)} is accepted`, () => {
    for (const action of ["join", "presence"]) {
      const frame = decode(action, { room: "a", presence });
      assert(frame.kind === "join" || frame.kind === "presence");
      assert.deepEqual(frame.presence, presence);
    }
  });
}

for (const repeated of [true, false]) {
  for (const key of ["a", " ", "~", '!"\\'.repeat(21), "a".repeat(64)]) {
    Deno.test(`a publication with the key ${JSON.stringify(key)} and repeated: ${repeated} is accepted`, () => {
      const data = { ...FRAMES.publish.data, key, repeated };
      const frame = decode("publish", data);
      assert(frame.kind === "publish");
      assert.deepEqual([frame.key, frame.isRepeated], [key, repeated]);
    });
  }
}

/** Fields that are invalid, and what is wrong. */
const INVALID: readonly (readonly [
  action: Action,
  fields: object,
  current: string | null,
  needed: unknown,
  description: string,
])[] = [
  ...["", "a".repeat(65), "a b", "ö", "a\n", "\ud800"].map((since) =>
    [
      "join",
      { since },
      "str",
      ["str", "None"],
      'since" must have 1 to 64 of the characters A-Z, a-z, 0-9, "_", "-" and "."',
    ] as const
  ),
  [
    "join",
    { since: 1 },
    "int",
    ["str", "None"],
    'since" must be a string or null, not an integer',
  ],
  ...[-1, 1_001, 2 ** 53].map((last) =>
    [
      "join",
      { since: null, last },
      "int",
      ["int", "None"],
      'last" must be a whole number from 0 to 1000',
    ] as const
  ),
  [
    "join",
    { last: 0.5 },
    "float",
    ["int", "None"],
    'last" must be an integer or null, not a fractional number',
  ],
  [
    "join",
    { last: "1" },
    "str",
    ["int", "None"],
    'last" must be an integer or null, not a string',
  ],
  [
    "join",
    { last: 1 },
    "dict",
    "dict",
    'since" and "data.last" exclude each other',
  ],
  ["join", { echo: null }, null, "bool", 'echo" must be a boolean, not null'],
  [
    "join",
    { echo: 1 },
    "int",
    "bool",
    'echo" must be a boolean, not an integer',
  ],
  [
    "join",
    { members: "no" },
    "str",
    "bool",
    'members" must be a boolean, not a string',
  ],
  [
    "publish",
    { message: null },
    null,
    "str",
    'message" must be a string, not null',
  ],
  [
    "publish",
    { data: [] },
    "list",
    "dict",
    'data" must be an object, not an array',
  ],
  [
    "publish",
    { data: null },
    null,
    "dict",
    'data" must be an object, not null',
  ],
  [
    "publish",
    { key: undefined },
    null,
    "str",
    'key" must be a string, not null',
  ],
  [
    "publish",
    { key: 1 },
    "int",
    "str",
    'key" must be a string, not an integer',
  ],
  ...["", "a".repeat(65), "\x1f", "\x7f", "a\n", "ö", "😀"].map((key) =>
    [
      "publish",
      { key },
      "str",
      "str",
      'key" must have 1 to 64 printable characters of ASCII',
    ] as const
  ),
  [
    "publish",
    { repeated: null },
    null,
    "bool",
    'repeated" must be a boolean, not null',
  ],
  [
    "publish",
    { repeated: 1 },
    "int",
    "bool",
    'repeated" must be a boolean, not an integer',
  ],
  [
    "presence",
    { presence: undefined },
    null,
    ["dict", "None", "bool"],
    'presence" must be an object of at most 4096 bytes of JSON without numbers beyond the range of a double, null or false',
  ],
];

for (const [action, fields, current, needed, description] of INVALID) {
  Deno.test(`the action ${action} is rejected with ${JSON.stringify(fields)}`, () => {
    const types = { current, needed };
    assertRejected(action, fields, `"data.${description}`, types);
  });
}

for (const action of ["join", "presence"] as const) {
  Deno.test(`a presence with 1e400 in ${action} is rejected`, () => {
    const data = { room: "a", presence: { a: [{ n: Infinity }] } };
    const text = JSON.stringify({ id: 1, action, data });
    const frame = decodeRequest(text.replace("null", "1e400"), ALL_FEATURES);
    assert(frame.kind === "invalid");
    assert.match(frame.description ?? "", /beyond the range of a double/);
  });
}

/** Makes a presence of a number of bytes. */
function presenceOf(bytes: number, character = "a"): object {
  const rest = bytes - '{"a":""}'.length;
  const { length } = new TextEncoder().encode(character);
  const text = character.repeat(Math.floor(rest / length));
  return { a: text + "a".repeat(rest % length) };
}

for (const character of ["a", "ö", "😀"]) {
  for (const action of ["join", "presence"] as const) {
    Deno.test(`a presence of ${character} in ${action} has at most 4,096 bytes`, () => {
      const presence = presenceOf(4_096, character);
      const data = { ...FRAMES[action].data, presence };
      assert.equal(decode(action, data).kind, action);
      assertRejected(
        action,
        { presence: presenceOf(4_097, character) },
        '"data.presence" must be an object of at most 4096 bytes of JSON without numbers beyond the range of a double, null or false',
        { current: "dict", needed: ["dict", "None", "bool"] },
      );
    });
  }
}

Deno.test("the presence true is rejected", () => {
  for (const action of ["join", "presence"] as const) {
    assertRejected(
      action,
      { presence: true },
      '"data.presence" must be an object of at most 4096 bytes of JSON without numbers beyond the range of a double, null or false',
      { current: "bool", needed: ["dict", "None", "bool"] },
    );
  }
});

Deno.test("a presence that is nested deeper than the stack allows is rejected", () => {
  const depth = 200_000;
  // With the key toJSON, JSON.stringify is recursive.
  const json = `${'{"toJSON":1,"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const frame = encode("presence", { room: "a", presence: "<here>" })
    .replace('"<here>"', json);
  assert.equal(decodeRequest(frame, ALL_FEATURES).kind, "invalid");
});

Deno.test("fields in __proto__ are ignored", () => {
  const frame = decodeRequest(
    '{"id": 7, "action": "leave", "data": {"__proto__": {"room": "a"}}}',
    ALL_FEATURES,
  );
  assert.equal(frame.kind, "invalid");
});
