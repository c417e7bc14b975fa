/** The keys of the login and its answer for the extension `rooms`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import { decodeLogin } from "../../protocol/client_frames.ts";
import { encodeLogin, encodeLoginAnswer } from "../../protocol/encode.ts";
import { FEATURES } from "../../protocol/features.ts";
import { serverFeaturesOf } from "../../protocol/server_frames.ts";
import { shownType } from "../support/json_types.ts";
import { ALL_FEATURES } from "../support/rooms.ts";

const SECRET = "aZ09_-aZ09_-aZ09_-aZ09";

/** Decodes a login with the key `member`. */
function decode(member: unknown, features: readonly string[] = ["rooms"]) {
  const frame = { id: 0, token: "test", version: "1.1.0", features, member };
  return decodeLogin(JSON.stringify(frame));
}

Deno.test("a login returns the secret of a member", () => {
  const login = decode(SECRET);
  assert(login.kind === "login");
  assert.equal(login.member, SECRET);
});

Deno.test("a login needs no secret", () => {
  const login = decode(undefined);
  assert(login.kind === "login");
  assert(!("member" in login));
});

for (
  const member of [
    ...["", SECRET.slice(1), `${SECRET}a`, `${SECRET.slice(1)}=`],
    ...[`${SECRET.slice(1)}\n`, `${SECRET.slice(1)}ö`, "a".repeat(100_000)],
  ]
) {
  const shown = JSON.stringify(member.slice(0, 30));
  Deno.test(`a login is rejected with the secret ${shown} of ${member.length}`, () => {
    assert.deepEqual(decode(member), {
      kind: "invalid",
      id: 0,
      code: ErrorCode.INVALID_CONTENT,
      data: { current: "str", needed: "str" },
      description: '"member" must have 22 characters of base64url',
      fatal: false,
    });
  });
}

for (
  const [member, current] of [
    [null, null],
    [1, "int"],
    [[SECRET], "list"],
    [{ secret: SECRET }, "dict"],
  ] as const
) {
  Deno.test(`a login is rejected with the member ${JSON.stringify(member)}`, () => {
    const login = decode(member);
    assert(login.kind === "invalid");
    assert.deepEqual(login.data, { current, needed: "str" });
    assert.equal(
      login.description,
      `"member" must be a string, not ${shownType(current)}`,
    );
  });
}

for (const member of [SECRET, "short", null, 1]) {
  Deno.test(`the member ${JSON.stringify(member)} is ignored without the extension`, () => {
    for (const features of [[], ["batch"]]) {
      const login = decode(member, features);
      assert(login.kind === "login" && !("member" in login));
    }
  });
}

Deno.test("a login of Hoist 1 can have any key member", () => {
  const frame = '{"id": 0, "token": "test", "version": "1.0.2", "member": 1}';
  const login = decodeLogin(frame);
  assert(login.kind === "login" && !("member" in login));
});

Deno.test("a login has both a heartbeat and a secret", () => {
  const heartbeat = { interval: 1_000, timeout: 1_000 };
  const extras = { heartbeat, member: SECRET };
  const frame = encodeLogin("test", "1.1.0", [...ALL_FEATURES], extras)(0);
  const login = decodeLogin(frame);
  assert(login.kind === "login");
  assert.deepEqual([login.heartbeat, login.member], [heartbeat, SECRET]);
  const plain = JSON.parse(encodeLogin("test", "1.1.0", FEATURES)(0));
  assert(!("member" in plain) && !("heartbeat" in plain));
});

Deno.test("the answer to a login contains how many rooms a client can join", () => {
  const limits = { maxRooms: 128, maxPayload: 9 };
  const frame = JSON.parse(encodeLoginAnswer(0, ALL_FEATURES, limits));
  assert.deepEqual(frame.data.rooms, { max: 128 });
  assert.equal(frame.data.maxPayload, 9);
  const terms = serverFeaturesOf(frame.data);
  assert.deepEqual([terms.maxRooms, terms.maxPayload], [128, 9]);
  assert(terms.features.has("rooms"));
});

Deno.test("the answer to a login has no rooms without the extension", () => {
  const others = FEATURES.filter((feature) => feature !== "rooms");
  const answer = encodeLoginAnswer(0, new Set(others), { maxRooms: 128 });
  assert(!("rooms" in JSON.parse(answer).data));
  assert.equal(JSON.parse(encodeLoginAnswer(0, null)).data, null);
});

for (
  const [rooms, maxRooms] of [
    [{ max: 1 }, 1],
    [{ max: 128, node: "a" }, 128],
    [{ max: 0 }, 0],
    [{ max: -1 }, 0],
    [{ max: 1.5 }, 0],
    [{ max: "128" }, 0],
    [{}, 0],
    [[128], 0],
    [128, 0],
    [null, 0],
  ] as const
) {
  Deno.test(`serverFeaturesOf() reads the rooms ${JSON.stringify(rooms)}`, () => {
    const data = { features: ["rooms"], rooms } as const;
    const terms = serverFeaturesOf(data);
    assert.equal(terms.maxRooms, maxRooms);
  });
}

Deno.test("serverFeaturesOf() ignores the rooms of a server without the extension", () => {
  const data = { features: ["batch"], rooms: { max: 9 } };
  const terms = serverFeaturesOf(data);
  assert.equal(terms.maxRooms, 0);
});
