/**
 * What every cluster must do. Each cluster has a test file that calls `testCluster`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MAX_PAYLOAD } from "../../broker/cluster.ts";
import { NoNodeError, TimeoutError } from "../../common/errors.ts";
import {
  ClusterBench,
  type ClusterEngine,
  isLost,
  Node,
  PATIENCE,
  type RegisterTest,
  SHORT,
  wait,
} from "./cluster_bench.ts";
import { testFailures } from "./cluster_failures.ts";
import { until } from "../support/timing.ts";

export type { ClusterEngine } from "./cluster_bench.ts";

/** Registers the tests of a cluster. */
export function testCluster(
  name: string,
  open: () => Promise<ClusterEngine>,
): void {
  const test: RegisterTest = (what, run) =>
    Deno.test(`${name} cluster: ${what}`, async () => {
      await using bench = new ClusterBench(await open());
      await run(bench);
    });

  test("reports the nodes that come and go", async (bench) => {
    const first = await bench.start();
    assert.deepEqual(first.states, ["up"]);
    assert(first.sees());
    const second = await bench.start();
    const third = await bench.start();
    await until(() => first.sees(second, third), "two nodes came");
    await until(() => second.sees(first, third), "the nodes see each other");
    assert(!first.cluster.nodes.has(first.id));
    assert.deepEqual(first.changes.at(-1), first.cluster.nodes);
    await second.cluster[Symbol.asyncDispose]();
    // A new node would see its lease for some seconds if it had not given it back.
    const fourth = await bench.start();
    assert(!fourth.cluster.nodes.has(second.id), "it gives its lease back");
    await until(() => first.sees(third, fourth), "a node went");
    assert.deepEqual(first.changes.at(-1), first.cluster.nodes);
  });

  test("leaves nothing behind if it closes while it starts", async (bench) => {
    for (let delay = 0; delay < 30; delay++) {
      const node = new Node(crypto.randomUUID(), bench.engine.open());
      const starting = node.cluster.start(node.id, node).catch(() => {});
      if (delay > 0) await wait(delay - 1);
      await node.cluster[Symbol.asyncDispose]();
      await starting;
      const next = await bench.start();
      assert(!next.cluster.nodes.has(node.id));
      await next.cluster[Symbol.asyncDispose]();
    }
  });

  test("tells one node and all nodes, in order", async (bench) => {
    const [first, second, third] = await bench.startAll(3);
    const sent = Array.from({ length: 300 }, (_, n) => `${n} ü\r\n"\0`);
    for (const [index, payload] of sent.entries()) {
      const target = index % 3 === 0 ? undefined : second!.id;
      void first!.cluster.tell(target, payload);
    }
    await first!.cluster.tell(undefined, "end");
    for (const node of [second!, third!]) {
      await until(() => node.payloads.includes("end"), "the last one came");
      assert(node.told.every(({ from }) => from === first!.id));
    }
    assert.deepEqual(second!.payloads, [...sent, "end"]);
    const shared = sent.filter((_, index) => index % 3 === 0);
    assert.deepEqual(third!.payloads, [...shared, "end"]);
    assert.deepEqual(first!.told, []);
  });

  test("tells nobody without an error", async (bench) => {
    const node = await bench.start();
    await node.cluster.tell(undefined, "hello");
    await node.cluster.tell("nobody", "hello");
    assert.deepEqual(node.told, []);
  });

  test("carries long and empty payloads", async (bench) => {
    const [first, second] = await bench.startAll(2);
    const long = "ü".repeat(MAX_PAYLOAD / 2);
    second!.answer = (_from, payload) => Promise.resolve(payload);
    for (const payload of [long, ""]) {
      await first!.cluster.tell(second!.id, payload);
      const answer = await first!.cluster.ask(second!.id, payload, PATIENCE);
      assert.equal(answer, payload);
      const { answers } = await first!.cluster.survey(payload, PATIENCE);
      assert.equal(answers.get(second!.id), payload);
    }
    await until(() => second!.told.length === 2, "both payloads came");
    assert.deepEqual(second!.payloads, [long, ""]);
  });

  test("asks a node, many times at once", async (bench) => {
    const [first, second] = await bench.startAll(2);
    second!.answer = async (from, payload) => {
      // The last one is answered first.
      await wait(100 - Number(payload));
      return `${from} ${payload}`;
    };
    const answers = await Promise.all(
      Array.from(
        { length: 100 },
        (_, n) => first!.cluster.ask(second!.id, String(n), PATIENCE),
      ),
    );
    const expected = Array.from({ length: 100 }, (_, n) => `${first!.id} ${n}`);
    assert.deepEqual(answers, expected);
  });

  test("reports a node that does not answer in time", async (bench) => {
    const [first, second] = await bench.startAll(2);
    second!.answer = () => Promise.resolve(undefined);
    const start = performance.now();
    await assert.rejects(
      first!.cluster.ask(second!.id, "hello", SHORT),
      TimeoutError,
    );
    assert(performance.now() - start > SHORT - 20);
  });

  test("reports a node that is unknown or has ended at once", async (bench) => {
    const [first, second] = await bench.startAll(2);
    const start = performance.now();
    await assert.rejects(
      first!.cluster.ask("nobody", "hello", PATIENCE),
      NoNodeError,
    );
    await second!.cluster[Symbol.asyncDispose]();
    await until(() => first!.sees(), "the node has ended");
    await assert.rejects(
      first!.cluster.ask(second!.id, "hello", PATIENCE),
      NoNodeError,
    );
    assert(performance.now() - start < PATIENCE / 2);
  });

  test("reports a node that ends before it answers", async (bench) => {
    const [first, second] = await bench.startAll(2);
    second!.answer = () => new Promise(() => {});
    const asking = first!.cluster.ask(second!.id, "hello", PATIENCE);
    asking.catch(() => {});
    await wait(SHORT);
    await second!.cluster[Symbol.asyncDispose]();
    await assert.rejects(asking, NoNodeError);
  });

  test("surveys all nodes, and names those that are silent", async (bench) => {
    const [first, second, third] = await bench.startAll(3);
    const start = performance.now();
    const all = await first!.cluster.survey("hello", PATIENCE);
    assert(performance.now() - start < PATIENCE / 2, "it waits for nobody");
    assert.deepEqual(
      [...all.answers].sort(),
      [second!, third!].map(({ id }): [string, string] => [
        id,
        `${id} got hello from ${first!.id}`,
      ]).sort(),
    );
    assert.deepEqual(all.silent, []);
    third!.answer = () => Promise.resolve(undefined);
    const some = await first!.cluster.survey("hello", SHORT);
    assert.deepEqual([...some.answers.keys()], [second!.id]);
    assert.deepEqual(some.silent, [third!.id]);
  });

  test("surveys nobody at once", async (bench) => {
    const node = await bench.start();
    const { answers, silent } = await node.cluster.survey("hello", PATIENCE);
    assert.deepEqual([...answers], []);
    assert.deepEqual(silent, []);
  });

  test("shares a state that outlives all nodes", async (bench) => {
    const [first, second] = await bench.startAll(2);
    const long = "ü".repeat(32_768);
    const key = `${"k".repeat(92)}_-AZaz09`;
    await first!.cluster.put(key, long);
    await first!.cluster.put("a-1", "one");
    await second!.cluster.put("a-2", "two");
    await second!.cluster.put("a-1", "");
    await second!.cluster.put("b-1", "other");
    for (const node of [first!, second!]) {
      const list = await node.cluster.list("a-");
      assert.deepEqual([...list].sort(), [["a-1", ""], ["a-2", "two"]]);
    }
    await first!.cluster.delete("a-2");
    await first!.cluster.delete("never-there");
    await first!.cluster[Symbol.asyncDispose]();
    await second!.cluster[Symbol.asyncDispose]();
    const third = await bench.start();
    assert.deepEqual([...await third.cluster.list("a-")], [["a-1", ""]]);
    assert.deepEqual([...await third.cluster.list("k")], [[key, long]]);
    assert.equal((await third.cluster.list("")).size, 3);
  });

  test("lets one of two nodes create a value", async (bench) => {
    const [first, second] = await bench.startAll(2);
    for (const key of ["key-1", "key-2", "key-3"]) {
      const values = await Promise.all([
        first!.cluster.create(key, "first"),
        second!.cluster.create(key, "second"),
      ]);
      assert.equal(values[0], values[1]);
      const list = await first!.cluster.list(key);
      assert.equal(list.get(key), values[0]);
      assert.equal(await second!.cluster.create(key, "third"), values[0]);
    }
    await first!.cluster.delete("key-1");
    assert.equal(await second!.cluster.create("key-1", "new"), "new");
  });

  test("rejects everything after its end, and reports nothing", async (bench) => {
    const [first, second] = await bench.startAll(2);
    const asking = first!.cluster.ask(second!.id, "hello", PATIENCE);
    asking.catch(() => {});
    await first!.cluster[Symbol.asyncDispose]();
    await first!.cluster[Symbol.asyncDispose]();
    const { cluster } = first!;
    const told = first!.told.length;
    const changes = first!.changes.length;
    for (
      const call of [
        () => cluster.tell(undefined, "x"),
        () => cluster.ask(second!.id, "x", SHORT),
        () => cluster.survey("x", SHORT),
        () => cluster.put("x", "x"),
        () => cluster.create("x", "x"),
        () => cluster.list("x"),
        () => cluster.delete("x"),
      ]
    ) await assert.rejects(call, isLost);
    await second!.cluster.tell(undefined, "late");
    await bench.start();
    await wait(SHORT);
    assert.equal(first!.told.length, told);
    assert.equal(first!.changes.length, changes);
  });

  testFailures(test);
}
