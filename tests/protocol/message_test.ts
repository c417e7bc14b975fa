/** Tests of `Message` in `protocol/message.ts`. */

import assert from "node:assert/strict";
import { Message, type WireMessage } from "../../protocol/message.ts";

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
