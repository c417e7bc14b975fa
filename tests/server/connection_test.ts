import assert from "node:assert/strict";
import { ServerConnection } from "../../server/connection.ts";
import {
  ADDRESS,
  FakeSocket,
  serverContext,
} from "../support/server_context.ts";
import { operation } from "../support/raw_client.ts";
import { endOfTick } from "../support/timing.ts";

const UPGRADE = { peer: { address: ADDRESS, network: "192.0.2.1" } };

/** Creates a connection, and records the events that its hub gets. */
function connect(socket: FakeSocket) {
  const context = serverContext();
  const events: string[] = [];
  const client = new ServerConnection(
    1,
    context,
    {
      onOpen: () => events.push("open"),
      onClosed: () => events.push("closed"),
      onGone: () => events.push("gone"),
    },
    socket,
    UPGRADE,
  );
  return { client, context, events, socket, sent: socket.sent };
}

/** Creates a connection whose client has logged in. */
async function logIn(features?: readonly string[]) {
  const connection = connect(new FakeSocket());
  const { socket, sent } = connection;
  socket.receive({ id: 0, token: "test", version: "1.0.0", features });
  await endOfTick();
  sent.length = 0;
  return connection;
}

/** Returns the ids of the frames that a socket has sent; a batch is an array. */
function idsOf(sent: readonly string[]): unknown[] {
  return sent.map((frame) => {
    const value = JSON.parse(frame);
    return Array.isArray(value) ? value.map(({ id }) => id) : value.id;
  });
}

Deno.test("a connection that is closed before its WebSocket opens closes it then", async () => {
  const { client, events, socket } = connect(
    new FakeSocket(WebSocket.CONNECTING),
  );
  client.close(4000);
  await endOfTick();
  assert.deepEqual([socket.closed, events], [[], ["closed"]]);
  socket.open();
  assert.deepEqual([socket.closed, events], [[4000], ["closed"]]);
});

Deno.test("a connection reports its end once, and when its socket is gone", async () => {
  const { client, events, socket } = connect(new FakeSocket());
  client.close(4000, "enough");
  client.close();
  assert.deepEqual([socket.closed, events], [[], ["closed"]]);
  await endOfTick();
  assert.deepEqual([socket.closed, events], [[4000], ["closed"]]);
  socket.end(1001);
  assert.deepEqual(events, ["closed", "gone"]);
});

Deno.test("a connection reports the login", async () => {
  const { client, events } = await logIn();
  assert.deepEqual(events, ["open"]);
  client.close();
});

Deno.test("a connection whose WebSocket cannot send does not throw", () => {
  for (const state of [WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]) {
    const { client, socket } = connect(new FakeSocket(state));
    socket.send = () => {
      throw new DOMException("not open", "InvalidStateError");
    };
    assert.equal(client.message("hello").name, "hello");
    client.close();
  }
});

Deno.test("a synchronous operation is answered before anything else happens", async () => {
  const { client, context, sent, socket } = await logIn();
  context.registry.operation("now", () => 1, undefined);
  context.registry.operation("never", () => {
    throw new Error("no");
  }, undefined);
  socket.receive(
    operation(1, "now"),
    operation(2, "never"),
    operation(3, "none"),
  );
  assert.deepEqual(idsOf(sent), [1, 2, 3]);
  assert.deepEqual(sent.map((frame) => JSON.parse(frame).code), [0, 6, 5]);
  client.close();
});

for (const name of ["now", "soon"]) {
  Deno.test(`responses of one tick to operation "${name}" are sent in one frame`, async () => {
    const { client, context, sent, socket } = await logIn(["batch"]);
    context.registry.operation("now", () => 1, undefined);
    context.registry.operation("soon", () => Promise.resolve(2), undefined);
    socket.receive(operation(1, name), operation(2, name));
    socket.receive([operation(3, name), operation(4, name)]);
    assert.deepEqual(sent, []);
    await endOfTick();
    assert.deepEqual(idsOf(sent), [[1, 2, 3, 4]]);
    client.close();
  });
}

/** Sends a frame to all clients that shows up as this id. */
function broadcastOf(id: number): string {
  return `{"id":${id}}`;
}

Deno.test("a connection sends frames and broadcasts in order", async () => {
  for (const features of [undefined, ["done-id"], ["batch"]]) {
    const { client, context, sent, socket } = await logIn(features);
    const { broadcaster, registry } = context;
    registry.operation("now", () => 1, undefined);
    socket.receive(operation(1, "now"), operation(2, "now"));
    const results = [3, 4].map((id) => broadcaster.send(broadcastOf(id)));
    socket.receive(operation(5, "now"), operation(6, "now"));
    client.close();
    for (const { delivered } of await Promise.all(results)) {
      assert.equal(delivered, 1);
    }
    const joins = features?.includes("batch") === true;
    const expected = joins ? [[1, 2], [3, 4], [5, 6]] : [1, 2, 3, 4, 5, 6];
    assert.deepEqual(idsOf(sent), expected);
  }
});

Deno.test("a connection sends pending broadcasts before it is closed", async () => {
  const { client, context, sent, socket } = await logIn(["batch"]);
  socket.close = () => void sent.push('{"id":"closed"}');
  const { broadcaster } = context;
  const results = [1, 2].map((id) => broadcaster.send(broadcastOf(id)));
  client.close();
  assert.deepEqual(idsOf(sent), [[1, 2]]);
  const late = broadcaster.send(broadcastOf(3));
  await Promise.all(results);
  assert.deepEqual(await late, { delivered: 0, skipped: 0, failed: 0 });
  await endOfTick();
  assert.deepEqual(idsOf(sent), [[1, 2], "closed"]);
});

Deno.test("a broadcast that the WebSocket does not accept has failed", async () => {
  for (const features of [undefined, ["batch"]]) {
    const { client, context, socket } = await logIn(features);
    socket.send = () => {
      throw new DOMException("it broke", "NetworkError");
    };
    const result = await context.broadcaster.send(broadcastOf(1));
    assert.deepEqual(result, { delivered: 0, skipped: 0, failed: 1 });
    client.close();
  }
});

for (
  const [code, reason] of [
    [4000n, ""],
    [3999.5, ""],
    [NaN, ""],
    ["4000", ""],
    [4000, 5],
    [4000, { toString: () => "later another" }],
  ] as unknown as readonly [number, string][]
) {
  Deno.test(`Client.close() rejects ${Deno.inspect([code, reason])}`, () => {
    const { client, events } = connect(new FakeSocket());
    assert.throws(() => client.close(code, reason), /^\w+: Cannot close the /);
    assert.deepEqual(events, []);
  });
}
