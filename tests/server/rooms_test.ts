/** The rooms of a server, and when they use its broker. */

import { Metrics } from "../../server/metrics.ts";
import assert from "node:assert/strict";
import type { BrokerEvents, HistoryRead } from "../../broker/broker.ts";
import { MemoryBroker } from "../../broker/memory_broker.ts";
import { MemoryStore } from "../../broker/memory_store.ts";
import { Log } from "../../server/log.ts";
import { Room } from "../../server/room.ts";
import { RoomClients } from "../../server/room_clients.ts";
import { Rooms } from "../../server/rooms.ts";
import { Clock, READING_TIME } from "../support/clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { PassingBroker } from "../support/passing_broker.ts";
import { serverContext } from "../support/server_context.ts";
import { endOfTick, gate } from "../support/timing.ts";

/** A broker that takes time to start, and to end a subscription. */
class SlowBroker extends PassingBroker {
  readonly calls: string[] = [];
  readonly starting = gate();
  readonly ending = gate();
  /** What does not come back to the server yet; `undefined` if everything does */
  held: (() => void)[] | undefined;

  override async start(events: BrokerEvents): Promise<void> {
    await this.starting.opened;
    this.calls.push("start");
    await super.start({
      ...events,
      onStale: (room) => events.onStale(room),
      onPublication: (room, publication) => {
        const pass = () => events.onPublication(room, publication);
        if (this.held === undefined) pass();
        else this.held.push(pass);
      },
    });
  }

  override async subscribe(room: string): Promise<void> {
    this.calls.push("subscribe");
    await super.subscribe(room);
  }

  override async unsubscribe(room: string): Promise<void> {
    await this.ending.opened;
    this.calls.push("unsubscribe");
    await super.unsubscribe(room);
  }

  override async read(
    ...args: Parameters<PassingBroker["read"]>
  ): Promise<HistoryRead> {
    this.calls.push("read");
    return await super.read(...args);
  }

  override async clear(
    ...args: Parameters<PassingBroker["clear"]>
  ): Promise<void> {
    this.calls.push("clear");
    await super.clear(...args);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.calls.push("dispose");
    await super[Symbol.asyncDispose]();
  }
}

function open(logger = new LogRecorder()) {
  const log = new Log({ logger, logLevel: "warn" });
  const { turns, limits, scheduler } = serverContext();
  const store = new MemoryStore({ maxHistory: 1e6 });
  const broker = new SlowBroker(new MemoryBroker(store));
  let id = 0;
  const rooms = new Rooms({
    metrics: new Metrics(),
    ...{ log, turns, broker, maxBatch: 1_000, maxConnections: 10 },
    maxBuffered: limits.maxBuffered,
    nextMessageId: () => ++id,
  });
  rooms.define("a", { history: { size: 10 } });
  const clients = new RoomClients(rooms, scheduler, {
    ...{ exposeErrors: false, limits },
  });
  return { broker, rooms, room: new Room(clients, rooms.get("a")) };
}

Deno.test("rooms do not use a broker before it has started", async () => {
  for (const action of ["join", "history", "clear"] as const) {
    const { broker, rooms, room } = open();
    const actions = {
      join: () => rooms.open(rooms.get("a")).feed.ready,
      history: () => room.history(),
      clear: () => room.clear(),
    };
    const done = actions[action]();
    await endOfTick();
    assert.deepEqual(broker.calls, [], action);
    broker.starting.open();
    await done;
    assert.equal(broker.calls[0], "start");
    assert(broker.calls.length > 1);
    broker.ending.open();
    await rooms.close();
  }
});

Deno.test("rooms that close wait for the end of each subscription", async () => {
  const { broker, rooms } = open();
  broker.starting.open();
  const room = rooms.open(rooms.get("a"));
  await room.feed.ready;
  rooms.release(room);
  const closing = rooms.close();
  await endOfTick();
  broker.ending.open();
  await closing;
  assert.deepEqual(broker.calls.slice(-2), ["unsubscribe", "dispose"]);
});

Deno.test("a broadcast waits ten seconds for its way back from the broker", async () => {
  using clock = new Clock();
  const { broker, rooms, room } = open();
  broker.starting.open();
  broker.ending.open();
  await rooms.open(rooms.get("a")).feed.ready;
  const before = clock.timers;
  const broadcast = async (ended: number[], n: number) => {
    await room.broadcast("news", { n });
    ended.push(n);
  };
  broker.held = [];
  const back: number[] = [];
  for (let n = 0; n < 3; n++) void broadcast(back, n);
  await endOfTick();
  assert.equal(clock.timers, before + 1, "they share a timer");
  broker.held.shift()!();
  broker.held.shift()!();
  await endOfTick();
  assert.deepEqual(back, [0, 1]);
  clock.pass(9_000);
  await endOfTick();
  assert.deepEqual(back, [0, 1]);
  clock.pass(1_000 + READING_TIME);
  await endOfTick();
  assert.deepEqual(back, [0, 1, 2]);
  const late: number[] = [];
  void broadcast(late, 3);
  await endOfTick();
  assert.deepEqual(late, []);
  for (const pass of broker.held) pass();
  await endOfTick();
  assert.deepEqual(late, [3]);
  assert.equal(clock.timers, before, "no timer is left");
  await rooms.close();
});

Deno.test("messages of the broker that are invalid cannot fill the log", async () => {
  const logger = new LogRecorder();
  const { broker, rooms } = open(logger);
  broker.starting.open();
  broker.ending.open();
  const found = rooms.get("a");
  await rooms.open(found).feed.ready;
  const { history } = found.definition;
  for (let n = 0; n < 1_000; n++) {
    await broker.publish("a", `no message ${n}`, { history, key: undefined });
  }
  assert.match(logger.lines[0]!, /"a": ignored an invalid message/);
  assert(logger.lines.length < 150, `${logger.lines.length} lines`);
  await rooms.close();
});
