import assert from "node:assert/strict";
import { HoistError, ValidationError } from "../../common/errors.ts";
import type { RequestEvents } from "../../client/link.ts";
import { ItemStream } from "../../client/stream.ts";
import {
  CANCEL,
  credit,
  FakeCall,
  requestItems,
  streamOver,
} from "../support/fake_call.ts";
import { endOfTick, gate } from "../support/timing.ts";

const DONE = { done: true, value: undefined };

/** Starts a stream: item 1 was consumed, and items 2 and 3 wait. */
async function startStream(signal?: AbortSignal) {
  const call = new FakeCall();
  const stream = streamOver(call, { signal });
  const results = requestItems(stream, 1);
  await call.items(1, 2, 3);
  assert.deepEqual(results, [1]);
  return { call, stream };
}

/** A signal that counts its listeners and never aborts. */
class FakeSignal extends EventTarget {
  aborted = false;
  readonly #listeners = new Set<unknown>();

  get listeners(): number {
    return this.#listeners.size;
  }

  override addEventListener(
    ...args: Parameters<EventTarget["addEventListener"]>
  ): void {
    this.#listeners.add(args[1]);
    super.addEventListener(...args);
  }

  override removeEventListener(
    ...args: Parameters<EventTarget["removeEventListener"]>
  ): void {
    this.#listeners.delete(args[1]);
    super.removeEventListener(...args);
  }
}

Deno.test("makes no call if it is returned first", async () => {
  const ends: readonly ((stream: ItemStream) => Promise<unknown>)[] = [
    (stream) => stream.return(),
    (stream) => stream[Symbol.asyncDispose](),
  ];
  for (const end of ends) {
    const call = new FakeCall();
    const stream = streamOver(call);
    await end(stream);
    await end(stream);
    assert.deepEqual(await stream.next(), DONE);
    assert.deepEqual([call.calls, call.sent], [0, []]);
  }
});

Deno.test("sends one cancel frame when it is returned, and returns no more items", async () => {
  const { call, stream } = await startStream();
  assert.deepEqual(await stream.return(), DONE);
  assert.deepEqual(await stream.return(), DONE);
  await stream[Symbol.asyncDispose]();
  assert.deepEqual([call.sent, call.isAborted], [[CANCEL], true]);
  await call.items(4);
  assert.deepEqual(await stream.next(), DONE);
  assert.deepEqual(call.sent, [CANCEL]);
});

Deno.test("ends all calls that wait when it is returned", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  const results = requestItems(stream, 3);
  await stream.return();
  await endOfTick();
  assert.deepEqual(results, ["done", "done", "done"]);
  assert.deepEqual(call.sent, [CANCEL]);
});

Deno.test("ends when the loop ends", async () => {
  const error = new Error("thrown in the loop");
  const leave: readonly ((stream: ItemStream) => Promise<unknown>)[] = [
    async (stream) => {
      for await (const _ of stream) break;
    },
    async (stream) => {
      for await (const _ of stream) throw error;
    },
    async (stream) => {
      await using _disposed = stream;
      await stream.next();
    },
  ];
  for (const [index, run] of leave.entries()) {
    const { call, stream } = await startStream();
    const outcome = await run(stream).catch((error) => error);
    assert.equal(outcome, index === 1 ? error : undefined);
    assert.deepEqual([call.sent, call.isAborted], [[CANCEL], true]);
    assert.deepEqual(await stream.next(), DONE);
  }
});

Deno.test("sends nothing if it is returned after its end", async () => {
  for (const error of [undefined, new Error("no")]) {
    const { call, stream } = await startStream();
    if (error === undefined) await call.end();
    else await call.fail(error);
    assert.deepEqual(await stream.return(), DONE);
    assert.deepEqual(call.sent, []);
  }
});

