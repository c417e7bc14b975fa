/** Servers whose messages are late, lost, invalid or too large. */

import assert from "node:assert/strict";
import type { ClusterEvents } from "../../broker/cluster.ts";
import type { Engine, EngineConnection } from "../../broker/engine.ts";
import { memory } from "../../broker/memory.ts";
import { connect } from "../../client.ts";
import { ConnectError, HoistError, LoginError } from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { Servers } from "../support/servers.ts";
import { endOfTick, onlyTimersUpTo, pause, until } from "../support/timing.ts";

/** An engine in memory whose messages a test can read and invent. */
class TappedEngine implements Engine {
  readonly name = "tapped memory";
  /** What the servers receive, in the order in which they were created */
  readonly events: ClusterEvents[] = [];
  /** What the servers have sent to one or all others */
  readonly told: JsonObject[] = [];
  /** What the servers have asked all others */
  readonly asked: JsonObject[] = [];
  readonly #engine = memory();

  open(): EngineConnection {
    const connection = this.#engine.open();
    const { cluster } = connection;
    const { start, tell, survey } = cluster;
    cluster.start = (node, events) => {
      this.events.push(events);
      return start.call(cluster, node, events);
    };
    cluster.tell = (node, payload) => {
      this.told.push(JSON.parse(payload));
      return tell.call(cluster, node, payload);
    };
    cluster.survey = (payload, timeout) => {
      this.asked.push(JSON.parse(payload));
      return survey.call(cluster, payload, timeout);
    };
    return connection;
  }
}

function defineRoom(server: Server): void {
  server.defineRoom("room-{id}", { authorize: () => true });
}

Deno.test("the late messages of a server that has ended bring no members back", async () => {
  const engine = new TappedEngine();
  await using server = serveQuietly({ broker: engine });
  defineRoom(server);
  await server.cluster.ready;
  const logger = new LogRecorder();
  await using connection = await connect("test", { url: server.url, logger });
  const room = await connection.join("room-1");
  const { onTold, onAsked } = engine.events[0]!;
  const send = (kind: string, fields: object) =>
    onTold("gone", JSON.stringify({ v: 1, kind, room: "room-1", ...fields }));
  const shown = [{ connection: "c", member: "c", user: null, presence: "" }];
  const list = { index: 0, isLast: true, sequence: 1, hidden: [], shown };
  send("presence-state", { rooms: [["room-1", 1]], ...list });
  send("presence-read", {});
  send("presence", list);
  const answer = await onAsked(
    "gone",
    '{"v":1,"kind":"presence-open","rooms":[5,"room-1"]}',
  );
  assert.deepEqual(JSON.parse(answer!), { v: 1, kind: "answer", open: [1] });
  send("presence", list);
  await pause(200);
  assert.equal(room.count, 1);
  assert.equal(server.room("room-1").members().length, 1);
  assert.deepEqual(engine.told.filter(({ kind }) => kind === "presence"), []);
});

Deno.test("a server asks a new one only once for its rooms, however many it has", async () => {
  const engine = new TappedEngine();
  await using first = serveQuietly({ broker: engine });
  defineRoom(first);
  await first.cluster.ready;
  const logger = new LogRecorder();
  await using connections = new AsyncDisposableStack();
  for (let n = 0; n < 5; n++) {
    const connection = connections.use(
      await connect("test", { url: first.url, logger }),
    );
    const names = Array.from({ length: 100 }, (_, i) => `room-${n}-${i}`);
    await Promise.all(names.map((name) => connection.join(name)));
  }
  engine.told.length = 0;
  await using second = serveQuietly({ broker: engine });
  await second.cluster.ready;
  const sizes = () =>
    engine.told.filter(({ kind }) => kind === "presence-state")
      .filter(({ isNew }) => isNew === true)
      .map(({ rooms }) => (rooms as unknown[]).length)
      .filter((size) => size > 0);
  await until(() => sizes().length > 0, "the first server asks");
  await pause(50);
  assert.deepEqual(sizes(), [400]);
});

Deno.test("servers do not ask each other all at once after the engine was down", async () => {
  const engine = new TappedEngine();
  await using server = serveQuietly({ broker: engine });
  defineRoom(server);
  await server.cluster.ready;
  const logger = new LogRecorder();
  await using connection = await connect("test", { url: server.url, logger });
  await connection.join("room-1");
  const questions = () => engine.told.filter(({ isNew }) => isNew === true);
  engine.told.length = 0;
  using _random = alwaysHalf();
  for (let n = 0; n < 3; n++) {
    engine.events[0]!.onState("down", new Error("The engine was restarted."));
    engine.events[0]!.onState("up");
    await endOfTick();
  }
  assert.deepEqual(questions(), []);
  await until(() => questions().length > 0, "the server asks");
  await pause(50);
  assert.equal(questions().length, 1);
});

