/** The broker in memory. */

import assert from "node:assert/strict";
import { MemoryBroker } from "../../broker/memory_broker.ts";
import {
  MemoryStore,
  type MemoryStoreOptions,
} from "../../broker/memory_store.ts";
import { PublishError } from "../../common/hoist_error.ts";
import { RestorableBroker } from "../support/restorable_broker.ts";
import { testBroker } from "./contract.ts";

const HISTORY = { size: 100, ttl: Infinity, maxBytes: Infinity };

const READ = { history: HISTORY, limit: 1_000, maxBytes: 1_000_000 };

function create(
  options: Partial<MemoryStoreOptions> = {},
): MemoryBroker & { readonly store: MemoryStore } {
  const store = new MemoryStore({ maxHistory: 1_000_000, ...options });
  return Object.assign(new MemoryBroker(store), { store });
}

testBroker("memory", () => {
  const broker = new RestorableBroker();
  return Promise.resolve({
    broker,
    // deno-lint-ignore require-await -- the clock of the broker moves at once
    pass: async (milliseconds: number) => broker.pass(milliseconds),
    restore: (count: number) => broker.restore(count),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  });
});

Deno.test("begins a new epoch with each process", async () => {
  const options = { history: HISTORY, key: undefined };
  await using first = create();
  await using second = create();
  const { position } = await first.publish("a", "1", options);
  await second.publish("a", "1", options);
  const read = await second.read("a", { since: position! }, READ);
  assert.equal(read.lost, "epoch");
});

Deno.test("drops the oldest publications beyond the bytes of a room", async () => {
  await using broker = create();
  const history = { ...HISTORY, maxBytes: 8 };
  const publish = (payload: string) =>
    broker.publish("a", payload, { history, key: undefined });
  await publish("1234");
  await publish("üü");
  const read = () => broker.read("a", { last: 9 }, READ);
  assert.equal((await read()).publications.length, 2);
  await publish("x");
  assert.deepEqual(
    (await read()).publications.map(({ payload }) => payload),
    ["üü", "x"],
  );
  await publish("too long for the room");
  assert.deepEqual((await read()).publications, []);
});

Deno.test("drops the room that was not used for longest beyond the limit of the process", async () => {
  await using broker = create({ maxHistory: 5_000 });
  const stale: (string | undefined)[] = [];
  await broker.start({
    onPublication: () => {},
    onStale: (room) => stale.push(room),
  });
  await broker.subscribe("b");
  const payload = "x".repeat(500);
  const publish = async (room: string) => {
    const options = { history: HISTORY, key: undefined };
    return (await broker.publish(room, payload, options)).position!;
  };
  const [a, b] = [await publish("a"), await publish("b")];
  await publish("c");
  await broker.read("a", { last: 1 }, READ);
  await publish("d");
  const lost = async (room: string, since: string) =>
    (await broker.read(room, { since }, READ)).lost;
  assert.equal(await lost("a", a), undefined);
  assert.equal(await lost("b", b), "epoch");
  assert.deepEqual(stale, ["b"]);
  assert(broker.store.size <= 5_000);
  // The offset and the room are the same, but the epoch is not.
  const again = await publish("b");
  assert.equal(broker.order(b, again), "unrelated");
});

Deno.test("drops old publications of a room that needs the whole limit", async () => {
  await using broker = create({ maxHistory: 2_000 });
  const options = { history: HISTORY, key: undefined };
  let position = "";
  for (let n = 0; n < 10; n++) {
    const published = await broker.publish("a", "x".repeat(500), options);
    position = published.position!;
    assert(broker.store.size <= 2_000);
  }
  const read = await broker.read("a", { last: 10 }, READ);
  assert.equal(read.publications.at(-1)?.position, position);
  assert(read.publications.length < 10);
});

Deno.test("frees the memory of a history that has expired", async () => {
  let time = 0;
  await using broker = create({ maxHistory: 1e6, now: () => time });
  const history = { ...HISTORY, ttl: 1_000 };
  await broker.publish("a", "x".repeat(10_000), { history, key: undefined });
  assert(broker.store.size > 10_000);
  time = 1_000;
  broker.store.sweep();
  assert(broker.store.size < 1_000);
});

Deno.test("needs no memory for rooms that were only read", async () => {
  await using broker = create();
  await broker.start({ onPublication: () => {}, onStale: () => {} });
  await broker.read("a", { last: 5 }, READ);
  assert.equal(broker.store.size, 0);
  await broker.subscribe("a");
  await broker.read("a", { last: 5 }, READ);
  await broker.unsubscribe("a");
  assert.equal(broker.store.size, 0);
});

Deno.test("drops no history for rooms that have none", async () => {
  await using broker = create({ maxHistory: 300 });
  const stale: (string | undefined)[] = [];
  await broker.start({
    onPublication: () => {},
    onStale: (room) => stale.push(room),
  });
  // Members of each room, which read again when they are told to.
  const rooms = Array.from({ length: 20 }, (_, n) => String(n));
  for (const room of rooms) await broker.subscribe(room);
  for (const room of rooms) await broker.read(room, { last: 0 }, READ);
  assert.equal(broker.store.size, 0);
  const { top } = await broker.read("0", { last: 0 }, READ);
  await broker.publish("1", "1", { history: HISTORY, key: undefined });
  assert.equal((await broker.read("0", { since: top }, READ)).lost, undefined);
  assert.deepEqual(stale, []);
});

Deno.test("keeps the epoch of an unused room that has a subscription", async () => {
  await using broker = create();
  await broker.start({ onPublication: () => {}, onStale: () => {} });
  await broker.subscribe("a");
  const { top } = await broker.read("a", { last: 0 }, READ);
  await broker.clear("b");
  await broker.publish("a", "1", { history: HISTORY, key: undefined });
  const read = await broker.read("a", { since: top }, READ);
  assert.equal(read.lost, undefined);
});

Deno.test("rejects a repeated publication whose key it can have forgotten", async () => {
  await using broker = create();
  const publish = (key: string, isRepeated = false) =>
    broker.publish("a", key, {
      history: HISTORY,
      key: { publisher: "ada", key, isRepeated },
    });
  await publish("first");
  for (let n = 0; n < 1_024; n++) await publish(String(n));
  await assert.rejects(
    publish("first", true),
    (error) => error instanceof PublishError && error.outcome === "unknown",
  );
  assert.equal((await publish("5", true)).isDuplicate, true);
});