Deno.test("drops the items that wait when it is returned", async () => {
  const { call, stream } = await startStream();
  await call.end();
  await stream.return();
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("ignores the error of a call after return()", async () => {
  const { call, stream } = await startStream();
  await stream.return();
  await call.fail(new Error("late"));
  assert.deepEqual(await stream.next(), DONE);
});

for (const reason of [new Error("enough"), "enough", null, 0]) {
  Deno.test(`makes no call and rejects if its signal was aborted with ${Deno.inspect(reason)}`, async () => {
    const call = new FakeCall();
    const stream = streamOver(call, { signal: AbortSignal.abort(reason) });
    const results = requestItems(stream, 2);
    await endOfTick();
    assert.deepEqual(results, [["failed", reason], "done"]);
    assert.deepEqual([call.calls, call.sent], [0, []]);
    assert.deepEqual(await stream.next(), DONE);
  });

  Deno.test(`rejects the first call that waits if its signal is aborted with ${Deno.inspect(reason)}`, async () => {
    const controller = new AbortController();
    const call = new FakeCall();
    const stream = streamOver(call, { signal: controller.signal });
    const results = requestItems(stream, 3);
    await call.items(1);
    controller.abort(reason);
    await endOfTick();
    assert.deepEqual(results, [1, ["failed", reason], "done"]);
    assert.deepEqual([call.sent, call.isAborted], [[CANCEL], true]);
    assert.deepEqual(await stream.next(), DONE);
  });
}

Deno.test("drops the items that wait when its signal aborts, then rejects", async () => {
  const controller = new AbortController();
  const { call, stream } = await startStream(controller.signal);
  const reason = new Error("enough");
  controller.abort(reason);
  await call.items(4);
  await assert.rejects(stream.next(), (error) => error === reason);
  assert.deepEqual(await stream.next(), DONE);
  assert.deepEqual(call.sent, [CANCEL]);
});

Deno.test("rejects with an AbortError if the signal has no reason of its own", async () => {
  const stream = streamOver(new FakeCall(), { signal: AbortSignal.abort() });
  await assert.rejects(stream.next(), { name: "AbortError" });
});

Deno.test("ignores its signal after return()", async () => {
  const controller = new AbortController();
  const { call, stream } = await startStream(controller.signal);
  await stream.return();
  controller.abort(new Error("enough"));
  await endOfTick();
  assert.deepEqual(await stream.next(), DONE);
  assert.deepEqual(call.sent, [CANCEL]);
});

Deno.test("listens to its signal until it has ended", async () => {
  const ends: readonly ((call: FakeCall, stream: ItemStream) => unknown)[] = [
    (call) => call.end(),
    (call) => call.fail(new Error("no")),
    (_call, stream) => stream.return(),
  ];
  for (const end of ends) {
    const signal = new FakeSignal();
    const given = signal as unknown as AbortSignal;
    const unused = streamOver(new FakeCall(), { signal: given });
    await unused.return();
    assert.equal(signal.listeners, 0);
    const { call, stream } = await startStream(given);
    requestItems(stream, 3);
    assert.equal(signal.listeners, 1);
    await end(call, stream);
    await endOfTick();
    assert.equal(signal.listeners, 0);
  }
});

Deno.test("ends together with other streams of the same signal", async () => {
  const controller = new AbortController();
  const streams = await Promise.all(
    [1, 2].map(() => startStream(controller.signal)),
  );
  const reason = new Error("enough");
  controller.abort(reason);
  for (const { call, stream } of streams) {
    await assert.rejects(stream.next(), (error) => error === reason);
    assert.deepEqual(call.sent, [CANCEL]);
  }
});

Deno.test("grants no credits after its end", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { buffer: 2 });
  const results = requestItems(stream, 1);
  await call.items(1, 2);
  assert.deepEqual([results, call.sent], [[1], [credit(1)]]);
  await call.end();
  await stream.next();
  assert.deepEqual(call.sent, [credit(1)]);
});

Deno.test("returns an item that is being validated when it is returned", async () => {
  const { opened, open } = gate();
  const call = new FakeCall();
  const stream = streamOver(call, { check: () => opened });
  const results = requestItems(stream, 2);
  await call.items(1);
  await stream.return();
  open();
  await endOfTick();
  assert.deepEqual(results, [1, "done"]);
});

Deno.test("rejects once if the call also fails after too many items", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { buffer: 1 });
  const results = requestItems(stream, 1);
  await call.items(1, 2, 3);
  await call.fail(new Error("late"));
  assert.deepEqual(results, [1]);
  await assert.rejects(stream.next(), HoistError);
  assert.deepEqual(await stream.next(), DONE);
});

const ERROR = new ValidationError("Cannot continue", "no", []);

/** Rejects 2. */
function rejectTwo(item: unknown): void {
  if (item === 2) throw ERROR;
}

Deno.test("drops the items that came together with an invalid item", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { check: rejectTwo });
  const results = requestItems(stream, 1);
  await call.items(2, 3, 4);
  assert.deepEqual(results, [["failed", ERROR]]);
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("drops the items of later frames of the same batch", async () => {
  const calls: RequestEvents[] = [];
  const stream = new ItemStream({
    subject: 'stream "rows"',
    buffer: 256,
    maxBuffered: Infinity,
    signal: undefined,
    call: (_signal, events) => {
      calls.push(events);
      return new Promise(() => {});
    },
    check: rejectTwo,
  });
  const results = requestItems(stream, 1);
  // A link handles all frames of a batch before it abandons a request.
  calls[0]?.onItems?.([2], 1);
  calls[0]?.onItems?.([3], 1);
  await endOfTick();
  assert.deepEqual(results, [["failed", ERROR]]);
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("drops the last items when its signal aborts", async () => {
  const controller = new AbortController();
  const call = new FakeCall();
  const stream = streamOver(call, { signal: controller.signal });
  const results = requestItems(stream, 1);
  await call.items(1, 2, 3);
  await call.end();
  assert.deepEqual(results, [1]);
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(stream.next(), (error) => error === reason);
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("does not reject after return() with an earlier error", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  const results = requestItems(stream, 1);
  await call.items(1, 2);
  await call.fail(new Error("no"));
  assert.deepEqual(results, [1]);
  await stream.return();
  assert.deepEqual(await stream.next(), DONE);
});
