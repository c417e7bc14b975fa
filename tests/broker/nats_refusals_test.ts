/** What a server does if NATS refuses an operation without ending the connection. */

import assert from "node:assert/strict";
import { NatsCluster } from "../../broker/nats_cluster.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { linkTo } from "../support/nats.ts";
import { NatsBench } from "../support/nats_bench.ts";

const ADA = { user: "ada", password: "pw" };

const ALL = ['">"', '">"'] as const;

function configOf([publish, subscribe]: readonly [string, string]): string {
  return `authorization { users: [{ user: ada, password: pw, permissions: {
    publish: ${publish}, subscribe: ${subscribe} } }] }`;
}

function start(engine: NatsEngine): Promise<NatsBench> {
  return NatsBench.start(engine, { credentials: ADA });
}

function testPermissions(
  what: string,
  permissions: readonly [publish: string, subscribe: string],
  run: (engine: NatsEngine) => Promise<void>,
): void {
  Deno.test(`NATS: ${what}`, async () => {
    const config = configOf(permissions);
    await using engine = await NatsEngine.start({ config });
    await run(engine);
  });
}

function refusedTo(operation: string): object {
  return {
    ...{ name: "PublishError", outcome: "none" },
    message: new RegExp(
      `^NATS has refused an operation: Permissions Violation for ${operation}.*\\. Allow it in the permissions`,
    ),
  };
}

/** The subjects that the guide lists. */
const LISTED = listedIn(
  await Deno.readTextFile(
    new URL("../../docs/guide/nats.md", import.meta.url),
  ),
);

/** Reads the permissions in a configuration. */
function listedIn(guide: string): readonly (readonly string[])[] {
  const [, publish = "", subscribe = ""] =
    /publish: (\[.*\])\n *subscribe: (\[.*\])/.exec(guide) ?? [];
  return [publish, subscribe].map((list) => JSON.parse(list || "[]"));
}

/** Lets two servers do everything that needs a permission; returns what NATS has refused. */
async function refusedWith(
  lists: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const [publish = "", subscribe = ""] = lists.map((list) =>
    JSON.stringify(list)
  );
  const config = configOf([publish, subscribe]);
  await using engine = await NatsEngine.start({ config });
  const clusters: NatsCluster[] = [];
  try {
    await useRooms(engine);
    await useCluster(engine, clusters);
    return [];
  } catch (error) {
    return [String(error)];
  } finally {
    for (const each of clusters) await each[Symbol.asyncDispose]();
  }
}

async function useRooms(engine: NatsEngine): Promise<void> {
  await using first = await start(engine);
  await using second = await start(engine);
  await second.broker.subscribe("a");
  const key = { publisher: "ada", key: "2", isRepeated: false };
  const since = await first.publish("a", "1");
  await first.publish("a", "2", key);
  await first.publish("a", "2", { ...key, isRepeated: true });
  const unstored = { history: undefined, key: undefined };
  await first.broker.publish("a", "3", unstored);
  await second.until(() => second.payloads.includes("3"));
  assert.equal((await second.read("a", { since })).publications.length, 1);
  await second.broker.clear("a", second.history);
  await first.publish("a", "4");
  await second.until(() => second.payloads.includes("4"));
  await second.broker.unsubscribe("a");
  assert.deepEqual([...first.errors, ...second.errors], []);
}

async function useCluster(
  engine: NatsEngine,
  clusters: NatsCluster[],
): Promise<void> {
  const problems: unknown[] = [];
  for (const id of ["first", "second"]) {
    const cluster = new NatsCluster(linkTo(engine, { credentials: ADA }));
    clusters.push(cluster);
    await cluster.start(id, {
      onTold: () => {},
      onAsked: () => Promise.resolve("yes"),
      onNodes: () => {},
      onState: (_state, error) => error && problems.push(error),
    });
  }
  const [first, second] = clusters;
  assert.equal(await first!.ask("second", "hello", 2_000), "yes");
  assert.equal((await second!.survey("hello", 2_000)).answers.size, 1);
  await first!.tell(undefined, "hello");
  await first!.put("a", "1");
  assert.equal(await second!.create("b", "2"), "2");
  assert.equal((await second!.list("")).size, 2);
  await second!.delete("a");
  assert.deepEqual(problems, []);
}

await withEngine("permissions of NATS", () => {
  Deno.test("NATS: servers need exactly the permissions that the guide lists", async () => {
    assert.deepEqual(await refusedWith(LISTED), []);
    for (const [index, list] of LISTED.entries()) {
      for (const subject of list) {
        const fewer = LISTED.map((each, at) =>
          at === index ? list.filter((other) => other !== subject) : each
        );
        assert.notDeepEqual(await refusedWith(fewer), [], subject);
      }
    }
  });

  testPermissions(
    "does not start without the permission for replies",
    ['">"', '"hoist.>"'],
    (engine) =>
      assert.rejects(start(engine), refusedTo('Subscription to "_INBOX')),
  );

  testPermissions(
    "does not start without the permission to receive messages",
    ['">"', '"_INBOX.>"'],
    (engine) =>
      assert.rejects(start(engine), refusedTo('Subscription to "hoist')),
  );

  testPermissions(
    "rejects a subscription and messages without permission",
    [
      '{ allow: ">", deny: ["hoist.l.-.h.a", "hoist.h.*.a"] }',
      '{ allow: ">", deny: "hoist.l.*.h.a" }',
    ],
    async (engine) => {
      await using bench = await start(engine);
      const { broker } = bench;
      await assert.rejects(broker.subscribe("a"), refusedTo("Subscription"));
      await broker.unsubscribe("a");
      const options = { history: undefined, key: undefined };
      await Promise.all([1, 2].flatMap(() => [
        assert.rejects(broker.publish("a", "1", options), refusedTo("Publish")),
        assert.rejects(bench.publish("a", "1"), refusedTo("Publish")),
      ]));
      await broker.subscribe("b");
      await bench.publish("b", "2");
      await bench.until(() => bench.payloads.includes("2"));
      assert.deepEqual(bench.states, ["up"]);
    },
  );

  testPermissions(
    "reports that a permission was withdrawn, and continues later",
    ALL,
    async (engine) => {
      await using bench = await start(engine);
      await bench.broker.subscribe("a");
      await engine.reload(
        configOf(['">"', '{ allow: ">", deny: "hoist.l.*.h.a" }']),
      );
      await bench.until(() => bench.states.at(-1) === "refused");
      assert.match(String(bench.errors.at(-1)), /hoist\.l\.\*\.h\.a/);
      await bench.restartedBy(() => engine.reload(configOf(ALL)));
      await bench.publish("a", "1");
      await bench.until(() => bench.payloads.includes("1"));
    },
  );

  Deno.test("NATS: rejects subscriptions beyond the limit", async () => {
    // The connection itself needs three.
    const config = "max_subscriptions: 4";
    await using engine = await NatsEngine.start({ config });
    await using bench = await NatsBench.start(engine);
    await bench.broker.subscribe("a");
    await assert.rejects(bench.broker.subscribe("b"), {
      ...{ name: "PublishError", outcome: "none" },
      message: /maximum subscriptions exceeded\. Raise the limit/,
    });
    await bench.broker.unsubscribe("b");
    await bench.publish("a", "1");
    await bench.until(() => bench.payloads.includes("1"));
    assert.deepEqual(bench.states, ["up"]);
  });
});
