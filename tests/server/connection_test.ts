import assert from "node:assert/strict";
import { debug } from "../../common/debug.ts";
import { operation } from "../support/raw_client.ts";
import {
  connectSocket,
  idsOf,
  logInSocket,
} from "../support/server_connection.ts";
import { FakeSocket } from "../support/server_context.ts";
import { endOfTick, gate } from "../support/timing.ts";

type LoggedIn = Awaited<ReturnType<typeof logInSocket>>;

Deno.test("a connection that is closed before its WebSocket opens closes it then", async () => {
  const { client, context, events, socket } = connectSocket(
    new FakeSocket(WebSocket.CONNECTING),
  );
  client.close(4000);
  await endOfTick();
  assert.deepEqual([socket.closed, events], [[], ["closed"]]);
  socket.open();
  assert.deepEqual([socket.closed, events], [[4000], ["closed"]]);
  // The client has ten seconds to answer the Close frame.
  assert.equal(context.silence.size, 1);
});

Deno.test("a connection whose WebSocket opens late reports it, and continues", async () => {
  const { connection, events, sent, socket } = connectSocket(
    new FakeSocket(WebSocket.CONNECTING),
  );
  connection.awaitOpening();
  socket.open();
  assert.deepEqual([socket.closed, events], [[], ["opened late"]]);
  socket.receive({ id: 0, token: "test", version: "1.0.0" });
  await endOfTick();
  assert.deepEqual([idsOf(sent), events], [[0], ["opened late", "open"]]);
});

for (const isAwaited of [true, false]) {
  const when = isAwaited ? "while" : "before";
  Deno.test(`a connection that ends ${when} its upgrade seems to be lost closes it late`, () => {
    const { client, connection, events, socket } = connectSocket(
      new FakeSocket(WebSocket.CONNECTING),
    );
    if (isAwaited) connection.awaitOpening();
    client.close(4000);
    if (!isAwaited) connection.awaitOpening();
    connection.abandon();
    assert.deepEqual(events, ["closed", "gone"]);
    socket.open();
    assert.deepEqual(socket.closed, [4000]);
    assert.deepEqual(events, ["closed", "gone", "opened late"]);
  });
}

Deno.test("a connection that opens after its server has closed waits for the Close frame", () => {
  const { connection, context, events, socket } = connectSocket(
    new FakeSocket(WebSocket.CONNECTING),
  );
  connection.closeForShutdown();
  connection.abandon();
  assert.deepEqual(events, ["closed", "gone"]);
  socket.open();
  assert.deepEqual(socket.closed, [1001]);
  // The server counts it again, so that it runs the timer for the Close frame.
  assert.deepEqual(events, ["closed", "gone", "opened late"]);
  assert.equal(context.silence.size, 1);
  socket.end(1001);
  assert.equal(context.silence.size, 0);
  assert.deepEqual(events, ["closed", "gone", "opened late", "gone"]);
});

Deno.test("a connection whose upgrade was abandoned closes it with 1013", () => {
  const { connection, context, events, socket } = connectSocket(
    new FakeSocket(WebSocket.CONNECTING),
  );
  connection.awaitOpening();
  connection.abandon();
  assert.deepEqual(events, ["closed", "gone"]);
  socket.open();
  assert.deepEqual(socket.closed, [1013]);
  assert.deepEqual(events, ["closed", "gone", "opened late"]);
  // The client has ten seconds to answer the Close frame.
  assert.equal(context.silence.size, 1);
  socket.end(1013);
  assert.equal(context.silence.size, 0);
  assert.deepEqual(events, ["closed", "gone", "opened late", "gone"]);
});

Deno.test("a connection reports its end once, and when its socket is gone", async () => {
  const { client, events, socket } = connectSocket(new FakeSocket());
  client.close(4000, "enough");
  client.close();
  assert.deepEqual([socket.closed, events], [[], ["closed"]]);
  await endOfTick();
  assert.deepEqual([socket.closed, events], [[4000], ["closed"]]);
  socket.end(1001);
  assert.deepEqual(events, ["closed", "gone"]);
});

