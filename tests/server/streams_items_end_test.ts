import assert from "node:assert/strict";
import { StreamSource } from "../../server/stream_source.ts";
import { gate } from "../support/timing.ts";

const SUBJECT = 'operation "rows"';

/** The items of an iterator by hand. */
function byHand(iterator: object): StreamSource {
  const iterable = { [Symbol.asyncIterator]: () => iterator };
  return new StreamSource(
    SUBJECT,
    iterable as AsyncIterable<unknown>,
    undefined,
  );
}

Deno.test("StreamSource that nobody wants any more let the handler get to its end", async () => {
  const order: string[] = [];
  async function* handler() {
    try {
      for (let n = 0;; n++) yield n;
    } finally {
      await null;
      order.push("finally");
    }
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  await items.next();
  await items.return();
  order.push("returned");
  assert.deepEqual(order, ["finally", "returned"]);
  assert.equal(await items.next(), undefined);
  await items.return();
  assert.deepEqual(order, ["finally", "returned"]);
});

Deno.test("a handler that has not begun does not begin for its end", async () => {
  // deno-lint-ignore require-yield -- it must not run
  async function* handler() {
    assert.fail("it runs");
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  await items.return();
  assert.equal(await items.next(), undefined);
});

Deno.test("the end of a handler fails with what its finally throws", async () => {
  const error = new Error("not closed");
  async function* handler() {
    try {
      yield 1;
    } finally {
      // deno-lint-ignore no-unsafe-finally -- handlers do it
      throw error;
    }
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  await items.next();
  await assert.rejects(items.return(), (thrown) => thrown === error);
});

Deno.test("the end of a handler waits for what the handler waits for", async () => {
  const { opened, open } = gate();
  const order: string[] = [];
  async function* handler() {
    await opened;
    order.push("ready");
    yield 1;
  }
  const items = new StreamSource(SUBJECT, handler(), undefined);
  const item = items.next();
  const end = items.return().then(() => order.push("end"));
  open();
  assert.equal(await item, "1");
  await end;
  assert.deepEqual(order, ["ready", "end"]);
});

Deno.test("StreamSource of an iterator without return() end without it", async () => {
  for (const more of [{}, { return: undefined }, { return: null }]) {
    await byHand({ next: () => assert.fail(), ...more }).return();
  }
});

Deno.test("StreamSource call next() and return() of an iterator as its methods", async () => {
  const seen: unknown[] = [];
  const iterator = {
    next(...args: unknown[]) {
      seen.push(this, args.length);
      return { done: false, value: 1 };
    },
    return(...args: unknown[]) {
      seen.push(this, args.length);
    },
  };
  const items = byHand(iterator);
  assert.equal(await items.next(), "1");
  await items.return();
  assert.deepEqual(seen, [iterator, 0, iterator, 0]);
});

Deno.test("StreamSource ask nothing of an iterator that has ended, however it has", async () => {
  for (
    const next of [
      () => Promise.resolve({ done: true, value: undefined }),
      () => Promise.reject(new Error("no")),
    ]
  ) {
    const items = byHand({ next, return: () => assert.fail("returned") });
    await items.next().catch(() => {});
    await items.return();
  }
});

Deno.test("StreamSource end an iterator once", async () => {
  let ended = 0;
  const items = byHand({
    next: () => Promise.resolve({ done: false, value: 1 }),
    return: () => ended++,
  });
  await Promise.all([items.return(), items.return()]);
  assert.equal(ended, 1);
});
