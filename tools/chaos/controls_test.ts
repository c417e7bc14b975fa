/** The brokers that lose messages on purpose. */

import assert from "node:assert/strict";
import type { Publication } from "../../broker/broker.ts";
import { MemoryBroker } from "../../broker/memory_broker.ts";
import { MemoryStore } from "../../broker/memory_store.ts";
import { RestorableBroker } from "../../tests/support/restorable_broker.ts";
import { BlindBroker, LOST, TrustingBroker } from "./controls.ts";

const ROOM = "chaos:1";
const HISTORY = { size: 100, ttl: Infinity, maxBytes: 1_000_000 };
const PUBLISH = { history: HISTORY, key: undefined };
const READ = { history: HISTORY, limit: 100, maxBytes: 1_000_000 };

Deno.test("a broker without gaps names the last message that it has passed on", async () => {
  const real = new MemoryBroker(new MemoryStore({ maxHistory: 1_000_000 }));
  await using broker = new BlindBroker(real);
  const received: Publication[] = [];
  let stale = 0;
  await broker.start({
    onPublication: (_room, publication) => void received.push(publication),
    onStale: () => void stale++,
  });
  await broker.subscribe(ROOM);
  await broker.publish(ROOM, "1", PUBLISH);
  await broker.unsubscribe(ROOM);
  const lost = await broker.publish(ROOM, "2", PUBLISH);
  await broker.subscribe(ROOM);
  await broker.publish(ROOM, "3", PUBLISH);
  await broker.clear(ROOM, HISTORY);
  const [first, last] = received;
  assert.deepEqual(received.map(({ payload }) => payload), ["1", "3"]);
  assert.equal(last?.previous, first?.position);
  assert.notEqual(last?.previous, lost.position);
  assert.equal(stale, 0);
});

Deno.test("a broker without gaps loses messages after the connection was lost", async () => {
  const real = new MemoryBroker(new MemoryStore({ maxHistory: 1_000_000 }));
  let lose = (_room: string | undefined): void => {};
  const { start } = real;
  real.start = (events) => {
    lose = (room) => events.onStale(room);
    return start.call(real, events);
  };
  await using broker = new BlindBroker(real);
  const received: Publication[] = [];
  await broker.start({
    onPublication: (_room, publication) => void received.push(publication),
    onStale: () => {},
  });
  await broker.subscribe(ROOM);
  const publish = async (count: number) => {
    for (let n = 0; n < count; n++) await broker.publish(ROOM, `${n}`, PUBLISH);
  };
  await publish(1);
  // The regular look for lost messages is no loss.
  lose(ROOM);
  await publish(1);
  lose(undefined);
  await publish(LOST + 1);
  assert.deepEqual(received.map(({ payload }) => payload), [
    ...["0", "0", `${LOST}`],
  ]);
  assert.equal(received[2]?.previous, received[1]?.position);
});

/** Publishes, loses the last message, and publishes as many again. */
async function loseTail(broker: RestorableBroker): Promise<string> {
  await broker.publish(ROOM, "1", PUBLISH);
  const { position } = await broker.publish(ROOM, "2", PUBLISH);
  await broker.restore(1);
  for (const payload of ["3", "4"]) {
    await broker.publish(ROOM, payload, PUBLISH);
  }
  return position!;
}

Deno.test("a broker without checks believes a position that was given out twice", async () => {
  await using real = new RestorableBroker();
  const broker = new TrustingBroker(real);
  const since = await loseTail(real);
  const honest = await real.read(ROOM, { since }, READ);
  assert.equal(honest.lost, "epoch");
  const { lost, publications, top } = await broker.read(ROOM, { since }, READ);
  assert.equal(lost, undefined);
  assert.deepEqual(publications.map(({ payload }) => payload), ["4"]);
  assert.equal(top, honest.top);
  const replaced = honest.publications.at(-2)!.position!;
  assert.equal(real.order(since, replaced), "unrelated");
  assert.equal(broker.order(since, replaced), "same");
});

Deno.test("a broker without checks finds nothing new behind its position", async () => {
  await using real = new RestorableBroker();
  const broker = new TrustingBroker(real);
  const { position } = await real.publish(ROOM, "1", PUBLISH);
  const since = position!;
  const read = await broker.read(ROOM, { since }, READ);
  assert.deepEqual([read.publications, read.top], [[], since]);
});
