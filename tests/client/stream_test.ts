import assert from "node:assert/strict";
import {
  HoistError,
  ResponseError,
  ValidationError,
} from "../../common/errors.ts";
import type { Json } from "../../common/json.ts";
import type { ItemStream } from "../../client/stream.ts";
import {
  CANCEL,
  credit,
  FakeCall,
  requestItems,
  streamOver,
} from "../support/fake_call.ts";
import { endOfTick, gate } from "../support/timing.ts";

/** Returns the remaining items of a stream. */
async function rest(stream: ItemStream): Promise<Json[]> {
  const items: Json[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

Deno.test("calls the operation once, when the first item is requested", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  await endOfTick();
  assert.equal(call.calls, 0);
  const results = requestItems(stream, 2);
  assert.equal(call.calls, 1);
  await call.items(1, 2);
  assert.deepEqual(results, [1, 2]);
  requestItems(stream, 1);
  await call.end();
  assert.equal(call.calls, 1);
});

Deno.test("returns items in order, whether a call waits for them or not", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  const waiting = requestItems(stream, 2);
  await call.items(1);
  assert.deepEqual(waiting, [1, "pending"]);
  await call.items(2, 3, 4);
  await call.items(5);
  assert.deepEqual(waiting, [1, 2]);
  assert.deepEqual(await stream.next(), { done: false, value: 3 });
  await call.end();
  assert.deepEqual(await rest(stream), [4, 5]);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

Deno.test("returns every kind of JSON value", async () => {
  const items = [null, false, 0, "", [], {}, { done: true }, "done"];
  for (const waits of [false, true]) {
    const call = new FakeCall();
    const stream = streamOver(call);
    const results = requestItems(stream, waits ? items.length : 1);
    await call.items(...items);
    await call.end();
    const later = await rest(stream);
    assert.equal(later.length, waits ? 0 : items.length - 1);
    assert.equal(results[0], null);
    if (!waits) assert.deepEqual(later, items.slice(1));
  }
});

Deno.test("ends all calls that wait if there are no items", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  const results = requestItems(stream, 3);
  await call.end();
  assert.deepEqual(results, ["done", "done", "done"]);
  assert.deepEqual(await rest(stream), []);
  assert.deepEqual(call.sent, []);
});

Deno.test("is its own iterator", () => {
  const stream = streamOver(new FakeCall());
  assert.equal(stream[Symbol.asyncIterator](), stream);
});

for (
  const [buffer, taken, credits] of [
    [1, 3, [1, 1, 1]],
    [2, 3, [1, 1, 1]],
    [3, 5, [2, 2]],
    [4, 5, [2, 2]],
    [5, 7, [3, 3]],
    [16, 7, []],
    [16, 8, [8]],
    [256, 7, []],
    [256, 8, [248]],
    [256, 136, [248, 128]],
  ] as const
) {
  Deno.test(`with a buffer of ${buffer}, grants ${credits.join(", ") || "no"} credits for ${taken} items`, async () => {
    for (const waits of [false, true]) {
      const call = new FakeCall();
      const stream = streamOver(call, { buffer });
      const results = requestItems(stream, waits ? taken : 1);
      for (let n = 0; n < taken; n++) {
        await call.items(n);
        if (!waits && n > 0) await stream.next();
      }
      assert.equal(results[0], 0);
      assert.deepEqual(call.sent, credits.map(credit));
    }
  });
}

Deno.test("grants no credits for items that wait", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { buffer: 4 });
  requestItems(stream, 1);
  await call.items(1, 2, 3, 4);
  assert.deepEqual(call.sent, []);
  await stream.next();
  assert.deepEqual(call.sent, [credit(2)]);
});

Deno.test("returns the items before an error, then rejects once", async () => {
  const error = new ResponseError('stream "rows"', {
    code: 6,
    error: "SERVER_ERROR",
    message: "Internal server error.",
    description: null,
    data: null,
  });
  const call = new FakeCall();
  const stream = streamOver(call);
  const results = requestItems(stream, 1);
  await call.items(1, 2);
  await call.fail(error);
  assert.deepEqual(results, [1]);
  assert.deepEqual(await stream.next(), { done: false, value: 2 });
  await assert.rejects(stream.next(), (thrown) => thrown === error);
  assert.deepEqual(await rest(stream), []);
  assert(!call.sent.includes(CANCEL));
});

