import assert from "node:assert/strict";
import { ValidationError } from "../../common/errors.ts";
import { ItemStream, type StreamEvents } from "../../client/stream.ts";
import { ask, FakeCall, streamOver } from "../support/fake_call.ts";
import { endOfTick } from "../support/timing.ts";

const DONE = { done: true, value: undefined };

const ERROR = new ValidationError("Cannot go on", "no", []);

/** Refuses 2, at once. */
function refuseTwo(item: unknown): void {
  if (item === 2) throw ERROR;
}

Deno.test("a stream that ended with an item that does not fit gives none of those that came with it", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { check: refuseTwo });
  const results = ask(stream, 1);
  await call.items(2, 3, 4);
  assert.deepEqual(results, [["failed", ERROR]]);
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("a stream that has ended gives nothing that comes in the same batch", async () => {
  const events: StreamEvents[] = [];
  const stream = new ItemStream({
    subject: 'stream "rows"',
    buffer: 256,
    signal: undefined,
    call: (given) => {
      events.push(given);
      return new Promise(() => {});
    },
    check: refuseTwo,
  });
  const results = ask(stream, 1);
  // A channel takes the frames of a batch in one go, and gives up a request after that.
  events[0]?.onItems([2]);
  events[0]?.onItems([3]);
  await endOfTick();
  assert.deepEqual(results, [["failed", ERROR]]);
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("a signal ends a stream whose last items have come and wait", async () => {
  const controller = new AbortController();
  const call = new FakeCall();
  const stream = streamOver(call, { signal: controller.signal });
  const results = ask(stream, 1);
  await call.items(1, 2, 3);
  await call.end();
  assert.deepEqual(results, [1]);
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(stream.next(), (error) => error === reason);
  assert.deepEqual(await stream.next(), DONE);
});

Deno.test("a stream that was returned does not fail with what it had failed with before", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  const results = ask(stream, 1);
  await call.items(1, 2);
  await call.fail(new Error("no"));
  assert.deepEqual(results, [1]);
  await stream.return();
  assert.deepEqual(await stream.next(), DONE);
});
