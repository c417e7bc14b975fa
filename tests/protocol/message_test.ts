/** Tests of `protocol/message.ts`. */

import assert from "node:assert/strict";
import {
  isWireMessage,
  Message,
  parseFrame,
  type WireMessage,
} from "../../protocol/message.ts";
import { nest, NO_JSON, VALUES } from "../support/client_frames.ts";

function makeWire(fields: Partial<WireMessage> = {}): WireMessage {
  return { message: "hello", data: {}, id: 1, replying: null, ...fields };
}

Deno.test("Message contains the fields of the message object", () => {
  const message = new Message(
    makeWire({ message: "hello", data: { a: 1 }, id: 7 }),
  );
  assert.equal(message.name, "hello");
  assert.deepEqual(message.data, { a: 1 });
  assert.equal(message.id, 7);
  assert.equal(message.replying, null);
});

Deno.test("Message.replying returns the message that it replies to", () => {
  const first = makeWire({ message: "first", id: 1, data: { a: 1 } });
  const second = makeWire({ message: "second", id: 2, replying: first });
  const third = new Message(makeWire({ id: 3, replying: second }));
  assert(third.replying instanceof Message);
  assert.equal(third.replying.name, "second");
  assert.equal(third.replying.id, 2);
  assert.deepEqual(third.replying.replying?.data, { a: 1 });
  assert.equal(third.replying.replying?.replying, null);
});

Deno.test("Message.replying returns the same object each time", () => {
  const message = new Message(makeWire({ replying: makeWire() }));
  assert.equal(message.replying, message.replying);
});

Deno.test("Message.replying constructs 100,000 nested messages one by one", () => {
  let wire = makeWire({ id: 0 });
  for (let id = 1; id <= 100_000; id++) wire = makeWire({ id, replying: wire });
  let message: Message | null = new Message(wire);
  for (let depth = 0; depth < 100_000; depth++) message = message!.replying;
  assert.equal(message?.id, 0);
  assert.equal(message?.replying, null);
});

Deno.test("Message.toJSON() returns the message object", () => {
  const wire = makeWire({ data: { a: [1, null] }, replying: makeWire() });
  assert.equal(JSON.stringify(new Message(wire)), JSON.stringify(wire));
});

for (const [json] of VALUES) {
  Deno.test(`parseFrame() parses ${json}`, () => {
    assert.deepEqual(parseFrame(json), JSON.parse(json));
  });
}

/** Numbers that `JSON.parse` reads as `-0` */
const MINUS_ZEROS = [
  ...["-0", "-0.0", "-0e5", "-0.0001e-400", `-0.${"0".repeat(400)}1`],
  ...["-1e-324", "-2E-324", "-1e-9999", "-123.25e-0400", "-10E-1000000"],
];

for (const json of MINUS_ZEROS) {
  Deno.test(`parseFrame() reads ${json.slice(0, 20)} as 0`, () => {
    assert(Object.is(JSON.parse(json), -0));
    assert.deepEqual(parseFrame(`{"n":[${json}]}`), { n: [0] });
  });
}

for (const frame of NO_JSON) {
  Deno.test(`parseFrame() returns undefined for ${Deno.inspect(frame)}`, () => {
    assert.equal(parseFrame(frame), undefined);
  });
}

Deno.test("isWireMessage() accepts a message object with additional keys", () => {
  assert.equal(
    isWireMessage({ message: "", data: {}, id: 1, replying: null }),
    true,
  );
  assert.equal(isWireMessage(JSON.parse(nest(3, "null"))), true);
  assert.equal(
    isWireMessage({ message: "m", data: {}, id: 1, replying: null, more: 1 }),
    true,
  );
});

Deno.test("isWireMessage() rejects values that are no objects", () => {
  for (const value of [undefined, null, 1, "m", true, [], () => {}]) {
    assert.equal(isWireMessage(value), false);
  }
});
