/** The ids of the items that a stream sends. */

import assert from "node:assert/strict";
import { tracked } from "../../common/tracked.ts";
import type { Schema } from "../../contract/schema.ts";
import { limitFor, Stage } from "../support/fake_stream.ts";
import { endOfTick } from "../support/timing.ts";

const { MAX_SAFE_INTEGER } = Number;

async function* mixed() {
  yield tracked("a", 1);
  yield 2;
  yield tracked('"', { n: 3 });
}

Deno.test("StreamSender sends the ids of the items if the client wants them", async () => {
  const stage = new Stage(256, MAX_SAFE_INTEGER, true);
  await stage.run(mixed());
  await stage.finish();
  assert.deepEqual(stage.output.sent, [["1", "2", '{"n":3}']]);
  assert.deepEqual(stage.output.ids, [["a", null, '"']]);
});

Deno.test("StreamSender sends no ids if the client does not want them", async () => {
  const stage = new Stage(256);
  await stage.run(mixed());
  await stage.finish();
  assert.deepEqual(stage.output.sent, [["1", "2", '{"n":3}']]);
  assert.deepEqual(stage.output.ids, [undefined]);
});

Deno.test("StreamSender sends each id with its item in many frames", async () => {
  const stage = new Stage(MAX_SAFE_INTEGER, MAX_SAFE_INTEGER, true);
  await stage.run((async function* () {
    for (let n = 0; n < 1_000; n++) yield tracked(`id ${n}`, n);
  })());
  await stage.finish();
  assert(stage.output.sent.length > 10);
  const ids = stage.output.items.map((item) => `id ${item}`);
  assert.deepEqual(stage.output.ids.flat(), ids);
  for (const [index, items] of stage.output.sent.entries()) {
    assert.equal(stage.output.ids[index]?.length, items.length);
  }
});

Deno.test("the length of the ids counts for the length of a frame", async () => {
  const id = "i".repeat(200);
  const stage = new Stage(256, limitFor(1_000), true);
  await stage.run((async function* () {
    for (let n = 0; n < 9; n++) yield tracked(id, n);
  })());
  await stage.finish();
  assert.deepEqual(stage.output.sent.map(({ length }) => length), [4, 4, 1]);
});

Deno.test("an item that is too long together with its id ends the stream", async () => {
  const item = "x".repeat(800);
  // Without its id, the item fits.
  const fits = new Stage(2, 2 * 1_100, true);
  await fits.run((async function* () {
    yield item;
  })());
  await fits.finish();
  assert.deepEqual(fits.outcomes, ["done"]);
  const exceeds = new Stage(2, 2 * 1_100, true);
  await exceeds.run((async function* () {
    yield tracked("i".repeat(200), item);
  })());
  await exceeds.finish();
  assert.match(
    String(exceeds.outcomes[0]),
    /^RangeError: .*limits\.maxBuffered/,
  );
});

Deno.test("the schema of a stream applies to the item inside tracked()", async () => {
  const seen: unknown[] = [];
  const double: Schema = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        seen.push(value);
        return typeof value === "number"
          ? { value: 2 * value }
          : { issues: [{ message: "no number" }] };
      },
    },
  };
  const stage = new Stage(256, MAX_SAFE_INTEGER, true);
  await stage.run(
    (async function* () {
      yield tracked("a", 1);
      yield tracked("b", "2");
    })(),
    double,
  );
  await stage.finish();
  assert.deepEqual(stage.output.items, ["2"]);
  assert.deepEqual(seen, [1, "2"]);
  assert.match(String(stage.outcomes[0]), /an item does not match its schema/);
});

Deno.test("a stream whose client has a full buffer starts without items", async () => {
  const stage = new Stage(0, MAX_SAFE_INTEGER, true);
  let made = 0;
  await stage.run((async function* () {
    while (true) yield tracked(String(++made), made);
  })());
  await stage.finish();
  assert.equal(made, 0);
  stage.sender.grant(2);
  await endOfTick();
  await stage.finish();
  assert.deepEqual(stage.output.items, ["1", "2"]);
  assert.equal(made, 2);
  await stage.stop();
});
