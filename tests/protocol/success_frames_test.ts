/** Tests of the frames about rooms that a server sends, and the client decodes. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import { encodeMessage } from "../../protocol/encode.ts";
import { NO_FEATURES } from "../../protocol/features.ts";
import { GAP_REASONS, type MemberEntry } from "../../protocol/room_fields.ts";
import {
  encodeGap,
  encodeJoined,
  encodeLeft,
  encodeMember,
  encodeMemberList,
  encodeMembers,
  encodePresenceChanges,
  encodePublication,
  encodePublished,
  encodePutOut,
  type JoinedFields,
  type MemberList,
} from "../../protocol/success_frames.ts";
import {
  decodeServerFrame,
  decodeServerFrames,
} from "../../protocol/server_frames.ts";
import { seededRandom } from "../support/random.ts";
import { SUCCESS } from "../support/raw_client.ts";
import {
  ALL_FEATURES,
  choose,
  damage,
  RandomFields,
} from "../support/rooms.ts";

/** Decodes a frame like a client that has agreed on the extension. */
function decode(frame: string) {
  return decodeServerFrame(frame, ALL_FEATURES);
}

/** Decodes a success of a kind. */
function decodeData(message: string, data: unknown, id: number | null = null) {
  return decode(JSON.stringify({ ...SUCCESS, id, message, data }));
}

/** Returns the frame for an invalid one. Only a request that waits for it needs to know. */
function invalid(id: number | null): object | null {
  return id === null ? null : { kind: "invalid", id, isLast: true };
}

const JOINED = {
  room: "chat:1",
  position: "k3x.44.07aa",
  recovered: true,
  missed: 3,
  member: "m-1",
  connection: "c-1",
  secret: "A".repeat(22),
  publish: true,
} as const;

const ENTRY = { member: "m-1", connection: "c-1", presence: { name: "Ada" } };

Deno.test("the frames of a server match docs/reference/protocol.md", () => {
  const success = (data: string, message: string, id: number | null) =>
    `{"success":true,"data":${data},"error":null,"code":0,"message":"${message}","desc":null,"id":${id}}`;
  const list =
    '{"list":[{"member":"m-1","connection":"c-1","presence":{"name":"Ada"}}],"count":1,"complete":true}';
  const members = encodeMemberList([encodeMember(ENTRY)], 1, true);
  assert.equal(members, list);
  assert.equal(encodeMembers(10, members), success(list, "members", 10));
  const joined = JSON.stringify(JOINED);
  assert.equal(encodeJoined(7, JOINED), success(joined, "joined", 7));
  assert.equal(
    encodeJoined(null, JOINED, members),
    success(`${joined.slice(0, -1)},"members":${list}}`, "joined", null),
  );
  assert.equal(
    encodeLeft(8, "chat:1"),
    success('{"room":"chat:1"}', "left", 8),
  );
  assert.equal(
    encodePutOut("chat:1", "removed"),
    success('{"room":"chat:1","reason":"removed"}', "left", null),
  );
  assert.equal(
    encodePublished(9, "k3x.45.aa10", false),
    success('{"position":"k3x.45.aa10","duplicate":false}', "published", 9),
  );
  const changes = { join: [encodeMember(ENTRY)], leave: ["c-2"], count: 4 };
  assert.equal(
    encodePresenceChanges("chat:1", changes),
    success(
      '{"room":"chat:1","join":[{"member":"m-1","connection":"c-1","presence":{"name":"Ada"}}],"leave":["c-2"],"count":4}',
      "presence",
      null,
    ),
  );
  const fields = { room: "chat:1", position: "k3x.42.1b00", from: "m-1" };
  assert.equal(
    encodePublication(fields, encodeMessage("news", {}, null, 812)),
    success(
      '{"room":"chat:1","position":"k3x.42.1b00","from":"m-1","message":"news","data":{},"replying":null,"id":812}',
      "r_newmsg",
      null,
    ),
  );
  assert.equal(
    encodeGap({ room: "chat:1", position: "k3x.90.e1d4", reason: "slow" }),
    success(
      '{"room":"chat:1","position":"k3x.90.e1d4","reason":"slow"}',
      "gap",
      null,
    ),
  );
});

/** A valid frame of each kind: its id, its data, and what it is decoded as. */
const VALID: Readonly<
  Record<string, readonly [id: number | null, data: JsonObject, kind: string]>
> = {
  joined: [7, JOINED, "joined"],
  left: [8, { room: "chat:1" }, "left"],
  published: [9, { position: null, duplicate: true }, "published"],
  members: [10, { list: [ENTRY], count: 1, complete: true }, "members"],
  presence: [
    null,
    { room: "chat:1", join: [ENTRY], leave: ["c-2"], count: 1 },
    "presence",
  ],
  r_newmsg: [null, {
    ...{ room: "chat:1", position: null, from: null },
    ...{ message: "news", data: {}, replying: null, id: 1 },
  }, "publication"],
  gap: [null, { room: "chat:1", position: "a", reason: "limit" }, "gap"],
};

