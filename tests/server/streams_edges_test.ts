import assert from "node:assert/strict";
import { limitFor, ManualHandler, Stage } from "../support/fake_stream.ts";
import { endOfTick } from "../support/timing.ts";

Deno.test("a pump asks for 64 items in a turn at most, though each fills more than half a frame", async () => {
  const stage = new Stage(1_000, limitFor(10));
  let asked = 0;
  await stage.run((async function* () {
    for (; asked < 500; asked++) yield "123456";
  })());
  assert(asked <= 64, `${asked} items in one turn`);
  await stage.stop();
});

Deno.test("a pump fails with what the handler throws on its way to the end", async () => {
  const error = new Error("the database is gone");
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<void>();
  controller.signal.addEventListener("abort", () => reject(error));
  const stage = new Stage(256);
  await stage.run((async function* () {
    yield 0;
    await promise;
  })());
  controller.abort();
  await stage.stop();
  assert.deepEqual(stage.outcomes, [error]);
});

Deno.test("a pump fails with what the handler throws long after the stop", async () => {
  const error = new Error("the database is gone");
  const { promise, reject } = Promise.withResolvers<void>();
  const stage = new Stage(256);
  await stage.run((async function* () {
    yield 0;
    await promise;
  })());
  await stage.stop();
  reject(error);
  await endOfTick();
  await stage.finish();
  assert.deepEqual(stage.outcomes, [error]);
});

Deno.test("a pump that is stopped after its end does not end the handler again", async () => {
  const stage = new Stage(256);
  const handler = new ManualHandler();
  handler.next = () => Promise.resolve({ done: true, value: undefined });
  await stage.run(handler);
  assert.deepEqual(stage.outcomes, ["done"]);
  await stage.stop();
  assert.equal(handler.returned, 0);
});

Deno.test("a pump ends the handler once, though an item fails after the stop", async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const stage = new Stage(256);
  const handler = new ManualHandler();
  handler.next = () => promise;
  await stage.run(handler);
  await stage.stop();
  reject(new Error("late"));
  await endOfTick();
  assert.equal(handler.returned, 1);
});

Deno.test("a pump ends the handler once, though it is stopped while an error waits for room", async () => {
  const stage = new Stage(256);
  stage.output.capacity = 0;
  const handler = new ManualHandler();
  const values = [0, 1n];
  handler.next = () => Promise.resolve({ done: false, value: values.shift() });
  await stage.run(handler);
  stage.sender.stop();
  await stage.output.drain(Infinity);
  await stage.finish();
  assert.equal(handler.returned, 1);
});