Deno.test("a connection reports the login", async () => {
  const { client, events } = await logInSocket();
  assert.deepEqual(events, ["open"]);
  client.close();
});

Deno.test("a connection whose WebSocket cannot send does not throw", () => {
  for (const state of [WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]) {
    const { client, socket } = connectSocket(new FakeSocket(state));
    socket.send = () => {
      throw new DOMException("not open", "InvalidStateError");
    };
    assert.equal(client.message("hello").name, "hello");
    client.close();
  }
});

Deno.test("a synchronous operation is answered before anything else happens", async () => {
  const { client, context, sent, socket } = await logInSocket();
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
    const { client, context, sent, socket } = await logInSocket(["batch"]);
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
    const { client, context, sent, socket } = await logInSocket(features);
    const { broadcaster, registry } = context;
    registry.operation("now", () => 1, undefined);
    socket.receive(operation(1, "now"), operation(2, "now"));
    const results = [3, 4].map((id) =>
      broadcaster.send({ frame: broadcastOf(id) })
    );
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
  const { client, context, sent, socket } = await logInSocket(["batch"]);
  socket.close = () => void sent.push('{"id":"closed"}');
  const { broadcaster } = context;
  const results = [1, 2].map((id) =>
    broadcaster.send({ frame: broadcastOf(id) })
  );
  client.close();
  assert.deepEqual(idsOf(sent), [[1, 2]]);
  const late = broadcaster.send({ frame: broadcastOf(3) });
  await Promise.all(results);
  assert.deepEqual(await late, {
    delivered: 0,
    skipped: 0,
    replaced: 0,
    failed: 0,
  });
  await endOfTick();
  assert.deepEqual(idsOf(sent), [[1, 2], "closed"]);
});

Deno.test("a broadcast that the WebSocket does not accept has failed", async () => {
  for (const features of [undefined, ["batch"]]) {
    const { client, context, socket } = await logInSocket(features);
    socket.send = () => {
      throw new DOMException("it broke", "NetworkError");
    };
    const result = await context.broadcaster.send({ frame: broadcastOf(1) });
    assert.deepEqual(result, {
      delivered: 0,
      skipped: 0,
      replaced: 0,
      failed: 1,
    });
    client.close();
  }
});

Deno.test("shutdown() closes an idle connection at once, with 1001", async () => {
  const { connection, events, socket } = await logInSocket();
  await connection.shutdown();
  await endOfTick();
  assert.deepEqual([events, socket.closed], [["open", "closed"], [1001]]);
  await connection.shutdown();
});

Deno.test("shutdown() tells a client with the feature when to reconnect", async () => {
  const { connection, socket } = await logInSocket(["retry"]);
  await connection.shutdown();
  await endOfTick();
  assert.deepEqual(socket.closed, [1012]);
});

Deno.test("shutdown() waits for the requests in progress", async () => {
  const { connection, context, events, sent, socket } = await logInSocket();
  const { opened, open } = gate();
  context.registry.operation("later", () => opened, undefined);
  socket.receive(operation(1, "later"));
  context.shutdown.begin(1);
  const closed = connection.shutdown();
  await endOfTick();
  assert.deepEqual(events, ["open"]);
  // New requests are ignored.
  socket.receive(operation(2, "later"));
  open();
  await closed;
  assert.deepEqual([idsOf(sent), events], [[1], ["open", "closed"]]);
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
    const { client, events } = connectSocket(new FakeSocket());
    assert.throws(() => client.close(code, reason), /^\w+: Cannot close the /);
    assert.deepEqual(events, []);
  });
}

