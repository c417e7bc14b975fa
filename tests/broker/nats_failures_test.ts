/** What the broker of NATS does when NATS fails. */

import assert from "node:assert/strict";
import type { HistoryOptions, PublicationKey } from "../../broker/broker.ts";
import { PublishError } from "../../common/hoist_error.ts";
import {
  NatsEngine,
  type NatsEngineOptions,
} from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { callApi } from "../../broker/nats_api.ts";
import type { Msg } from "../../broker/nats_client.ts";
import { pause } from "../support/nats.ts";
import { NatsBench } from "../support/nats_bench.ts";
import { settlesAtOnce, until } from "../support/timing.ts";

const HISTORY = { size: 100, ttl: 600_000, maxBytes: 1_000_000 };

function test(
  what: string,
  run: (bench: NatsBench) => Promise<void>,
  options: NatsEngineOptions = {},
): void {
  Deno.test(`NATS: ${what}`, async () => {
    await using engine = await NatsEngine.start(options);
    await using bench = await NatsBench.start(engine);
    await run(bench);
  });
}

function keyOf(key: string, isRepeated = false): PublicationKey {
  return { publisher: "ada", key, isRepeated };
}

const hasOutcome = (outcome: string) => (error: unknown) =>
  error instanceof PublishError && error.outcome === outcome;

/** The number of messages in the only stream. */
async function countMessages({ link }: NatsBench): Promise<number> {
  const { streams } = await callApi<{ streams: string[] }>(
    link,
    "STREAM.NAMES",
  );
  const { state } = await callApi<{ state: { messages: number } }>(
    link,
    `STREAM.INFO.${streams[0]}`,
  );
  return state.messages;
}

/** Counts the replies of NATS from here on. */
function countReplies({ link }: NatsBench): () => number {
  const send = link.send.bind(link);
  let replies = 0;
  link.send = (subject, payload, { onReply, onLost }, options) => {
    const counted = {
      onReply: (message: Msg) => {
        replies++;
        return onReply(message);
      },
      onLost,
    };
    return send(subject, payload, counted, options);
  };
  return () => replies;
}

