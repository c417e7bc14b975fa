import assert from "node:assert/strict";
import { Listeners } from "../../common/listeners.ts";
import { showValue } from "../../common/text.ts";
import { Message } from "../../protocol/message.ts";
import { type WireMessage } from "../../protocol/message.ts";
import { gate } from "../support/timing.ts";

function makeWire(fields: Partial<WireMessage> = {}): WireMessage {
  return { message: "hello", data: {}, id: 1, replying: null, ...fields };
}

function makeMessage(name: string): Message {
  return new Message(makeWire({ message: name }));
}

function failOnError(error: unknown): never {
  throw error;
}

Deno.test("Message has what stands in the frame", () => {
  const message = new Message(
    makeWire({ message: "hello", data: { a: 1 }, id: 7 }),
  );
  assert.equal(message.name, "hello");
  assert.deepEqual(message.data, { a: 1 });
  assert.equal(message.id, 7);
  assert.equal(message.replying, null);
});

Deno.test("Message.replying is the message that is replied to", () => {
  const first = makeWire({ message: "first", id: 1, data: { a: 1 } });
  const second = makeWire({ message: "second", id: 2, replying: first });
  const third = new Message(makeWire({ id: 3, replying: second }));
  assert(third.replying instanceof Message);
  assert.equal(third.replying.name, "second");
  assert.equal(third.replying.id, 2);
  assert.deepEqual(third.replying.replying?.data, { a: 1 });
  assert.equal(third.replying.replying?.replying, null);
});

Deno.test("Message.replying is the same object each time", () => {
  const message = new Message(makeWire({ replying: makeWire() }));
  assert.equal(message.replying, message.replying);
});

Deno.test("Message.replying is made when asked for: a frame may nest deeply", () => {
  let wire = makeWire({ id: 0 });
  for (let id = 1; id <= 100_000; id++) wire = makeWire({ id, replying: wire });
  let message: Message | null = new Message(wire);
  for (let depth = 0; depth < 100_000; depth++) message = message!.replying;
  assert.equal(message?.id, 0);
  assert.equal(message?.replying, null);
});

Deno.test("Message.toJSON() gives back what stood in the frame", () => {
  const wire = makeWire({ data: { a: [1, null] }, replying: makeWire() });
  assert.equal(JSON.stringify(new Message(wire)), JSON.stringify(wire));
});

Deno.test("Listeners call those to the name first, then those to everything", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Message>();
  listeners.add(() => calls.push("all 1"));
  listeners.add("hello", () => calls.push("name 1"));
  listeners.add(() => calls.push("all 2"));
  listeners.add(["hello"], () => calls.push("name 2"));
  const count = await listeners.dispatch(makeMessage("hello"), failOnError);
  assert.deepEqual(calls, ["name 1", "name 2", "all 1", "all 2"]);
  assert.equal(count, 4);
});

Deno.test("Listeners hand over the message itself", async () => {
  const seen: unknown[] = [];
  const listeners = new Listeners<Message>();
  listeners.add("hello", (...args) => seen.push(...args));
  listeners.add((...args) => seen.push(...args));
  const message = makeMessage("hello");
  await listeners.dispatch(message, failOnError);
  assert.equal(seen.length, 2);
  assert.equal(seen[0], message);
  assert.equal(seen[1], message);
});

Deno.test("Listeners to one name do not hear of another", async () => {
  const listeners = new Listeners<Message>();
  listeners.add("hello", () => assert.fail("called for another name"));
  const count = await listeners.dispatch(makeMessage("Hello"), failOnError);
  assert.equal(count, 0);
});

Deno.test("a listener to several names is called for each of them, once", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Message>();
  listeners.add(["a", "b", "a"], ({ name }) => calls.push(name));
  for (const name of ["a", "b", "c"]) {
    await listeners.dispatch(makeMessage(name), failOnError);
  }
  assert.deepEqual(calls, ["a", "b"]);
});

Deno.test("a listener that is added twice is called twice", async () => {
  let calls = 0;
  const count = () => ++calls;
  const listeners = new Listeners<Message>();
  listeners.add("hello", count);
  listeners.add("hello", count);
  await listeners.dispatch(makeMessage("hello"), failOnError);
  assert.equal(calls, 2);
});

Deno.test("a listener that is added twice is removed once", async () => {
  let calls = 0;
  const count = () => ++calls;
  const listeners = new Listeners<Message>();
  const first = listeners.add(count);
  listeners.add(count);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await listeners.dispatch(makeMessage("hello"), failOnError);
  assert.equal(calls, 1);
});

Deno.test("a listener to everything is removed at the end of a using block", async () => {
  const listeners = new Listeners<Message>();
  {
    using _listening = listeners.add(() => {});
    assert.equal(await listeners.dispatch(makeMessage("a"), failOnError), 1);
  }
  assert.equal(await listeners.dispatch(makeMessage("a"), failOnError), 0);
});

Deno.test("a listener to several names is removed from all of them", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Message>();
  const removed = listeners.add(["a", "b"], () => calls.push("removed"));
  listeners.add("b", () => calls.push("kept"));
  removed[Symbol.dispose]();
  for (const name of ["a", "b"]) {
    await listeners.dispatch(makeMessage(name), failOnError);
  }
  assert.deepEqual(calls, ["kept"]);
});

