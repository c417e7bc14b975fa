/**
 * What every cluster must do when nodes or the engine fail.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LEASE } from "../../broker/cluster.ts";
import { NoNodeError, TimeoutError } from "../../common/errors.ts";
import {
  isLost,
  Node,
  PATIENCE,
  type RegisterTest,
  SHORT,
  wait,
} from "./cluster_bench.ts";
import { unlessStalled, until } from "../support/timing.ts";

/** In this time, each node renews its lease, also after a stop of the machine, in milliseconds. */
const RENEWAL = LEASE / 3;

/** Registers the tests with failures. */
export function testFailures(test: RegisterTest): void {
  test("drops a node that has crashed when its lease ends", async (bench) => {
    const { kill } = bench.engine;
    if (kill === undefined) return;
    const [first, second, third] = await bench.startAll(3);
    await kill(second!.cluster);
    await assert.rejects(
      first!.cluster.ask(second!.id, "hello", SHORT),
      (error) => error instanceof NoNodeError || error instanceof TimeoutError,
    );
    const { answers, silent } = await first!.cluster.survey("hello", SHORT);
    assert.deepEqual([...answers.keys()], [third!.id]);
    assert(silent.every((id) => id === second!.id));
    await until(() => first!.sees(third!), "the lease has ended");
    await assert.rejects(
      first!.cluster.ask(second!.id, "hello", SHORT),
      NoNodeError,
    );
  });

  test("drops a frozen node, which comes back when it continues", async (bench) => {
    const { freeze, thaw } = bench.engine;
    if (freeze === undefined || thaw === undefined) return;
    const [first, second] = await bench.startAll(2);
    const back = () => until(() => first!.sees(second!), "the node is back");
    // Both questions end before the lease, of which a third can have passed.
    await unlessStalled(LEASE / 4, async () => {
      await thaw(second!.cluster);
      await back();
      await wait(RENEWAL);
      await freeze(second!.cluster);
      await assert.rejects(
        first!.cluster.ask(second!.id, "hello", SHORT),
        TimeoutError,
      );
      const { silent } = await first!.cluster.survey("hello", SHORT);
      assert.deepEqual(silent, [second!.id]);
    });
    await until(() => first!.sees(), "the lease has ended");
    await thaw(second!.cluster);
    await back();
    const answer = await first!.cluster.ask(second!.id, "again", PATIENCE);
    assert.equal(answer, `${second!.id} got again from ${first!.id}`);
  });

  test("keeps a frozen node that continues before its lease ends", async (bench) => {
    const { freeze, thaw } = bench.engine;
    if (freeze === undefined || thaw === undefined) return;
    const [first, second] = await bench.startAll(2);
    await unlessStalled(LEASE / 4, async () => {
      await until(() => first!.sees(second!), "the node is there");
      await wait(RENEWAL);
      const changes = first!.changes.length;
      await freeze(second!.cluster);
      await wait(LEASE / 4);
      await thaw(second!.cluster);
      await first!.cluster.ask(second!.id, "hello", PATIENCE);
      await wait(LEASE);
      assert.equal(first!.changes.length, changes);
    });
  });

  test("reports that the engine is down, and tries again", async (bench) => {
    const { stop, start } = bench.engine;
    if (stop === undefined || start === undefined) return;
    const [first, second] = await bench.startAll(2);
    await first!.cluster.put("kept", "1");
    await stop();
    for (const node of [first!, second!]) {
      await until(() => node.states.at(-1) === "down", "the engine is down");
      assert(node.errors.at(-1) instanceof Error);
    }
    const { cluster } = first!;
    const begin = performance.now();
    await assert.rejects(cluster.tell(undefined, "lost"), isLost);
    await assert.rejects(cluster.ask(second!.id, "lost", PATIENCE), isLost);
    await assert.rejects(cluster.survey("lost", PATIENCE), isLost);
    await assert.rejects(cluster.put("lost", "1"), isLost);
    await assert.rejects(cluster.list(""), isLost);
    assert(performance.now() - begin < PATIENCE / 2, "it does not wait");
    const changes = [first!.changes.length, second!.changes.length];
    await start();
    for (const node of [first!, second!]) {
      await until(() => node.states.at(-1) === "up", "the engine is up");
    }
    assert.deepEqual([...await cluster.list("kept")], [["kept", "1"]]);
    const answer = await cluster.ask(second!.id, "hello", PATIENCE);
    assert.equal(answer, `${second!.id} got hello from ${first!.id}`);
    await wait(LEASE);
    // Each node has renewed its lease, so none of them was gone for the other one.
    assert(first!.sees(second!) && second!.sees(first!));
    for (const [index, node] of [first!, second!].entries()) {
      const later = node.changes.slice(changes[index]);
      assert(later.every((nodes) => nodes.size === 1));
    }
    assert(!second!.payloads.includes("lost"));
  });

  test("starts as soon as the engine is up", async (bench) => {
    const { stop, start } = bench.engine;
    if (stop === undefined || start === undefined) return;
    await stop();
    const node = new Node(crypto.randomUUID(), bench.engine.open());
    await assert.rejects(node.cluster.start(node.id, node), isLost);
    await start();
    await node.cluster.start(node.id, node);
    await node.cluster.put("x", "1");
    await node.cluster[Symbol.asyncDispose]();
  });

  test("ends while the engine is down", async (bench) => {
    const { stop, start } = bench.engine;
    if (stop === undefined || start === undefined) return;
    const [first] = await bench.startAll(2);
    await stop();
    const begin = performance.now();
    await first!.cluster[Symbol.asyncDispose]();
    assert(performance.now() - begin < PATIENCE / 2);
    await start();
  });
}