Deno.test("rejects the first call that waits, and ends the others", async () => {
  const error = new Error("no");
  const call = new FakeCall();
  const stream = streamOver(call);
  const results = requestItems(stream, 3);
  await call.fail(error);
  assert.deepEqual(results, [["failed", error], "done", "done"]);
});

Deno.test("rejects with any value that the call rejects with", async () => {
  for (const thrown of [undefined, null, "text", new Error("no")]) {
    const call = new FakeCall();
    const results = requestItems(streamOver(call), 1);
    await call.fail(thrown);
    assert.deepEqual(results, [["failed", thrown]]);
  }
});

Deno.test("gives an error the stack of the caller of next()", async () => {
  const call = new FakeCall();
  const stream = streamOver(call);
  async function requestItem() {
    return await stream.next();
  }
  const asked = requestItem();
  const made = new HoistError("created where a frame arrived");
  const failed = assert.rejects(asked, (error) => {
    assert.equal(error, made);
    assert.match(made.stack ?? "", /requestItem/);
    assert.doesNotMatch(made.stack ?? "", /stream\.ts/);
    return true;
  });
  await call.fail(made);
  await failed;
});

Deno.test("fails if the server sends more items than requested", async () => {
  const call = new FakeCall();
  const stream = streamOver(call, { buffer: 3 });
  const results = requestItems(stream, 1);
  await call.items(1, 2, 3);
  assert.deepEqual([results, call.sent, call.isAborted], [[1], [], false]);
  await call.items(4);
  assert.deepEqual([call.sent, call.isAborted], [[CANCEL], true]);
  await assert.rejects(stream.next(), {
    name: "HoistError",
    message:
      'Cannot continue stream "rows": the server sent more items than the client requested. Update the server.',
  });
  assert.deepEqual(await rest(stream), []);
});

Deno.test("returns an item unchanged when it is validated", async () => {
  const { opened, open } = gate();
  const checked: Json[] = [];
  const call = new FakeCall();
  const stream = streamOver(call, {
    check: (item) => {
      checked.push(item);
      if (item === 2) return opened;
    },
  });
  const results = requestItems(stream, 2);
  await call.items(1, 2, 3);
  assert.deepEqual([results, checked], [[1, "pending"], [1, 2]]);
  open();
  await endOfTick();
  assert.deepEqual(results, [1, 2]);
  await call.end();
  assert.deepEqual(await rest(stream), [3]);
  assert.deepEqual(checked, [1, 2, 3]);
});

for (const isAsync of [false, true]) {
  Deno.test(`ends with an invalid item that is found ${isAsync ? "asynchronously" : "synchronously"}`, async () => {
    const error = new ValidationError("Cannot continue", "no", []);
    const call = new FakeCall();
    const stream = streamOver(call, {
      check: (item) => {
        if (item !== 2) return;
        if (isAsync) return Promise.reject(error);
        throw error;
      },
    });
    const results = requestItems(stream, 1);
    await call.items(1, 2, 3);
    assert.deepEqual([results, call.sent], [[1], []]);
    await assert.rejects(stream.next(), (thrown) => thrown === error);
    assert.deepEqual([call.sent, call.isAborted], [[CANCEL], true]);
    assert.deepEqual(await rest(stream), []);
  });
}

Deno.test("rejects with any value that the validation throws", async () => {
  for (const thrown of [undefined, null, "text", 0]) {
    const call = new FakeCall();
    const stream = streamOver(call, {
      check: () => {
        throw thrown;
      },
    });
    const results = requestItems(stream, 1);
    await call.items(1);
    assert.deepEqual(results, [["failed", thrown]]);
    assert.deepEqual(call.sent, [CANCEL]);
  }
});
