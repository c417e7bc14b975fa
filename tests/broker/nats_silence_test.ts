/** What happens in a room whose last message expires, because nobody publishes. */

import assert from "node:assert/strict";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { pause } from "../support/nats.ts";
import { NatsBench } from "../support/nats_bench.ts";
import { unlessStalled } from "../support/timing.ts";

/** Longer than the margin of broker/nats_verified.ts, in milliseconds. */
const TTL = 9_000;

async function start(engine: NatsEngine): Promise<NatsBench> {
  const bench = await NatsBench.start(engine);
  bench.history = { ...bench.history, ttl: TTL };
  return bench;
}

/** Reads after a position again and again, until it has expired. */
async function stayIn(bench: NatsBench, since: string): Promise<string> {
  let at = since;
  const end = performance.now() + TTL + 2_500;
  while (performance.now() < end) {
    const { lost, top, publications } = await bench.read("a", { since: at });
    assert.equal(lost, undefined);
    assert.deepEqual(publications, []);
    at = top;
    await pause(500);
  }
  return at;
}

await withEngine("silent rooms of NATS", () => {
  Deno.test("NATS: a room with members has no gap after a silence", async () => {
    await unlessStalled(1_000, async () => {
      await using engine = await NatsEngine.start();
      await using bench = await start(engine);
      await bench.broker.subscribe("a");
      const first = await bench.publish("a", "1");
      const at = await stayIn(bench, first);
      assert.equal(bench.broker.order(first, at), "before");
      const second = await bench.publish("a", "2");
      const read = await bench.read("a", { since: at });
      assert.equal(read.lost, undefined);
      assert.deepEqual(bench.payloadsOf(read), ["2"]);
      await bench.until(() => bench.payloads.includes("2"));
      const { previous } = bench.publications.at(-1)!;
      assert.equal(bench.broker.order(previous!, at), "same");
      assert.equal(bench.broker.order(first, second), "before");
    });
  });

  Deno.test("NATS: a client that comes back after a silence gets a gap", async () => {
    await using engine = await NatsEngine.start();
    await using bench = await start(engine);
    const empty = (await bench.read("a")).top;
    const first = await bench.publish("a", "1");
    await pause(TTL + 2_500);
    for (const since of [empty, first]) {
      const read = await bench.read("a", { since });
      assert.equal(read.lost, "expired");
      assert.deepEqual(read.publications, []);
    }
  });

  Deno.test("NATS: what is known of a room ends with the connection", async () => {
    await unlessStalled(500, async () => {
      await using engine = await NatsEngine.start();
      await using bench = await start(engine);
      await bench.broker.subscribe("a");
      const first = await bench.publish("a", "1");
      await pause(TTL - 1_000);
      assert.equal((await bench.read("a", { since: first })).lost, undefined);
      // The messages after the first one can be lost with the data of the engine.
      await bench.restartedBy(() => engine.restart());
      await pause(2_500);
      assert.equal((await bench.read("a", { since: first })).lost, "expired");
    });
  });

  Deno.test("NATS: looks for lost messages regularly, and after each loss of the connection", async () => {
    await using engine = await NatsEngine.start();
    await using bench = await NatsBench.start(engine, {}, 300);
    await bench.broker.subscribe("a");
    await bench.until(() =>
      bench.stale.filter((room) => room === "a").length > 3
    );
    assert(!bench.stale.includes(undefined));
    await bench.restartedBy(() => engine.restart());
    await bench.until(() => bench.stale.includes(undefined));
    await bench.broker.unsubscribe("a");
    bench.stale.length = 0;
    await pause(800);
    assert.deepEqual(bench.stale, []);
  });

  Deno.test("NATS: no room name reaches another subject", async () => {
    await using engine = await NatsEngine.start();
    await using bench = await NatsBench.start(engine);
    const subjects: string[] = [];
    // Where everything has a listener, NATS does not say that a stream is missing.
    await bench.publish("first", "1");
    bench.link.subscribe(">", ({ subject }) => subjects.push(subject));
    await bench.link.flush();
    const names = ["*", ">", "a.b", "x 5\r\nhello\r\nPUB evil", "$JS.API.INFO"];
    for (const name of names) {
      await bench.publish(name, "1");
      const options = { history: undefined, key: undefined };
      await bench.broker.publish(name, "2", options);
      await bench.broker.subscribe(name);
    }
    const own = () =>
      subjects.filter((subject) => !/^(\$JS|_INBOX)/.test(subject));
    // Stored, published by the stream, and published without a stream.
    await bench.until(() => own().length >= 3 * names.length);
    for (const subject of own()) {
      assert.match(subject, /^hoist\.(h\.[\w-]+|l\.[\w-]+\.h)\.[\w=-]+$/);
    }
  });
});
