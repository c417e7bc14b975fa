/**
 * What every broker must do. Each broker has a test file that calls `testBroker`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type {
  Broker,
  HistoryOptions,
  HistoryRead,
  Publication,
  PublicationKey,
  ReadFrom,
} from "../../broker/broker.ts";
import { ROOM_NAMES } from "./room_names.ts";

/** An engine with one broker, as a test needs it. */
export interface Engine extends AsyncDisposable {
  readonly broker: Broker;
  /** Lets time pass for the engine. */
  pass(milliseconds: number): Promise<void>;
  /** Goes back to the first publications; `undefined` if the engine cannot. */
  readonly restore: ((count: number) => Promise<void>) | undefined;
}

const HISTORY = { size: 1_000, ttl: 600_000, maxBytes: 1_000_000 };

const READ = { history: HISTORY, limit: 10_000, maxBytes: 1_000_000 };

const ALL: ReadFrom = { last: 10_000 };

/** Records what a broker reports. */
class Subscriber {
  readonly publications: (Publication & { readonly room: string })[] = [];
  readonly stale: (string | undefined)[] = [];
  #onChange = (): void => {};

  onPublication(room: string, publication: Publication): void {
    this.publications.push({ room, ...publication });
    this.#onChange();
  }

  onStale(room: string | undefined): void {
    this.stale.push(room);
    this.#onChange();
  }

  get payloads(): readonly string[] {
    return this.publications.map(({ payload }) => payload);
  }

  /** Waits until the broker has reported enough. */
  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) {
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
  }
}

class Bench implements AsyncDisposable {
  readonly engine: Engine;
  readonly subscriber = new Subscriber();
  /** How much history all rooms keep */
  history: HistoryOptions = HISTORY;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get broker(): Broker {
    return this.engine.broker;
  }

  /** Publishes with history and returns the position. */
  async publish(
    room: string,
    payload: string,
    { key }: { readonly key?: PublicationKey } = {},
  ): Promise<string> {
    const options = { history: this.history, key };
    const { position } = await this.broker.publish(room, payload, options);
    assert(position !== null);
    return position;
  }

  read(room: string, from: ReadFrom = ALL): Promise<HistoryRead> {
    return this.broker.read(room, from, { ...READ, history: this.history });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }
}

function keyOf(publisher: string, key: string): PublicationKey {
  return { publisher, key, isRepeated: false };
}

function payloadsOf({ publications }: HistoryRead): readonly string[] {
  return publications.map(({ payload }) => payload);
}

/** Asserts that each publication names the one before it. */
function assertChain(broker: Broker, publications: readonly Publication[]) {
  for (const [index, { previous }] of publications.entries()) {
    const before = publications[index - 1]?.position;
    if (before === undefined) continue;
    assert.equal(broker.order(previous!, before!), "same");
  }
}

