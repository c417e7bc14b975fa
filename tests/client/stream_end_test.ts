import assert from "node:assert/strict";
import { HoistError } from "../../common/errors.ts";
import { type ItemStream } from "../../client/stream.ts";
import {
  ask,
  CANCEL,
  credit,
  FakeCall,
  streamOver,
} from "../support/fake_call.ts";
import { endOfTick, gate } from "../support/timing.ts";

const DONE = { done: true, value: undefined };

/** A stream of which 1 was taken, and 2 and 3 wait. */
async function begun(signal?: AbortSignal) {
  const call = new FakeCall();
  const stream = streamOver(call, { signal });
  const results = ask(stream, 1);
  await call.items(1, 2, 3);
  assert.deepEqual(results, [1]);
  return { call, stream };
}

/** Who listens to a signal that never aborts by itself. */
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

Deno.test("a stream that is returned before it begins makes no call", async () => {
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
    assert.deepEqual([call.made, call.said], [0, []]);
  }
});

Deno.test("a stream that is returned says so once, and gives nothing more", async () => {
  const { call, stream } = await begun();
  assert.deepEqual(await stream.return(), DONE);
  assert.deepEqual(await stream.return(), DONE);
  await stream[Symbol.asyncDispose]();
  assert.deepEqual([call.said, call.isGivenUp], [[CANCEL], true]);
  await call.items(4);
  assert.deepEqual(await stream.next(), DONE);
  assert.deepEqual(call.said, [CANCEL]);
});

Deno.test("all who wait are told that a stream was returned", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  const results = ask(stream, 3);
  await stream.return();
  await endOfTick();
  assert.deepEqual(results, ["done", "done", "done"]);
  assert.deepEqual(call.said, [CANCEL]);
});

Deno.test("a loop that is left ends its stream", async () => {
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
    const { call, stream } = await begun();
    const outcome = await run(stream).catch((error) => error);
    assert.equal(outcome, index === 1 ? error : undefined);
    assert.deepEqual([call.said, call.isGivenUp], [[CANCEL], true]);
    assert.deepEqual(await stream.next(), DONE);
  }
});

Deno.test("a stream that has ended says nothing when it is returned", async () => {
  for (const error of [undefined, new Error("no")]) {
    const { call, stream } = await begun();
    if (error === undefined) await call.end();
    else await call.fail(error);
    assert.deepEqual(await stream.return(), DONE);
    assert.deepEqual(call.said, []);
  }
});

Deno.test("a stream that is returned with items left gives none of them", async () => {
  const { call, stream } = await begun();
  await call.end();
  await stream.return();
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("nobody hears of a call that fails after its stream was returned", async () => {
  const { call, stream } = await begun();
  await stream.return();
  await call.fail(new Error("late"));
  assert.deepEqual(await stream.next(), DONE);
});

for (const reason of [new Error("enough"), "enough", null, 0]) {
  Deno.test(`a stream whose signal is aborted with ${Deno.inspect(reason)} before makes no call, and fails`, async () => {
    const call = new FakeCall();
    const stream = streamOver(call, { signal: AbortSignal.abort(reason) });
    const results = ask(stream, 2);
    await endOfTick();
    assert.deepEqual(results, [["failed", reason], "done"]);
    assert.deepEqual([call.made, call.said], [0, []]);
    assert.deepEqual(await stream.next(), DONE);
  });

  Deno.test(`a stream whose signal is aborted with ${Deno.inspect(reason)} fails for who waits first`, async () => {
    const controller = new AbortController();
    const call = new FakeCall();
    const stream = streamOver(call, { signal: controller.signal });
    const results = ask(stream, 3);
    await call.items(1);
    controller.abort(reason);
    await endOfTick();
    assert.deepEqual(results, [1, ["failed", reason], "done"]);
    assert.deepEqual([call.said, call.isGivenUp], [[CANCEL], true]);
    assert.deepEqual(await stream.next(), DONE);
  });
}

Deno.test("a stream whose signal is aborted drops what waits, and fails next", async () => {
  const controller = new AbortController();
  const { call, stream } = await begun(controller.signal);
  const reason = new Error("enough");
  controller.abort(reason);
  await call.items(4);
  await assert.rejects(stream.next(), (error) => error === reason);
  assert.deepEqual(await stream.next(), DONE);
  assert.deepEqual(call.said, [CANCEL]);
});

Deno.test("a signal without a reason of its own ends a stream with an AbortError", async () => {
  const stream = streamOver(new FakeCall(), { signal: AbortSignal.abort() });
  await assert.rejects(stream.next(), { name: "AbortError" });
});

Deno.test("a stream that was returned does not hear of its signal any more", async () => {
  const controller = new AbortController();
  const { call, stream } = await begun(controller.signal);
  await stream.return();
  controller.abort(new Error("enough"));
  await endOfTick();
  assert.deepEqual(await stream.next(), DONE);
  assert.deepEqual(call.said, [CANCEL]);
});

Deno.test("a stream listens to its signal until it has ended", async () => {
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
    const { call, stream } = await begun(given);
    ask(stream, 3);
    assert.equal(signal.listeners, 1);
    await end(call, stream);
    await endOfTick();
    assert.equal(signal.listeners, 0);
  }
});

Deno.test("streams of one signal all end with it", async () => {
  const controller = new AbortController();
  const streams = await Promise.all([1, 2].map(() => begun(controller.signal)));
  const reason = new Error("enough");
  controller.abort(reason);
  for (const { call, stream } of streams) {
    await assert.rejects(stream.next(), (error) => error === reason);
    assert.deepEqual(call.said, [CANCEL]);
  }
});

Deno.test("a stream grants nothing for what is taken after its end", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { buffer: 2 });
  const results = ask(stream, 1);
  await call.items(1, 2);
  assert.deepEqual([results, call.said], [[1], [credit(1)]]);
  await call.end();
  await stream.next();
  assert.deepEqual(call.said, [credit(1)]);
});

Deno.test("a stream that is returned while an item is checked still gives it", async () => {
  const { opened, open } = gate();
  const call = new FakeCall();
  const stream = streamOver(call, { check: () => opened });
  const results = ask(stream, 2);
  await call.items(1);
  await stream.return();
  open();
  await endOfTick();
  assert.deepEqual(results, [1, "done"]);
});

Deno.test("a stream fails once, though its call fails after too many items", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { buffer: 1 });
  const results = ask(stream, 1);
  await call.items(1, 2, 3);
  await call.fail(new Error("late"));
  assert.deepEqual(results, [1]);
  await assert.rejects(stream.next(), HoistError);
  assert.deepEqual(await stream.next(), DONE);
});
