import assert from "node:assert/strict";
import { ValidationError } from "../../common/errors.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";
import {
  limitFor,
  ManualHandler,
  numbers,
  Stage,
} from "../support/fake_stream.ts";
import { schemaOf } from "../support/schemas.ts";
import { endOfTick } from "../support/timing.ts";

/** Creates a handler that yields 0, 1 and another value, and records its end. */
function ending(third: unknown) {
  const state = { hasEnded: false, hasGoneOn: false };
  async function* handler() {
    try {
      yield* [0, 1, third];
      state.hasGoneOn = true;
    } finally {
      state.hasEnded = true;
    }
  }
  return { state, handler };
}

const NO_ITEMS: Readonly<Record<string, unknown>> = {
  "a bigint": 1n,
  "a cycle": CYCLE,
  "a function": () => {},
  "a symbol": Symbol("no"),
  "an object that throws on every access": HOSTILE,
  "a revoked proxy": REVOKED,
};

for (const [what, item] of Object.entries(NO_ITEMS)) {
  Deno.test(`StreamSender fails for ${what} after the items before it, and ends the handler`, async () => {
    const stage = new Stage(256);
    const { state, handler } = ending(item);
    await stage.run(handler());
    await stage.finish();
    assert.deepEqual(stage.output.items, numbers(2));
    assert.deepEqual(state, { hasEnded: true, hasGoneOn: false });
    const [error, ...others] = stage.outcomes;
    assert(error instanceof Error);
    assert.deepEqual(others, []);
  });
}

Deno.test("StreamSender fails for an item that is too large, and does not send it", async () => {
  const stage = new Stage(256, 1_000);
  const { state, handler } = ending("x".repeat(500));
  await stage.run(handler());
  await stage.finish();
  assert.deepEqual(stage.output.items, numbers(2));
  assert.deepEqual(state, { hasEnded: true, hasGoneOn: false });
  const [error] = stage.outcomes;
  assert(error instanceof RangeError);
  assert.match(error.message, /^Cannot send an item.* 500 bytes/);
});

Deno.test("StreamSender fails for an item that does not match its schema", async () => {
  const stage = new Stage(256);
  const { state, handler } = ending(2);
  const small = schemaOf((value) =>
    Number(value) < 2 ? { value } : { issues: [{ message: "too much" }] }
  );
  await stage.run(handler(), small);
  await stage.finish();
  assert.deepEqual(stage.output.items, numbers(2));
  assert.deepEqual(state, { hasEnded: true, hasGoneOn: false });
  const [error] = stage.outcomes;
  assert(error instanceof ValidationError);
  assert.equal(
    error.message,
    'Cannot continue operation "rows": an item does not match its schema: too much',
  );
});

Deno.test("StreamSender fails with the error of the handler after the items before it", async () => {
  for (const thrown of [new Error("no"), undefined, "text", HOSTILE]) {
    const stage = new Stage(256);
    await stage.run((async function* () {
      yield* [0, 1];
      throw thrown;
    })());
    await stage.finish();
    assert.deepEqual(stage.output.items, numbers(2));
    assert.equal(stage.outcomes.length, 1);
    // `assert` cannot print it.
    assert(stage.outcomes[0] === thrown);
  }
});

Deno.test("StreamSender sends the items before an error when there is capacity", async () => {
  const stage = new Stage(256);
  stage.output.capacity = 0;
  const error = new Error("no");
  await stage.run((async function* () {
    yield 0;
    throw error;
  })());
  await stage.finish();
  assert.deepEqual([stage.output.sent, stage.outcomes], [[], []]);
  await stage.output.drain(1);
  assert.deepEqual([stage.output.sent, stage.outcomes], [[["0"]], [error]]);
});

Deno.test("StreamSender fails with the error of an item, and not with an error of the finally block", async () => {
  const stage = new Stage(256);
  await stage.run((async function* () {
    try {
      yield 1n;
    } finally {
      // deno-lint-ignore no-unsafe-finally -- handlers do it
      throw new Error("not closed");
    }
  })());
  const [error, ...others] = stage.outcomes;
  assert(error instanceof TypeError);
  assert.deepEqual(others, []);
});

Deno.test("StreamSender does not wait for the end of the handler after an error", async () => {
  const stage = new Stage(2);
  const handler = new ManualHandler();
  handler.next = () => Promise.resolve({ done: false, value: 1n });
  handler.return = () => new Promise(() => {});
  await stage.run(handler);
  assert.equal(stage.outcomes.length, 1);
  assert(stage.outcomes[0] instanceof TypeError);
});

Deno.test("StreamSender fails for an invalid iterator", async () => {
  for (const result of [undefined, null, HOSTILE]) {
    const stage = new Stage(256);
    const handler = new ManualHandler();
    handler.next = () =>
      ({
        then: (resolve: (value: unknown) => void) => resolve(result),
      }) as Promise<never>;
    await stage.run(handler);
    await stage.finish();
    assert.equal(stage.outcomes.length, 1);
    assert.notEqual(stage.outcomes[0], "done");
  }
});

Deno.test("StreamSender requests at most 64 items per turn, although each fills most of a frame", async () => {
  const stage = new Stage(1_000, limitFor(10));
  let asked = 0;
  await stage.run((async function* () {
    for (; asked < 500; asked++) yield "123456";
  })());
  assert(asked <= 64, `${asked} items in one turn`);
  await stage.stop();
});

Deno.test("StreamSender fails with the error that the handler throws because of its signal", async () => {
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

Deno.test("StreamSender fails with an error that the handler throws long after the stop", async () => {
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

Deno.test("StreamSender does not end the handler again if it is stopped after its end", async () => {
  const stage = new Stage(256);
  const handler = new ManualHandler();
  handler.next = () => Promise.resolve({ done: true, value: undefined });
  await stage.run(handler);
  assert.deepEqual(stage.outcomes, ["done"]);
  await stage.stop();
  assert.equal(handler.returned, 0);
});

Deno.test("StreamSender ends the handler once, although an item fails after the stop", async () => {
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

Deno.test("StreamSender ends the handler once, although it is stopped while an error waits", async () => {
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