Deno.test("a listener that removes itself does not make others miss the message", async () => {
  const calls: string[] = [];
  const listeners = new Listeners<Message>();
  const first = listeners.add("hello", () => {
    calls.push("first");
    first[Symbol.dispose]();
  });
  listeners.add("hello", () => calls.push("second"));
  await listeners.dispatch(makeMessage("hello"), failOnError);
  await listeners.dispatch(makeMessage("hello"), failOnError);
  assert.deepEqual(calls, ["first", "second", "second"]);
});

Deno.test("a listener that is removed before its turn is not called any more", async () => {
  const { opened, open } = gate();
  const listeners = new Listeners<Message>();
  listeners.add("hello", () => opened);
  const second = listeners.add("hello", () => assert.fail("called"));
  const third = listeners.add(() => assert.fail("called"));
  const dispatched = listeners.dispatch(makeMessage("hello"), failOnError);
  second[Symbol.dispose]();
  third[Symbol.dispose]();
  open();
  assert.equal(await dispatched, 1);
});

Deno.test("a listener gets nothing of Listeners by way of this", async () => {
  const seen: unknown[] = [];
  const listeners = new Listeners<Message>();
  listeners.add("hello", function (this: unknown) {
    seen.push(this);
  });
  await listeners.dispatch(makeMessage("hello"), failOnError);
  assert.deepEqual(seen, [undefined]);
});

Deno.test("a listener that is added during a message gets the next one", async () => {
  const calls: number[] = [];
  const listeners = new Listeners<Message>();
  const first = listeners.add("hello", () => {
    first[Symbol.dispose]();
    listeners.add("hello", ({ id }) => calls.push(id));
    listeners.add(({ id }) => calls.push(id));
  });
  await listeners.dispatch(new Message(makeWire({ id: 1 })), failOnError);
  await listeners.dispatch(new Message(makeWire({ id: 2 })), failOnError);
  assert.deepEqual(calls, [2, 2]);
});

for (const name of ["__proto__", "constructor", "toString", "", "a b", "ß"]) {
  Deno.test(`Listeners take ${JSON.stringify(name)} for a name like any other`, async () => {
    const listeners = new Listeners<Message>();
    const message = makeMessage(name);
    assert.equal(await listeners.dispatch(message, failOnError), 0);
    const listening = listeners.add(name, () => {});
    assert.equal(await listeners.dispatch(message, failOnError), 1);
    listening[Symbol.dispose]();
    assert.equal(await listeners.dispatch(message, failOnError), 0);
  });
}

Deno.test("Listeners wait for one listener before they call the next", async () => {
  const { opened, open } = gate();
  const calls: string[] = [];
  const listeners = new Listeners<Message>();
  listeners.add("hello", async () => {
    calls.push("first begins");
    await opened;
    calls.push("first ends");
  });
  listeners.add("hello", () => calls.push("second"));
  const dispatched = listeners.dispatch(makeMessage("hello"), failOnError);
  assert.deepEqual(calls, ["first begins"]);
  open();
  await dispatched;
  assert.deepEqual(calls, ["first begins", "first ends", "second"]);
});

Deno.test("a listener that throws or rejects does not stop the others", async () => {
  const thrown = new Error("thrown");
  const rejected = new Error("rejected");
  const calls: string[] = [];
  const errors: unknown[] = [];
  const listeners = new Listeners<Message>();
  listeners.add("hello", () => {
    throw thrown;
  });
  listeners.add("hello", () => calls.push("name"));
  listeners.add(() => Promise.reject(rejected));
  listeners.add(() => calls.push("all"));
  const count = await listeners.dispatch(
    makeMessage("hello"),
    (error) => errors.push(error),
  );
  assert.deepEqual(calls, ["name", "all"]);
  assert.deepEqual(errors, [thrown, rejected]);
  assert.equal(count, 4);
});

Deno.test("a listener to a message has no part in what another message does", async () => {
  const { opened, open } = gate();
  const calls: string[] = [];
  const listeners = new Listeners<Message>();
  listeners.add("slow", () => opened);
  listeners.add(({ name }) => calls.push(name));
  const slow = listeners.dispatch(makeMessage("slow"), failOnError);
  await listeners.dispatch(makeMessage("fast"), failOnError);
  open();
  await slow;
  assert.deepEqual(calls, ["fast", "slow"]);
});

// What TypeScript refuses and JavaScript does not.
const NO_LISTENERS: readonly unknown[] = [undefined, null, "text", {}, 1];

for (const listener of NO_LISTENERS) {
  Deno.test(`Listeners.add() refuses ${JSON.stringify(listener)} as a listener`, async () => {
    const listeners = new Listeners<Message>();
    assert.throws(() => listeners.add("hello", listener as () => void), {
      name: "TypeError",
      message:
        /^Cannot receive messages: the listener must be a function\. It is /,
    });
    assert.equal(
      await listeners.dispatch(makeMessage("hello"), failOnError),
      0,
    );
  });
}

for (
  const [names, problem] of [
    [[], "the array of names is empty. Omit it to receive all messages."],
    ...[undefined, 7, ["hi", {}]].map((names) =>
      [
        names,
        `the name of a message must be a string. It is ${
          showValue([names].flat().at(-1))
        }.`,
      ] as const
    ),
  ] as const
) {
  Deno.test(`Listeners.add() refuses ${JSON.stringify(names)} as names`, () => {
    const listeners = new Listeners<Message>();
    assert.throws(() => listeners.add(names as string[], () => {}), {
      name: "TypeError",
      message: `Cannot receive messages: ${problem}`,
    });
  });
}