Deno.test("listeners and handlers see nothing of a client but its public properties", async () => {
  const { client } = await logInSocket();
  assert.equal(JSON.stringify(client), '{"id":1,"address":"192.0.2.1:1"}');
  const prototype = Object.getPrototypeOf(client);
  assert.deepEqual(
    Object.getOwnPropertyNames(prototype).toSorted(),
    [
      ...["close", "closed", "constructor", "data", "globalId", "identity"],
      ...["join", "leave", "message", "request", "rooms", "signal", "user"],
      ...["version"],
    ],
  );
  client.close();
});

for (
  const [what, end] of [
    ["the server closes it", ({ client }) => client.close(4000)],
    ["the socket is closing", ({ socket }) => {
      socket.readyState = WebSocket.CLOSING;
    }],
  ] as readonly [string, (connection: LoggedIn) => void][]
) {
  Deno.test(`a frame is not logged as sent after ${what}`, async () => {
    const connection = await logInSocket();
    const { client, context, logger, sent } = connection;
    using _debugging = debug();
    client.message("before");
    await endOfTick();
    end(connection);
    client.message("after");
    context.broadcaster.send({ frame: "{}" });
    await endOfTick();
    const lines = logger.lines.filter((line) => line.startsWith("debug send"));
    assert.deepEqual([sent.length, lines.length], [1, 1]);
    client.close();
  });
}

Deno.test("a connection reports the close reason of the client", async () => {
  const { client, logger, socket } = await logInSocket(["request"]);
  const reply = client.request("ready?");
  socket.end(4000, "a\nb");
  await assert.rejects(reply, {
    name: "ConnectionClosedError",
    code: 4000,
    reason: "a\nb",
  });
  assert.equal(
    logger.lines.at(-1),
    "info disconnect: 192.0.2.1:1 disconnected: closed by the client (4000, a\\u{a}b)",
  );
});

Deno.test("a request to a client that has left still rejects invalid options", async () => {
  const { client } = await logInSocket();
  client.close();
  await assert.rejects(client.request("ready?", {}, { timeout: -1 }), {
    name: "RangeError",
  });
});

Deno.test("debug({ trace: true }) names the function that logs about a connection", async () => {
  using _debugging = debug({ trace: true });
  const { client, logger } = await logInSocket();
  client.message("hello");
  client.close();
  const names = logger.lines.map((line) => line.match(/\((\w+)\) /)?.[1]);
  assert.deepEqual(
    names,
    ["receive", "fetch", "fetch", "message", "close"],
  );
});

Deno.test("a client that sends many frames at once gives others a turn", async () => {
  const { client, context, socket } = await logInSocket();
  const handled: unknown[] = [];
  context.registry.operation("add", ({ n }) => handled.push(n), undefined);
  const numbers = [...Array(200).keys()];
  for (const n of numbers) socket.receive(operation(n, "add", { n }));
  assert(handled.length <= 64, `${handled.length} frames in one turn`);
  let turns = 1;
  for (; handled.length < numbers.length; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(handled, numbers);
  assert(turns >= 4, `the frames were handled in ${turns} turns`);
  client.close();
});

Deno.test("a connection handles all frames that the client sent before it left", async () => {
  const { client, context, events, socket } = await logInSocket(["batch"]);
  let handled = 0;
  context.registry.operation("add", () => handled++, undefined);
  for (let n = 0; n < 100; n++) socket.receive(operation(n, "add"));
  socket.receive(Array(100).fill(operation(1, "add")));
  socket.end(1000);
  assert.deepEqual(events, ["open"]);
  while (events.length < 3) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([events, handled], [["open", "closed", "gone"], 200]);
  client.close();
});

Deno.test("a connection that is closed drops the frames of a client that has left", async () => {
  const { connection, context, events, socket } = await logInSocket();
  context.registry.operation("add", () => {}, undefined);
  for (let n = 0; n < 100; n++) socket.receive(operation(n, "add"));
  socket.end(1000);
  connection.closeForShutdown();
  assert.deepEqual(events, ["open", "closed", "gone"]);
});
