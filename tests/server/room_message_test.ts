/** The messages to a room, as brokers carry them. */

import assert from "node:assert/strict";
import {
  decodeEnvelope,
  decodeRoomMessage,
  encodeRoomMessage,
} from "../../server/room_message.ts";

const ENVELOPE = { origin: "a-b.1", publisher: "p", except: null, from: "f" };

const HEAD = '{"origin":"o","publisher":null,"except":null,"from":null,';

const TAIL = '"message":"a","data":{}}';

Deno.test("decodes what it encodes", () => {
  const payload = encodeRoomMessage(ENVELOPE, 'a"b\u2028', { n: [1, "}"] });
  assert.deepEqual(JSON.parse(payload), {
    ...ENVELOPE,
    ...{ message: 'a"b\u2028', data: { n: [1, "}"] } },
  });
  const json = '"message":"a\\"b\u2028","data":{"n":[1,"}"]}';
  assert.deepEqual(decodeRoomMessage(payload), {
    ...{ ...ENVELOPE, name: 'a"b\u2028', data: { n: [1, "}"] } },
    json,
  });
  assert.deepEqual(decodeEnvelope(payload), ENVELOPE);
});

Deno.test("ignores a message whose JSON clients could not read", () => {
  assert.notEqual(decodeRoomMessage(HEAD + TAIL), undefined);
  const others = [
    ...["", "{}", HEAD, HEAD.slice(0, -1) + "}", TAIL, `{${TAIL}`],
    // Clients get what is between the head and the last character.
    ...[`${HEAD}${TAIL} `, `${HEAD}${TAIL}\n`, `${HEAD}${TAIL}}`],
    ...[`${HEAD}${TAIL.slice(0, -1)}]`, HEAD + TAIL.slice(0, -1)],
    `${HEAD}"message":"a","data":{}},{"b":{}}`,
    `${HEAD}"message":"a","data":{},"id":1}`,
    `${HEAD}"message":"a","data":{},"origin":"o"}`,
    `${HEAD}"message":"a","data":{},"__proto__":{}}`,
    ...[`${HEAD}"message":1,"data":{}}`, `${HEAD}"message":"a","data":[]}`],
    ...[`${HEAD}"message":"a"}`, `${HEAD}"data":{}}`, ` ${HEAD}${TAIL}`],
    HEAD.replace('"o"', `"${"o".repeat(65)}"`) + TAIL,
  ];
  for (const each of others) {
    assert.equal(decodeRoomMessage(each), undefined, each);
  }
});