for (const [message, [id, data, kind]] of Object.entries(VALID)) {
  Deno.test(`a frame ${message} is decoded`, () => {
    assert.equal(decodeData(message, data, id)?.kind, kind);
    assert.equal(decodeData(message, { ...data, more: 1 }, id)?.kind, kind);
  });

  Deno.test(`a frame ${message} is no frame about a room without the extension`, () => {
    const frame = JSON.stringify({ ...SUCCESS, id, message, data });
    for (const features of [undefined, NO_FEATURES]) {
      const decoded = decodeServerFrame(frame, features);
      const answer = id === null ? null : { kind: "answer", id, data };
      assert.deepEqual(decoded, answer);
    }
  });

  Deno.test(`a frame ${message} without an object is rejected`, () => {
    for (const rubbish of [undefined, null, true, 1, "", [], [data]]) {
      assert.deepEqual(decodeData(message, rubbish, id), invalid(id));
    }
  });

  Deno.test(`an error with the message ${message} is an error`, () => {
    const error = { success: false, code: 6, error: "SERVER_ERROR" };
    const frame = { ...SUCCESS, ...error, id, message, data };
    assert.equal(decode(JSON.stringify(frame))?.kind, "error");
  });

  const fields = Object.keys(data).filter((name) => name !== "secret");
  for (const field of fields) {
    Deno.test(`a frame ${message} without ${field} is rejected`, () => {
      const rest = { ...data, [field]: undefined };
      assert.deepEqual(decodeData(message, rest, id), invalid(id));
    });
  }
}

for (const message of ["presence", "r_newmsg", "gap"]) {
  Deno.test(`a frame ${message} with an id is rejected`, () => {
    assert.equal(decodeData(message, VALID[message]?.[1], 1), null);
  });
}

for (const message of ["published", "members"]) {
  Deno.test(`a frame ${message} without an id is rejected`, () => {
    assert.equal(decodeData(message, VALID[message]?.[1], null), null);
  });
}

Deno.test("a server can put a client into a room and out of it", () => {
  assert.deepEqual(decodeData("joined", { ...JOINED, secret: undefined }), {
    ...{ kind: "joined", id: null },
    ...Object.fromEntries(
      Object.entries(JOINED).filter(([name]) => name !== "secret"),
    ),
  });
  for (const reason of ["removed", "closed"]) {
    const data = { room: "chat:1", reason };
    assert.deepEqual(decodeData("left", data), {
      ...{ kind: "left", id: null, ...data },
    });
  }
  assert.equal(decodeData("left", { room: "chat:1", reason: "moved" }), null);
});

/** Fields that make a valid frame invalid. */
const INVALID: Readonly<Record<string, readonly JsonObject[]>> = {
  joined: [
    ...[{ room: "" }, { room: "a".repeat(201) }, { room: "\ud800" }],
    ...[{ position: "" }, { position: "a".repeat(65) }, { position: "a b" }],
    ...[{ recovered: false }, { recovered: false, reason: "moved" }],
    ...[{ recovered: 1 }, { missed: -1 }, { missed: 0.5 }, { missed: "0" }],
    ...[{ member: "" }, { member: "a".repeat(65) }, { connection: "ö" }],
    ...[{ secret: null }, { secret: "A".repeat(21) }, {
      secret: "A".repeat(23),
    }],
    ...[{ secret: `${"A".repeat(21)}=` }, { publish: 1 }, { members: null }],
    ...[{ members: {} }, { members: { list: [], count: -1, complete: true } }],
  ],
  members: [
    ...[{ list: {} }, { list: [null] }, { list: [{}] }, { count: 1.5 }],
    ...[{ list: [{ ...ENTRY, member: 1 }] }, { complete: "yes" }],
    ...[{ list: [ENTRY, { ...ENTRY, connection: "" }] }],
    ...[{ list: [{ ...ENTRY, presence: null }] }],
    ...[{ list: [{ ...ENTRY, presence: false }] }],
  ],
  presence: [
    ...[{ join: null }, { join: ["c-1"] }, { leave: {} }, { leave: [1] }],
    ...[{ leave: ["c-1", ""] }, { count: null }, { room: 1 }],
  ],
  published: [{ position: 1 }, { position: "é" }, { duplicate: 0 }],
  r_newmsg: [
    ...[{ room: "" }, { position: 1 }, { from: "" }, { from: 1 }],
    ...[{ message: 1 }, { data: [] }, { id: "1" }, { id: null }],
    ...[{ replying: { message: "a", data: {}, id: 1, replying: null } }],
  ],
  gap: [{ reason: "lost" }, { reason: 1 }, { position: {} }, { room: [] }],
};