await withEngine("failures of NATS", () => {
  test("rejects messages at once while it is down, and continues", async (bench) => {
    const { engine, broker } = bench;
    await broker.subscribe("a");
    const first = await bench.publish("a", "1");
    await engine.kill();
    await bench.untilDown();
    for (const history of [HISTORY, undefined]) {
      const lost = broker.publish("a", "lost", { history, key: undefined });
      assert(await settlesAtOnce(lost));
      await assert.rejects(lost, hasOutcome("none"));
    }
    const options = { history: HISTORY, limit: 10, maxBytes: 1_000 };
    for (
      const call of [
        () => broker.read("a", { last: 1 }, options),
        () => broker.subscribe("b"),
      ]
    ) {
      const calling = call();
      assert(await settlesAtOnce(calling));
      await assert.rejects(calling, PublishError);
    }
    await bench.restartedBy(() => engine.restart());
    await bench.until(() => bench.stale.includes(undefined));
    const second = await bench.publish("a", "2");
    const read = await bench.read("a", { since: first });
    assert.deepEqual(bench.payloadsOf(read), ["2"]);
    assert.equal(read.lost, undefined);
    assert.equal(broker.order(first, second), "before");
    await bench.until(() => bench.payloads.includes("2"));
    assert.deepEqual(bench.payloads, ["1", "2"]);
  });

  test("reports what it cannot know when it is frozen, and stores a repetition once", async (bench) => {
    const { engine, broker } = bench;
    await bench.publish("a", "1");
    engine.freeze();
    // The signal takes a moment.
    await pause(100);
    const options = { history: HISTORY, key: keyOf("2") };
    const flushing = broker.publish("x", "core", {
      history: undefined,
      key: undefined,
    });
    flushing.catch(() => {});
    await assert.rejects(
      broker.publish("a", "2", options),
      hasOutcome("unknown"),
    );
    await assert.rejects(flushing, hasOutcome("unknown"));
    await bench.untilDown();
    await bench.restartedBy(() => Promise.resolve(engine.thaw()));
    const repeated = { history: HISTORY, key: keyOf("2", true) };
    await broker.publish("a", "2", repeated);
    assert.deepEqual(bench.payloadsOf(await bench.read("a")), ["1", "2"]);
  });

  test("begins a new epoch when the history is lost", async (bench) => {
    const { engine, broker } = bench;
    await broker.subscribe("a");
    const first = await bench.publish("a", "1", keyOf("1"));
    await bench.restartedBy(() => engine.wipe());
    const read = await bench.read("a", { since: first });
    assert.equal(read.lost, "epoch");
    assert.deepEqual(bench.payloadsOf(read), []);
    const second = await bench.publish("a", "2");
    assert.equal(broker.order(first, second), "unrelated");
    await bench.until(() => bench.payloads.includes("2"));
    // The first attempt is gone, but members can have received it.
    await assert.rejects(
      broker.publish("a", "1", { history: HISTORY, key: keyOf("1", true) }),
      hasOutcome("unknown"),
    );
  });

  test("finds a stream that somebody has deleted", async (bench) => {
    const { broker } = bench;
    await broker.subscribe("a");
    const first = await bench.publish("a", "1");
    const { streams } = await callApi<{ streams: string[] }>(
      bench.link,
      "STREAM.NAMES",
    );
    await callApi(bench.link, `STREAM.DELETE.${streams[0]}`);
    const second = await bench.publish("a", "2");
    assert.equal(broker.order(first, second), "unrelated");
    assert(bench.stale.includes(undefined));
    assert.equal((await bench.read("a", { since: first })).lost, "epoch");
  });

  test("notices a tail that is lost, with the data of an older copy", async (bench) => {
    const { engine, broker } = bench;
    await broker.subscribe("a");
    const first = await bench.publish("a", "1");
    await bench.restartedBy(() => engine.save());
    const lost = await bench.publish("a", "lost");
    await bench.restartedBy(() => engine.restore());
    assert.equal((await bench.read("a", { since: lost })).lost, "epoch");
    const other = await bench.publish("a", "2");
    assert.equal(broker.order(lost, other), "unrelated");
    const read = await bench.read("a", { since: first });
    assert.equal(read.lost, undefined);
    assert.deepEqual(bench.payloadsOf(read), ["2"]);
    assert.equal((await bench.read("a", { since: lost })).lost, "epoch");
  });

  test("notices a lost tail whose number another room has now", async (bench) => {
    const { engine } = bench;
    await bench.publish("a", "1");
    await bench.restartedBy(() => engine.save());
    const lost = await bench.publish("a", "lost");
    await bench.restartedBy(() => engine.restore());
    await bench.publish("b", "1");
    await bench.publish("a", "2");
    const read = await bench.read("a", { since: lost });
    assert.equal(read.lost, "epoch");
    assert.deepEqual(bench.payloadsOf(read), ["1", "2"]);
  });

  test("refuses a stream that somebody has changed", async (bench) => {
    await bench.publish("a", "1");
    const [name] = (await callApi<{ streams: string[] }>(
      bench.link,
      "STREAM.NAMES",
    )).streams;
    const { config } = await callApi<{ config: object }>(
      bench.link,
      `STREAM.INFO.${name}`,
    );
    const changed = { ...config, max_msgs_per_subject: 5 };
    await callApi(bench.link, `STREAM.UPDATE.${name}`, changed);
    await using other = await NatsBench.start(bench.engine);
    await assert.rejects(other.publish("a", "2"), {
      name: "PublishError",
      message: /'max_msgs_per_subject' of the stream HOIST-hoist-/,
    });
  });

  test("refuses a stream of another program", async (bench) => {
    const name = "OTHER";
    const config = { name, subjects: ["hoist.h.>"], storage: "memory" };
    await callApi(bench.link, `STREAM.CREATE.${name}`, config);
    await assert.rejects(bench.publish("a", "1"), {
      name: "PublishError",
      message: /the stream OTHER of another program .* 'prefix'/,
    });
  });

  test("separates deployments by their prefix", async (bench) => {
    await using other = await NatsBench.start(bench.engine, { prefix: "b" });
    await other.broker.subscribe("a");
    await bench.publish("a", "1");
    await other.publish("a", "2");
    await other.until(() => other.payloads.length > 0);
    assert.deepEqual(other.payloads, ["2"]);
    assert.deepEqual(other.payloadsOf(await other.read("a")), ["2"]);
  });

  test("clears a room for all servers, and for those that start later", async (bench) => {
    await using other = await NatsBench.start(bench.engine);
    await other.broker.subscribe("a");
    const first = await bench.publish("a", "1");
    await other.until(() => other.payloads.includes("1"));
    await bench.broker.clear("a", HISTORY);
    await other.until(() => other.stale.includes("a"));
    assert.equal(await countMessages(bench), 1, "only the clear is left");
    assert.equal((await other.read("a", { since: first })).lost, "epoch");
    const second = await bench.publish("a", "2");
    await other.until(() => other.payloads.includes("2"));
    await using later = await NatsBench.start(bench.engine);
    for (const each of [bench, other, later]) {
      const third = await each.publish("a", "3");
      assert.equal(each.broker.order(second, third), "before");
      assert.equal(each.broker.order(first, third), "unrelated");
      const read = await each.read("a", { since: second });
      assert.equal(read.lost, undefined);
    }
    const positions = other.publications.map(({ position }) => position);
    assert.deepEqual(
      [...new Set(positions.map((each) => each!.split(".")[0]))].length,
      2,
    );
  });

  test("deletes clears that nobody can need any more", async (bench) => {
    for (const room of ["a", "b"]) {
      await bench.publish(room, "1");
      await bench.broker.clear(room, HISTORY);
    }
    const [name] = (await callApi<{ streams: string[] }>(
      bench.link,
      "STREAM.NAMES",
      { subject: "hoist.c.>" },
    )).streams;
    const count = async () => {
      const request = { subjects_filter: "hoist.c.>" };
      const { state } = await callApi<{ state: { subjects?: object } }>(
        bench.link,
        `STREAM.INFO.${name}`,
        request,
      );
      return Object.keys(state.subjects ?? {}).length;
    };
    assert.equal(await count(), 2);
    const now = Date.now;
    try {
      Date.now = () => now() + 31 * 86_400_000;
      await using later = await NatsBench.start(bench.engine);
      const position = await later.publish("a", "2");
      assert(!position.includes("-"), "the clear no longer counts");
    } finally {
      Date.now = now;
    }
    await until(async () => await count() === 0, "both are deleted");
  });

  test("allows 8 pairs of size and ttl", async (bench) => {
    const of = (size: number): HistoryOptions => ({ ...HISTORY, size });
    for (let size = 1; size <= 8; size++) bench.broker.define(of(size));
    bench.broker.define({ ...of(8), maxBytes: 5 });
    assert.throws(() => bench.broker.define(of(9)), {
      name: "HoistError",
      message: /there can be 8\. Use one of { size: 1, ttl: 600000 }/,
    });
    await assert.rejects(
      bench.broker.publish("a", "x", { history: of(9), key: undefined }),
      { name: "HoistError" },
    );
  });

  test("reads the newest of a long history with few requests", async (bench) => {
    bench.history = { ...HISTORY, size: 5_000 };
    const sent = Array.from({ length: 5_000 }, (_, n) => String(n));
    const positions = await Promise.all(
      sent.map((payload, n) => bench.publish(n % 2 ? "b" : "a", payload)),
    );
    const replies = countReplies(bench);
    const read = await bench.read("a", { last: 3 });
    assert.deepEqual(bench.payloadsOf(read), ["4994", "4996", "4998"]);
    assert(replies() < 1_000, `There were ${replies()} replies`);
    const options = { history: bench.history, limit: 5, maxBytes: 1_000_000 };
    const since = { since: positions[10]! };
    const cut = await bench.broker.read("a", since, options);
    assert.equal(cut.lost, "limit");
    assert.deepEqual(bench.payloadsOf(cut).at(-1), "4998");
    assert.equal(cut.publications.length, 5);
    assert.equal(bench.broker.order(cut.from, positions[4_988]!), "same");
    assert(replies() < 2_000, `There were ${replies()} replies`);
    const whole = await bench.broker.read("a", since, {
      ...options,
      limit: 5_000,
    });
    assert.equal(whole.lost, undefined);
    assert.equal(whole.publications.length, 2_494);
  });
});
