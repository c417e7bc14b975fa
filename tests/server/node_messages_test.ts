/** The messages between servers, and the errors that they carry. */

import assert from "node:assert/strict";
import { REVOKED } from "../support/attacks.ts";
import { MAX_PAYLOAD } from "../../broker/cluster.ts";
import {
  ConnectionClosedError,
  FeatureError,
  HoistError,
  NoReplyError,
  TimeoutError,
} from "../../common/errors.ts";
import {
  decodeNodeError,
  encodeNodeError,
} from "../../server/client_directory.ts";
import {
  countIn,
  decodeNodeMessage,
  encodeNodeMessage,
  objectIn,
  stringIn,
} from "../../server/node_messages.ts";

Deno.test("decodes what it encodes", () => {
  const fields = { name: "ü\u2028", data: { n: [1, null] }, count: 0 };
  const message = decodeNodeMessage(encodeNodeMessage("x", fields));
  assert.equal(message?.kind, "x");
  assert.equal(stringIn(message.fields, "name"), fields.name);
  assert.deepEqual(objectIn(message.fields, "data"), fields.data);
  assert.equal(countIn(message.fields, "count"), 0);
});

for (
  const payload of [
    ...["", "{", "null", "5", "[]", "{}", '{"v":1}', '{"v":1,"kind":5}'],
    ...['{"kind":"x"}', '{"v":2,"kind":"x"}', '{"v":"1","kind":"x"}'],
    "[".repeat(500_000),
    `{"v":1,"kind":"x","text":"${"x".repeat(MAX_PAYLOAD)}"}`,
  ]
) {
  Deno.test(`ignores ${payload.slice(0, 30)}`, () => {
    assert.equal(decodeNodeMessage(payload), undefined);
  });
}

Deno.test("the kind and the version of a message cannot be replaced by its data", () => {
  const fields = { name: "x", data: { v: 2, kind: "other" } };
  const message = decodeNodeMessage(encodeNodeMessage("x", fields));
  assert.equal(message?.kind, "x");
});

Deno.test("reads only fields of the right type", () => {
  const fields = { a: 1, b: "1", c: null, d: [], e: -1, f: 1.5, g: {} };
  const read = (get: (name: string) => unknown) =>
    Object.keys(fields).filter((name) => get(name) !== undefined).join("");
  assert.equal(read((name) => stringIn(fields, name)), "b");
  assert.equal(read((name) => objectIn(fields, name)), "g");
  assert.equal(read((name) => countIn(fields, name)), "a");
});

Deno.test("rejects a message that has too many bytes", () => {
  const text = "ü".repeat(MAX_PAYLOAD / 2 - 50);
  assert.notEqual(encodeNodeMessage("x", { text }), "");
  assert.throws(
    () => encodeNodeMessage("x", { text: `${text}${"ü".repeat(50)}` }),
    /RangeError: Cannot send a message to other servers: it has more than/,
  );
});

for (
  const error of [
    new NoReplyError('request "a"', true),
    new FeatureError('request "a"', "request", "client"),
    new ConnectionClosedError('request "a"', { code: 4000, reason: "bye" }),
    new TimeoutError("too late"),
    new TypeError("wrong"),
    new RangeError("too large"),
    new HoistError("another one"),
  ]
) {
  Deno.test(`a ${error.name} comes back from another server as it was`, () => {
    const json = JSON.stringify(encodeNodeError(error));
    const decoded = decodeNodeError(JSON.parse(json));
    assert.equal(decoded.constructor, error.constructor);
    assert.equal(decoded.message, error.message);
    const { stack: _one, ...properties } = { ...error, stack: "" };
    const { stack: _other, ...received } = { ...decoded, stack: "" };
    assert.deepEqual(received, properties);
  });
}

Deno.test("anything else becomes a HoistError", () => {
  for (const fields of [{}, { name: "toString" }, { name: 5, message: 5 }]) {
    assert(decodeNodeError(fields) instanceof HoistError);
  }
  assert.equal(decodeNodeError(encodeNodeError("text")).message, "text");
  const { message } = decodeNodeError(encodeNodeError(REVOKED));
  assert.equal(message, "a value was thrown that cannot be read");
});