/** Registers the tests of a broker. */
export function testBroker(name: string, open: () => Promise<Engine>): void {
  const test = (what: string, run: (bench: Bench) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using bench = new Bench(await open());
      await bench.broker.start(bench.subscriber);
      await run(bench);
    });

  test("keeps the order of concurrent publications", async (bench) => {
    const { broker, subscriber } = bench;
    await broker.subscribe("a");
    const payloads = Array.from({ length: 100 }, (_, n) => String(n));
    const positions = await Promise.all(
      payloads.map((payload) => bench.publish("a", payload)),
    );
    await subscriber.until(() => subscriber.publications.length === 100);
    const read = await bench.read("a");
    assert.deepEqual(payloadsOf(read), subscriber.payloads);
    assert.deepEqual([...payloadsOf(read)].sort(), [...payloads].sort());
    assertChain(broker, read.publications);
    assertChain(broker, subscriber.publications);
    assert.deepEqual(
      new Set(read.publications.map(({ position }) => position)),
      new Set(positions),
    );
    assert.equal(read.top, read.publications.at(-1)?.position);
  });

  test("reads exactly what comes after each position", async (bench) => {
    const positions = [(await bench.read("a")).top];
    const payloads = ["one", "two", "three", "four"];
    for (const each of payloads) positions.push(await bench.publish("a", each));
    for (const [index, since] of positions.entries()) {
      const read = await bench.read("a", { since });
      assert.equal(read.lost, undefined);
      assert.deepEqual(payloadsOf(read), payloads.slice(index));
      assert.equal(bench.broker.order(read.from, since), "same");
      assert.equal(read.top, positions.at(-1));
    }
  });

  test("orders positions", async (bench) => {
    const { broker } = bench;
    const { top } = await bench.read("a");
    const first = await bench.publish("a", "one");
    const second = await bench.publish("a", "two");
    assert.equal(broker.order(top, first), "before");
    assert.equal(broker.order(first, second), "before");
    assert.equal(broker.order(second, first), "after");
    assert.equal(broker.order(second, second), "same");
    assert.equal(broker.order("nonsense", second), "unrelated");
  });

  test("stores a publication with a known key once", async (bench) => {
    const { broker, subscriber } = bench;
    await broker.subscribe("a");
    const key = keyOf("ada", "1");
    const options = { history: HISTORY, key };
    const first = await broker.publish("a", "one", options);
    const repeated = { ...options, key: { ...key, isRepeated: true } };
    const second = await broker.publish("a", "one", repeated);
    assert.deepEqual(first, { position: first.position, isDuplicate: false });
    assert.deepEqual(second, { position: first.position, isDuplicate: true });
    await bench.publish("a", "end");
    await subscriber.until(() => subscriber.payloads.includes("end"));
    assert.deepEqual(subscriber.payloads, ["one", "end"]);
    assert.deepEqual(payloadsOf(await bench.read("a")), ["one", "end"]);
  });

  test("separates the keys of publishers and of rooms", async (bench) => {
    await bench.publish("a", "1", { key: keyOf("ada", "1") });
    await bench.publish("a", "2", { key: keyOf("bob", "1") });
    await bench.publish("b", "3", { key: keyOf("ada", "1") });
    await bench.publish("a1", "4", { key: keyOf("ada", "") });
    assert.deepEqual(payloadsOf(await bench.read("a")), ["1", "2"]);
    assert.deepEqual(payloadsOf(await bench.read("b")), ["3"]);
    assert.deepEqual(payloadsOf(await bench.read("a1")), ["4"]);
  });

  test("recognizes long keys in rooms with long names", async (bench) => {
    const rooms = ["!".repeat(200), `${"!".repeat(199)}?`];
    const keys = ["!".repeat(64), `${"!".repeat(63)}?`];
    for (const room of rooms) {
      for (const name of [...keys, ...keys]) {
        await bench.publish(room, name, { key: keyOf("ada", name) });
      }
      assert.deepEqual(payloadsOf(await bench.read(room)), keys);
    }
  });

  test("accepts the first attempt of a repeated publication", async (bench) => {
    const key = { ...keyOf("ada", "1"), isRepeated: true };
    await bench.publish("a", "one", { key });
    assert.deepEqual(payloadsOf(await bench.read("a")), ["one"]);
  });

  test("reports what has expired by number", async (bench) => {
    bench.history = { ...HISTORY, size: 3 };
    const start = (await bench.read("a")).top;
    const positions = [];
    for (const payload of ["1", "2", "3", "4", "5"]) {
      positions.push(await bench.publish("a", payload));
    }
    for (const since of [start, positions[0]!]) {
      const read = await bench.read("a", { since });
      assert.equal(read.lost, "expired");
      assert.deepEqual(payloadsOf(read), ["3", "4", "5"]);
      assert.equal(bench.broker.order(read.from, positions[1]!), "same");
    }
    const whole = await bench.read("a", { since: positions[1]! });
    assert.equal(whole.lost, undefined);
    assert.deepEqual(payloadsOf(whole), ["3", "4", "5"]);
  });

  test("reports what has expired by time", async (bench) => {
    const ttl = 2_000;
    bench.history = { ...HISTORY, ttl };
    const first = await bench.publish("a", "1");
    const second = await bench.publish("a", "2");
    await bench.engine.pass(ttl + 500);
    const read = await bench.read("a", { since: first });
    assert.equal(read.lost, "expired");
    assert.deepEqual(payloadsOf(read), []);
    // Nothing is missing here, and a false alarm is allowed, but no false promise.
    const third = await bench.publish("a", "3");
    assert.equal(bench.broker.order(second, third), "before");
    assert.deepEqual(payloadsOf(await bench.read("a")), ["3"]);
  });

  test("keeps the newest if a read has a limit", async (bench) => {
    const { broker } = bench;
    const since = await bench.publish("a", "0");
    for (const each of ["1111", "2222", "3333"]) await bench.publish("a", each);
    const limits = [{ ...READ, limit: 2 }, { ...READ, maxBytes: 11 }];
    for (const options of limits) {
      const read = await broker.read("a", { since }, options);
      assert.equal(read.lost, "limit");
      assert.deepEqual(payloadsOf(read), ["2222", "3333"]);
      assert.equal(broker.order(read.from, since), "after");
    }
    for (const options of [{ ...READ, limit: 3 }, { ...READ, maxBytes: 12 }]) {
      const read = await broker.read("a", { since }, options);
      assert.equal(read.lost, undefined);
      assert.equal(read.publications.length, 3);
    }
  });

  test("reads the last publications", async (bench) => {
    for (const each of ["1", "2", "3"]) await bench.publish("a", each);
    for (const [last, expected] of [[0, []], [2, ["2", "3"]]] as const) {
      const read = await bench.read("a", { last });
      assert.deepEqual(payloadsOf(read), expected);
      assert.equal(read.lost, undefined);
    }
    assert.deepEqual(payloadsOf(await bench.read("a")), ["1", "2", "3"]);
    const { publications, from, top } = await bench.read("empty");
    assert.deepEqual(publications, []);
    assert.equal(from, top);
  });

  test("begins a new epoch when the history is cleared", async (bench) => {
    const { broker, subscriber } = bench;
    await broker.subscribe("a");
    const old = await bench.publish("a", "1");
    await bench.publish("b", "other");
    await broker.clear("a", HISTORY);
    assert.deepEqual(payloadsOf(await bench.read("a")), []);
    const read = await bench.read("a", { since: old });
    assert.equal(read.lost, "epoch");
    const next = await bench.publish("a", "2");
    assert.equal(broker.order(old, next), "unrelated");
    await subscriber.until(() => subscriber.payloads.includes("2"));
    const { previous } = subscriber.publications.at(-1)!;
    assert.notEqual(broker.order(previous!, old), "same");
    const after = await bench.read("a", { since: old });
    assert.equal(after.lost, "epoch");
    assert.deepEqual(payloadsOf(after), ["2"]);
    assert.deepEqual(payloadsOf(await bench.read("b")), ["other"]);
  });

  test("reports a position of another or of no epoch", async (bench) => {
    const position = await bench.publish("a", "1");
    const later = position.replace(/\.1\./, ".2.");
    const wrongCheck = position.replace(/\.[^.]*$/, ".zzzzz");
    const invalid = [
      position.replace(/\.[^.]*$/, "."),
      "",
      "1",
      "a.b.c",
      "other.1.aaaaa",
      `${"e".repeat(99)}.1.a`,
    ];
    for (const since of [later, wrongCheck, ...invalid]) {
      if (since === position) continue;
      const read = await bench.read("a", { since });
      assert.notEqual(read.lost, undefined, since);
      assert.deepEqual(payloadsOf(read), ["1"], since);
    }
  });

  test("keeps no history if there is none", async (bench) => {
    const { broker, subscriber } = bench;
    await broker.subscribe("a");
    const options = { history: undefined, key: undefined };
    const { position } = await broker.publish("a", "one", options);
    assert.equal(position, null);
    await subscriber.until(() => subscriber.publications.length === 1);
    const [first] = subscriber.publications;
    assert.deepEqual(first, {
      ...{ room: "a", payload: "one" },
      ...{ position: null, previous: null },
    });
    assert.deepEqual(payloadsOf(await bench.read("a")), []);
  });

  test("reports only rooms with a subscription", async (bench) => {
    const { broker, subscriber } = bench;
    await bench.publish("a", "before");
    await broker.subscribe("a");
    await bench.publish("a", "during");
    await bench.publish("b", "elsewhere");
    await subscriber.until(() => subscriber.publications.length === 1);
    await broker.unsubscribe("a");
    await broker.subscribe("b");
    await bench.publish("a", "after");
    await bench.publish("b", "end");
    await subscriber.until(() => subscriber.payloads.includes("end"));
    assert.deepEqual(subscriber.payloads, ["during", "end"]);
  });

  test("separates rooms with names of all kinds", async (bench) => {
    const { broker, subscriber } = bench;
    for (const room of ROOM_NAMES) await broker.subscribe(room);
    for (const room of ROOM_NAMES) await bench.publish(room, `to ${room}`);
    const { length } = ROOM_NAMES;
    await subscriber.until(() => subscriber.publications.length === length);
    for (const { room, payload } of subscriber.publications) {
      assert.equal(payload, `to ${room}`);
    }
    for (const room of ROOM_NAMES) {
      assert.deepEqual(payloadsOf(await bench.read(room)), [`to ${room}`]);
    }
  });

  test("notices that a restored history is another one", async (bench) => {
    const { engine, broker } = bench;
    if (engine.restore === undefined) return;
    const first = await bench.publish("a", "1");
    const lost = await bench.publish("a", "lost");
    await engine.restore(1);
    assert.equal((await bench.read("a", { since: lost })).lost, "epoch");
    const other = await bench.publish("a", "2");
    assert.equal(broker.order(other, lost), "unrelated");
    const read = await bench.read("a", { since: lost });
    assert.equal(read.lost, "epoch");
    await bench.publish("a", "3");
    assert.equal((await bench.read("a", { since: lost })).lost, "epoch");
    const whole = await bench.read("a", { since: first });
    assert.equal(whole.lost, undefined);
    assert.deepEqual(payloadsOf(whole), ["2", "3"]);
  });

  test("notices another history that ends with the same message", async (bench) => {
    const { engine, broker } = bench;
    if (engine.restore === undefined) return;
    const key = keyOf("ada", "1");
    await bench.publish("a", "1");
    await bench.publish("a", "lost");
    const old = await bench.publish("a", "repeated", { key });
    await engine.restore(1);
    await bench.publish("a", "other");
    const repeated = { ...key, isRepeated: true };
    const next = await bench.publish("a", "repeated", { key: repeated });
    assert.equal(broker.order(old, next), "unrelated");
    assert.equal((await bench.read("a", { since: old })).lost, "epoch");
    assert.equal(
      await bench.publish("a", "repeated", { key: repeated }),
      next,
    );
  });
}