/** Lets random numbers be in the middle. */
function alwaysHalf(): Disposable {
  const { random } = Math;
  Math.random = () => 0.5;
  return { [Symbol.dispose]: () => void (Math.random = random) };
}

Deno.test("a server asks the others about many rooms at once", async () => {
  const engine = new TappedEngine();
  await using stack = new AsyncDisposableStack();
  const logger = new LogRecorder();
  const names = Array.from({ length: 100 }, (_, n) => `room-${n}`);
  const counts: number[] = [];
  for (let n = 0; n < 3; n++) {
    const server = stack.use(serveQuietly({ broker: engine }));
    defineRoom(server);
    await server.cluster.ready;
    engine.asked.length = 0;
    const { url } = server;
    const connection = stack.use(await connect("test", { url, logger }));
    const rooms = await Promise.all(
      names.map((name) => connection.join(name)),
    );
    counts.push(rooms.at(-1)!.count);
    const questions = engine.asked.map(({ rooms }) => rooms as string[]);
    assert.deepEqual(questions.flat().sort(), [...names].sort());
    assert(questions.length < 10, `${questions.length} questions`);
  }
  // The answer to the join has the members of the other servers.
  assert.deepEqual(counts, [1, 2, 3]);
});

Deno.test("members that left while their server could not say so are gone soon after", async () => {
  // The servers also compare their members each half a minute or so.
  using _timers = onlyTimersUpTo(5_000);
  await using servers = await Servers.start(2, {}, defineRoom);
  const first = await servers.connect(0);
  const second = await servers.connect(1);
  const room = await first.join("room-1");
  const other = await second.join("room-1");
  await until(() => room.count === 2, "two members");
  await pause(1_100);
  servers.node(1).cut();
  await other.leave();
  await servers.node(1).mend();
  await until(() => room.count === 1, "the member has left");
});

Deno.test("a server that misses the news of a revoked token reads it later", async () => {
  const CI = "a long secret of the build";
  const tokens = [{ name: "ci", token: CI }];
  const logger = new LogRecorder();
  await using servers = await Servers.start(2, { tokens, logger });
  const client = await servers.connect(1, {}, CI);
  const { cluster } = servers.node(1);
  const { list } = cluster;
  let failures = 0;
  cluster.list = async (prefix) => {
    if (++failures > 3) return await list(prefix);
    throw new Error("the engine does not answer");
  };
  const { silentNodes } = await servers.at(0).revoke("ci");
  assert.deepEqual(silentNodes, [servers.at(1).cluster.id]);
  // It accepts nobody until it knows more.
  const refused = await servers.connect(1).catch((error) => error);
  assert(refused instanceof ConnectError);
  assert.equal(refused.status, 503);
  assert.equal((await client.closed).code, 1008);
  await until(() => failures === 5, "all is read");
  await servers.connect(1);
  await assert.rejects(servers.connect(1, {}, CI), LoginError);
});

Deno.test("a server that is cut off while it reads the shared state accepts clients", async () => {
  await using servers = await Servers.start(2);
  const { cluster } = servers.node(1);
  const { list } = cluster;
  servers.node(1).cut();
  cluster.list = () => new Promise(() => {});
  await servers.node(1).mend();
  await assert.rejects(servers.connect(1), ConnectError);
  servers.node(1).cut();
  await servers.connect(1);
  cluster.list = list;
  await servers.node(1).mend();
  await servers.connect(1);
});

Deno.test("an answer that cannot be sent is reported as a failure", async () => {
  const logger = new LogRecorder();
  await using servers = await Servers.start(2, { logger });
  const [{ cluster }, { cluster: other }] = [servers.at(0), servers.at(1)];
  other.receive("large", () => ({ text: "x".repeat(600_000) }));
  other.receive("big", () => ({ n: 1n as never }));
  for (const [name, what] of [["large", '"app"'], ["big", 'message "big"']]) {
    const error = await cluster.request(other.id, name!).catch((e) => e);
    assert(error instanceof HoistError);
    const reason = /^The server \S+ could not handle (.+)\. See its log\.$/;
    assert.equal(reason.exec(error.message)?.[1], what);
  }
  await logger.line(/could not answer another server/);
  await logger.line(/the handler of message "big" of another server failed/);
});

Deno.test("the id of a server must have its form", async () => {
  await using servers = await Servers.start(1);
  await using alone = serveQuietly();
  for (const { cluster } of [servers.at(0), alone]) {
    for (const id of ["", "*", "a b", "a.b", "a\r\nPUB b", "x".repeat(41), 5]) {
      await assert.rejects(
        cluster.message(id as string, "hello"),
        /TypeError: Cannot send the message: the node must be the id of a server/,
      );
      await assert.rejects(
        cluster.request(id as string, "hello"),
        /TypeError: Cannot send the request: the node must be the id of a server/,
      );
    }
  }
});
