/** The connections of a server that have a socket. */

import assert from "node:assert/strict";
import {
  type LiveConnection,
  LiveConnections,
} from "../../server/live_connections.ts";
import { type Limits, resolveLimits } from "../../server/limits.ts";
import { Place, Places } from "../../server/places.ts";
import { Clock } from "../support/clock.ts";
import { peerAt } from "../support/server_context.ts";

/** A connection whose socket a test opens. */
class TestConnection implements LiveConnection {
  readonly peer = peerAt("192.0.2.1:1");
  isOpening = true;
  isClosed = false;
  readonly events: string[];

  constructor(events: string[]) {
    this.events = events;
  }

  expire(): void {
    this.events.push("expired");
  }

  awaitOpening(): void {
    this.events.push("suspended");
  }

  abandon(): void {
    this.events.push("abandoned");
  }

  close(code: number): void {
    this.events.push(`closed ${code}`);
    this.isClosed = true;
    this.onClosed();
  }

  /** Called when the connection has ended */
  onClosed = () => {};
}

/** Creates a connection, and records what happens to it and to its server. */
function add(loginTimeout = 5_000, limits: Limits = {}) {
  const events: string[] = [];
  const places = new Places(resolveLimits(limits));
  const connections = new LiveConnections<TestConnection>({
    loginTimeout,
    upgrades: {
      expectResets: () => {},
      countLost: () => void events.push("counted"),
      restoreLost: () => void events.push("restored"),
    },
    hasPlace: ({ network }) => places.exceededByUpgrade(network) === undefined,
    enter: ({ network }) => new Place(places, network),
    onConnection: () => {},
    onEmpty: () => void events.push("empty"),
    stalled: () => 0,
  });
  const connection = new TestConnection(events);
  connection.onClosed = () => connections.close(connection);
  connections.add(connection);
  const count = () => [
    connections.size,
    connections.all.length,
    places.waiting.total,
  ];
  return { connection, connections, count, events };
}

Deno.test("a connection whose upgrade is probably lost has no place", () => {
  using clock = new Clock();
  const { count, events } = add();
  assert.deepEqual(count(), [1, 1, 1]);
  clock.pass(3_000);
  assert.deepEqual(count(), [0, 1, 0]);
  assert.deepEqual(events, ["suspended", "counted", "empty"]);
});

Deno.test("a connection that opens late gets a place, and the whole time for its login", () => {
  using clock = new Clock();
  const { connection, connections, count, events } = add();
  clock.pass(6_000);
  events.length = 0;
  connection.isOpening = false;
  connections.resume(connection);
  assert.deepEqual(count(), [1, 1, 1]);
  clock.pass(4_900);
  assert.deepEqual(events, ["restored"]);
  clock.pass(200);
  assert.deepEqual([events, clock.timers], [["restored", "expired"], 0]);
});

Deno.test("the time for a login does not expire before the connection has opened", () => {
  using clock = new Clock();
  const { connection, events } = add(500);
  clock.pass(1_200);
  connection.isOpening = false;
  assert.deepEqual(events, []);
  clock.pass(500);
  assert.deepEqual(events, ["expired"]);
  clock.pass(1_000);
  assert.equal(clock.timers, 0);
});

Deno.test("a connection that opens late is closed if others have taken all places", () => {
  using clock = new Clock();
  const { connection, connections, count, events } = add(5_000, {
    maxUnauthenticated: 1,
  });
  clock.pass(3_000);
  for (let n = 0; n < 2; n++) {
    const other = new TestConnection(events);
    other.isOpening = false;
    connections.add(other);
  }
  connection.isOpening = false;
  connections.resume(connection);
  const expected = ["suspended", "counted", "empty", "restored", "closed 1013"];
  assert.deepEqual(events, expected);
  // It counts until its socket is gone, because its client can keep it.
  assert.deepEqual(count(), [3, 3, 3]);
  connections.delete(connection);
  assert.deepEqual(count(), [2, 2, 2]);
});

Deno.test("a connection that opens after its end counts until its socket is gone", () => {
  using clock = new Clock();
  const { connection, connections, count, events } = add();
  clock.pass(20_000);
  assert.deepEqual(events, ["suspended", "counted", "empty", "abandoned"]);
  connection.isClosed = true;
  connections.close(connection);
  assert.deepEqual([...count(), clock.timers], [0, 0, 0, 0]);
  connection.isOpening = false;
  connections.resume(connection);
  assert.deepEqual([...count(), clock.timers], [1, 1, 1, 0]);
  connections.delete(connection);
  assert.deepEqual(events.slice(4), ["restored", "empty"]);
  assert.deepEqual([...count(), clock.timers], [0, 0, 0, 0]);
});

Deno.test("a connection that was closed before it opens is not kept", () => {
  using clock = new Clock();
  const { connection, connections, count, events } = add();
  connection.isClosed = true;
  connections.close(connection);
  assert.deepEqual(count(), [1, 1, 1]);
  clock.pass(3_000);
  assert.deepEqual(events, ["suspended", "counted", "empty", "abandoned"]);
  assert.deepEqual([...count(), clock.timers], [0, 0, 0, 0]);
});

Deno.test("a connection whose socket is gone is deleted once", () => {
  using clock = new Clock();
  const { connection, connections, count, events } = add();
  connection.isOpening = false;
  connections.close(connection);
  connections.delete(connection);
  connections.delete(connection);
  assert.deepEqual([...count(), clock.timers], [0, 0, 0, 0]);
  assert.deepEqual(events, ["empty"]);
});
