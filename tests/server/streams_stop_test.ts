import assert from "node:assert/strict";
import {
  Counter,
  limitFor,
  ManualHandler,
  numbers,
  Stage,
} from "../support/fake_stream.ts";
import { endOfTick, gate } from "../support/timing.ts";

/** The states in which a sender can be stopped, after it has sent 0. */
const STANDS: Readonly<
  Record<string, (stage: Stage) => void>
> = {
  "waits for credit": () => {},
  "waits for a turn": (stage) => {
    stage.sender.grant(Infinity);
  },
  "waits for capacity": (stage) => {
    stage.output.capacity = 0;
    stage.sender.grant(100);
  },
  "waits for capacity, and then for credit": (stage) => {
    stage.output.capacity = 0;
    stage.sender.grant(1);
  },
};

for (const [what, stand] of Object.entries(STANDS)) {
  Deno.test(`StreamSender that ${what} ends the handler after stop()`, async () => {
    const stage = new Stage(1);
    const counter = new Counter();
    await stage.run(counter.upTo(Infinity));
    stand(stage);
    await endOfTick();
    const { requested } = counter;
    const sent = [...stage.output.items];
    assert.deepEqual([stage.outcomes, counter.hasEnded], [[], false]);
    await stage.stop();
    assert.deepEqual([stage.outcomes, counter.hasEnded], [["done"], true]);
    stage.sender.grant(100);
    stage.sender.stop();
    await stage.output.drain(Infinity);
    await stage.finish();
    assert.deepEqual(stage.outcomes, ["done"]);
    assert.deepEqual([counter.requested, stage.output.items], [
      requested,
      sent,
    ]);
  });
}

Deno.test("StreamSender sends nothing if it is stopped while a full frame waits", async () => {
  const stage = new Stage(256, limitFor(5));
  stage.output.capacity = 0;
  await stage.run((async function* () {
    yield* ["ab", "cd", "ef"];
  })());
  assert.notEqual(stage.output.rejected, 0);
  stage.sender.stop();
  await stage.output.drain(Infinity);
  await stage.finish();
  assert.deepEqual([stage.output.sent, stage.outcomes], [[], ["done"]]);
});

Deno.test("StreamSender ignores an item that arrives after stop()", async () => {
  const { promise, resolve } = Promise.withResolvers<IteratorResult<string>>();
  const { opened, open } = gate();
  const stage = new Stage(256, 1_000);
  const handler = new ManualHandler();
  handler.next = () => promise;
  handler.return = () => opened.then(() => ({ done: true, value: undefined }));
  await stage.run(handler);
  stage.sender.stop();
  resolve({ done: false, value: "x".repeat(1_000) });
  await endOfTick();
  assert.deepEqual(stage.outcomes, []);
  open();
  await endOfTick();
  await stage.finish();
  assert.deepEqual([stage.output.sent, stage.outcomes], [[], ["done"]]);
});

Deno.test("StreamSender does not end the handler again after an error", async () => {
  const stage = new Stage(256);
  const handler = new ManualHandler();
  handler.next = () => Promise.resolve({ done: false, value: 1n });
  await stage.run(handler);
  assert.deepEqual([stage.outcomes.length, handler.returned], [1, 1]);
  await stage.stop();
  assert.deepEqual([stage.outcomes.length, handler.returned], [1, 1]);
});

Deno.test("StreamSender waits for the handler after stop(), and sends no late item", async () => {
  const { opened, open } = gate();
  let hasEnded = false;
  const stage = new Stage(256);
  await stage.run((async function* () {
    try {
      await opened;
      yield 0;
    } finally {
      hasEnded = true;
    }
  })());
  await stage.stop();
  assert.deepEqual([stage.outcomes, hasEnded], [[], false]);
  open();
  await endOfTick();
  await stage.finish();
  assert.deepEqual([stage.outcomes, hasEnded], [["done"], true]);
  assert.deepEqual(stage.output.sent, []);
});

Deno.test("StreamSender sends nothing of a turn in which it is stopped", async () => {
  const { opened, open } = gate();
  const stage = new Stage(256);
  await stage.run((async function* () {
    yield 0;
    await opened;
  })());
  assert.equal(stage.output.due, 1);
  stage.sender.stop();
  open();
  await endOfTick();
  await stage.finish();
  assert.deepEqual([stage.output.sent, stage.outcomes], [[], ["done"]]);
});

Deno.test("StreamSender that is stopped before run() requests nothing, and ends the handler", async () => {
  for (const times of [1, 2]) {
    const stage = new Stage(256);
    for (let n = 0; n < times; n++) stage.sender.stop();
    stage.sender.grant(10);
    const handler = new ManualHandler();
    await stage.run(handler);
    await stage.finish();
    assert.deepEqual([handler.requested, handler.returned], [0, 1]);
    assert.deepEqual([stage.output.sent, stage.outcomes], [[], ["done"]]);
    await stage.stop();
    assert.equal(handler.returned, 1);
  }
});

Deno.test("StreamSender that is stopped twice ends the handler once", async () => {
  const stage = new Stage(3);
  const handler = new ManualHandler();
  await stage.run(handler);
  stage.sender.stop();
  await stage.stop();
  await stage.stop();
  assert.deepEqual([handler.requested, handler.returned], [3, 1]);
  assert.deepEqual(stage.outcomes, ["done"]);
});

Deno.test("StreamSender fails with the error that the finally block throws after stop()", async () => {
  const error = new Error("not closed");
  const stage = new Stage(1);
  await stage.run((async function* () {
    try {
      yield 0;
    } finally {
      // deno-lint-ignore no-unsafe-finally -- handlers do it
      throw error;
    }
  })());
  await stage.stop();
  assert.deepEqual(stage.outcomes, [error]);
});

Deno.test("StreamSender fails with the error that return() throws after stop()", async () => {
  const error = new Error("not closed");
  const ends = [() => Promise.reject(error), () => {
    throw error;
  }];
  for (const end of ends) {
    const stage = new Stage(1);
    const handler = new ManualHandler();
    handler.return = end;
    await stage.run(handler);
    await stage.stop();
    assert.deepEqual(stage.outcomes, [error]);
  }
});

Deno.test("StreamSender stays pending if its handler does not end after stop()", async () => {
  const stage = new Stage(1);
  const handler = new ManualHandler();
  handler.return = () => new Promise(() => {});
  await stage.run(handler);
  stage.sender.stop();
  stage.sender.grant(100);
  await endOfTick();
  await stage.finish();
  assert.deepEqual([stage.outcomes, stage.output.items], [[], numbers(1)]);
  assert.equal(handler.requested, 1);
});

Deno.test("StreamSender ignores credit after its end", async () => {
  const stage = new Stage(256);
  await stage.run(new Counter().upTo(2));
  stage.sender.grant(10);
  stage.sender.stop();
  stage.sender.grant(10);
  await stage.finish();
  assert.deepEqual([stage.output.items, stage.outcomes], [numbers(2), [
    "done",
  ]]);
});

Deno.test("StreamSender sends nothing if it is stopped while an error waits for capacity", async () => {
  const stage = new Stage(256);
  stage.output.capacity = 0;
  await stage.run((async function* () {
    yield 0;
    throw new Error("no");
  })());
  stage.sender.stop();
  await stage.output.drain(Infinity);
  await stage.finish();
  assert.deepEqual(stage.output.sent, []);
  assert.equal(stage.outcomes.length, 1);
});
