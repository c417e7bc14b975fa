/** Tests of `protocol/encode_room_frames.ts`: what a client sends about rooms. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../common/json.ts";
import { decodeRequest } from "../../protocol/client_frames.ts";
import {
  encodeJoin,
  encodeLeave,
  encodeMembersRequest,
  encodePresence,
  encodePresenceRequest,
  encodePublish,
} from "../../protocol/encode_room_frames.ts";
import { CYCLE } from "../support/attacks.ts";
import { seededRandom } from "../support/random.ts";
import {
  ALL_FEATURES,
  choose,
  damage,
  RandomFields,
} from "../support/rooms.ts";

function decode(frame: string) {
  return decodeRequest(frame, ALL_FEATURES);
}

Deno.test("the frames of a client match docs/reference/protocol.md", () => {
  assert.equal(
    encodeJoin("chat:1")(7),
    '{"id":7,"action":"join","data":{"room":"chat:1"}}',
  );
  assert.equal(
    encodeJoin("chat:1", {
      ...{ since: "k3x.41.9f2c", echo: false, members: false },
      presence: encodePresence({ name: "Ada" }),
    })(7),
    '{"id":7,"action":"join","data":{"room":"chat:1","since":"k3x.41.9f2c","echo":false,"members":false,"presence":{"name":"Ada"}}}',
  );
  assert.equal(
    encodeJoin("chat:1", { last: 50, presence: "false" })(7),
    '{"id":7,"action":"join","data":{"room":"chat:1","last":50,"presence":false}}',
  );
  assert.equal(
    encodeLeave("chat:1")(8),
    '{"id":8,"action":"leave","data":{"room":"chat:1"}}',
  );
  assert.equal(
    encodeMembersRequest("chat:1")(10),
    '{"id":10,"action":"members","data":{"room":"chat:1"}}',
  );
  assert.equal(
    encodePresenceRequest("chat:1", "null")(11),
    '{"id":11,"action":"presence","data":{"room":"chat:1","presence":null}}',
  );
});

Deno.test("a publication states that it is repeated", () => {
  const encode = encodePublish("chat:1", "say", { text: "hi" }, "k-1");
  const frame =
    '{"id":9,"action":"publish","data":{"room":"chat:1","message":"say","data":{"text":"hi"},"key":"k-1"}}';
  assert.equal(encode(9, false), frame);
  const repeated = frame.replace('"k-1"}', '"k-1","repeated":true}');
  assert.equal(encode(9, true), repeated);
});

Deno.test("encodePublish() keeps the data of the call", () => {
  const data = { a: 1 };
  const encode = encodePublish("a", "say", data, "k");
  data.a = 2;
  assert.match(encode(1, false), /"data":\{"a":1\}/);
});

for (const data of [null, [], "text", 1n, { a: 1n }, CYCLE, { a: NaN }]) {
  Deno.test(`${Deno.inspect(data)} cannot be published, and is no presence`, () => {
    assert.throws(() => encodePublish("a", "say", data as JsonObject, "k"), {
      name: "TypeError",
      message: /^Cannot send message "say": its data /,
    });
    if (data === null) return;
    assert.throws(() => encodePresence(data as JsonObject), {
      name: "TypeError",
      message: /^Cannot send the presence: its data /,
    });
  });
}

Deno.test("a publication needs a name", () => {
  assert.throws(
    () => encodePublish("a", 1 as unknown as string, {}, "k"),
    /^TypeError: Cannot send a message or a request: the name must be a string/,
  );
});

Deno.test("a presence has at most 4,096 bytes", () => {
  const rest = 4_096 - '{"a":""}'.length;
  const largest = encodePresence({ a: "ö".repeat(rest / 2) });
  assert.equal(new TextEncoder().encode(largest).length, 4_096);
  assert.equal(decode(encodeJoin("a", { presence: largest })(1)).kind, "join");
  assert.throws(() => encodePresence({ a: `${"ö".repeat(rest / 2)}a` }), {
    name: "RangeError",
    message:
      "Cannot send the presence: it must have at most 4096 bytes of JSON. Send less data.",
  });
});

Deno.test("encodePresence() encodes a claim without data", () => {
  assert.equal(encodePresence(null), "null");
  assert.equal(encodePresence(false), "false");
  assert.equal(encodePresence({}), "{}");
});

/** Makes the fields of a join, as the server decodes them. */
function randomJoin(fields: RandomFields) {
  const since = fields.maybe(fields.opaque());
  const last = since === null ? fields.maybe(fields.count()) : null;
  const [room, echo, members] = [fields.room(), fields.flag(), fields.flag()];
  const presence = choose(fields.random, [null, false, fields.data()]);
  return { room, since, last, echo, members, presence } as const;
}

/** Makes a frame of a client, and what the server has to decode. */
function randomFrame(fields: RandomFields, id: number): [string, object] {
  const room = fields.room();
  const join = randomJoin(fields);
  const { last, ...rest } = join;
  const presence = encodePresence(join.presence as JsonObject | null | false);
  const [key, repeated] = [fields.key(), fields.flag()];
  const [name, data] = [fields.room(), fields.data() as JsonObject];
  const options = { ...rest, ...(last === null ? {} : { last }), presence };
  return choose<() => [string, object]>(fields.random, [
    () => [encodeJoin(join.room, options)(id), { kind: "join", id, ...join }],
    () => [encodeLeave(room)(id), { kind: "leave", id, room }],
    () => [encodeMembersRequest(room)(id), { kind: "members", id, room }],
    () => [
      encodePresenceRequest(room, presence)(id),
      { kind: "presence", id, room, presence: join.presence },
    ],
    () => [
      encodePublish(room, name, data, key)(id, repeated),
      { kind: "publish", id, room, name, data, key, isRepeated: repeated },
    ],
  ])();
}

Deno.test("the server decodes what the client has encoded, for random frames", () => {
  const fields = new RandomFields(seededRandom(14));
  for (let id = 0; id < 3_000; id++) {
    const [frame, expected] = randomFrame(fields, id);
    assert.deepEqual(decode(frame), expected, frame);
  }
});

Deno.test("the server decodes damaged frames without throwing", () => {
  const fields = new RandomFields(seededRandom(15));
  const kinds = new Set<string>();
  for (let id = 0; id < 5_000; id++) {
    const [frame] = randomFrame(fields, id);
    const damaged = JSON.stringify(damage(JSON.parse(frame), fields.random));
    kinds.add(decode(damaged).kind);
  }
  assert(kinds.has("invalid") && kinds.size > 3, [...kinds].join());
});