for (const [message, changes] of Object.entries(INVALID)) {
  const [id, data] = VALID[message]!;
  for (const change of changes) {
    Deno.test(`a frame ${message} with ${JSON.stringify(change)} is rejected`, () => {
      const changed = { ...data, ...change };
      assert.deepEqual(decodeData(message, changed, id), invalid(id));
    });
  }
}

Deno.test("frames about rooms are decoded in a batch, in their order", () => {
  const joined = encodeJoined(7, { ...JOINED, missed: 1 });
  const gap = encodeGap({ room: "a", position: null, reason: "epoch" });
  const batch = `[${joined},{"success":true,"id":null,"message":"gap"},${gap}]`;
  const frames = decodeServerFrames(batch, ALL_FEATURES);
  assert.deepEqual(frames, [decode(joined), null, decode(gap)]);
});

Deno.test("a publication without damage contains a message object only", () => {
  const frame = decodeData("r_newmsg", VALID.r_newmsg?.[1]);
  assert(frame?.kind === "publication");
  assert.deepEqual(frame.message, {
    ...{ message: "news", data: {}, replying: null, id: 1 },
  });
});

/** Makes a frame of a server, and what the client has to decode. */
function randomFrame(fields: RandomFields, id: number): [string, object] {
  const [room, position] = [fields.room(), fields.maybe(fields.opaque())];
  const { list: entries, count, complete } = randomList(fields);
  const list = entries.map(encodeMember);
  const members = encodeMemberList(list, count, complete);
  const joined = randomJoined(fields, room, position);
  const either = fields.maybe(id);
  const reason = choose(fields.random, GAP_REASONS);
  const leave = [fields.opaque(), fields.opaque()];
  const from = fields.maybe(fields.opaque());
  const [message, data] = [fields.room(), fields.data() as JsonObject];
  const wire = { message, data, id, replying: null };
  return choose<() => [string, object]>(fields.random, [
    () => [encodeJoined(either, joined), {
      kind: "joined",
      id: either,
      ...joined,
    }],
    () => [
      encodeJoined(id, joined, members),
      {
        kind: "joined",
        id,
        ...joined,
        members: { list: entries, count, complete },
      },
    ],
    () => [encodeLeft(id, room), { kind: "left", id, room }],
    () => [
      encodePublished(id, position, complete),
      { kind: "published", id, position, duplicate: complete },
    ],
    () => [
      encodeMembers(id, members),
      { kind: "members", id, list: entries, count, complete },
    ],
    () => [
      encodePresenceChanges(room, { join: list, leave, count }),
      { kind: "presence", room, join: entries, leave, count },
    ],
    () => [
      encodePublication(
        { room, position, from },
        encodeMessage(message, data, null, id),
      ),
      { kind: "publication", room, position, from, message: wire },
    ],
    () => [
      encodeGap({ room, position, reason }),
      { kind: "gap", room, position, reason },
    ],
  ])();
}

function randomList(fields: RandomFields): MemberList {
  const list = Array.from({ length: fields.count(3) }, () => {
    const ids = { member: fields.opaque(), connection: fields.opaque() };
    const presence = fields.data();
    return (fields.flag() ? ids : { ...ids, presence }) as MemberEntry;
  });
  return { list, count: fields.count(), complete: fields.flag() };
}

function randomJoined(
  fields: RandomFields,
  room: string,
  position: string | null,
): JoinedFields {
  const recovery = choose(fields.random, [
    ...[{ recovered: true }, { recovered: null }] as const,
    { recovered: false, reason: choose(fields.random, GAP_REASONS) } as const,
  ]);
  const ids = { member: fields.opaque(), connection: fields.opaque() };
  const secret = fields.flag() ? { secret: fields.secret() } : {};
  const [missed, publish] = [fields.count(), fields.flag()];
  return { ...recovery, room, position, missed, ...ids, ...secret, publish };
}

Deno.test("the client decodes what the server has encoded, for random frames", () => {
  const fields = new RandomFields(seededRandom(14));
  for (let id = 0; id < 3_000; id++) {
    const [frame, expected] = randomFrame(fields, id);
    assert.deepEqual(decode(frame), expected, frame);
  }
});

Deno.test("the client decodes damaged frames without throwing", () => {
  const fields = new RandomFields(seededRandom(15));
  const kinds = new Set<string | undefined>();
  for (let id = 0; id < 5_000; id++) {
    const [frame] = randomFrame(fields, id);
    const damaged = JSON.stringify(damage(JSON.parse(frame), fields.random));
    kinds.add(decode(damaged)?.kind);
  }
  assert(kinds.has(undefined) && kinds.size > 5, [...kinds].join());
});
