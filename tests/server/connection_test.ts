import assert from "node:assert/strict";
import { BroadcastBatch } from "../../server/broadcaster.ts";
import { Log } from "../../server/log.ts";
import { Listeners } from "../../common/listeners.ts";
import { Operations } from "../../server/registry.ts";
import { type ClientHost } from "../../server/context.ts";
import { resolveLimits } from "../../server/limits.ts";
import { ServerConnection } from "../../server/connection.ts";
import { type Socket } from "../../server/transport.ts";
import { FairScheduler } from "../../server/scheduler.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation } from "../support/raw_client.ts";
import { endOfTick } from "../support/timing.ts";

const ORIGIN = { peer: { address: "192.0.2.1:1", network: "192.0.2.1" } };

/** A socket in a state that a real one is in for too short a time. */
function socketIn(readyState: number): Socket & { readonly closed: number[] } {
  const closed: number[] = [];
  return {
    readyState,
    bufferedAmount: 0,
    closed,
    send: () => {
      throw new DOMException("not open", "InvalidStateError");
    },
    close: (code) => void closed.push(code ?? 0),
    onopen: null,
    onmessage: null,
    onclose: null,
  };
}

/** A server that keeps what its client tells it. */
function makeHost(events: string[]): ClientHost {
  const logger = new LogRecorder();
  return {
    log: new Log({ logger, logLevel: "info", secrets: ["test"] }),
    listeners: new Listeners(),
    operations: new Operations(),
    contract: undefined,
    exposeErrors: false,
    limits: resolveLimits(),
    turns: new FairScheduler((turn) => void setImmediate(turn)),
    skipsSlow: false,
    closing: undefined,
    rules: {},
    nextMessageId: () => 1,
    authenticate: () => ({ identity: undefined }),
    join: () => events.push("join"),
    catchUp: () => {},
    leave: () => events.push("leave"),
    forget: () => events.push("forget"),
  };
}

Deno.test("a client that is closed before its WebSocket opens is closed when it does", async () => {
  const events: string[] = [];
  const socket = socketIn(WebSocket.CONNECTING);
  new ServerConnection(1, makeHost(events), socket, ORIGIN).close(4000);
  await endOfTick();
  assert.deepEqual([socket.closed, events], [[], ["leave"]]);
  (socket.onopen as () => void)();
  assert.deepEqual([socket.closed, events], [[4000], ["leave"]]);
});

Deno.test("a client whose WebSocket is closing is forgotten when it is closed", async () => {
  const events: string[] = [];
  const socket = socketIn(WebSocket.OPEN);
  const client = new ServerConnection(1, makeHost(events), socket, ORIGIN);
  client.close(4000, "enough");
  client.close();
  assert.deepEqual([socket.closed, events], [[], ["leave"]]);
  await endOfTick();
  assert.deepEqual([socket.closed, events], [[4000], ["leave"]]);
  // Deno fires it twice if a ping is not answered.
  const onclose = socket.onclose as (event: CloseEvent) => void;
  for (const code of [1001, 1005]) onclose(new CloseEvent("close", { code }));
  assert.deepEqual(events, ["leave", "forget", "forget"]);
});

Deno.test("a client whose WebSocket cannot send any more does not throw", () => {
  for (const state of [WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]) {
    const client = new ServerConnection(
      1,
      makeHost([]),
      socketIn(state),
      ORIGIN,
    );
    client.send("frame");
    assert.equal(client.deliver(new BroadcastBatch(["frame"])).delivered, 0);
    assert.equal(client.message("hello").name, "hello");
    client.close();
  }
});

/** A client that has logged in, and what its WebSocket has sent since. */
async function logIn(features?: readonly string[]) {
  const sent: string[] = [];
  const socket = socketIn(WebSocket.OPEN);
  socket.send = (frame) => void sent.push(String(frame));
  const host = makeHost([]);
  const client = new ServerConnection(1, host, socket, ORIGIN);
  const receive = (...frames: readonly unknown[]) => {
    const onmessage = socket.onmessage as (event: MessageEvent) => void;
    for (const frame of frames) {
      const data = JSON.stringify(frame);
      onmessage(new MessageEvent("message", { data }));
    }
  };
  receive({ id: 0, token: "test", version: "1.0.0", features });
  await endOfTick();
  sent.length = 0;
  return { client, host, sent, socket, receive };
}

/** The frames that a WebSocket has sent, each as the list of what is in it. */
function idsOf(sent: readonly string[]): unknown[] {
  return sent.map((frame) => {
    const value = JSON.parse(frame);
    return Array.isArray(value) ? value.map(({ id }) => id) : value.id;
  });
}

Deno.test("an operation that need not wait is answered before anything else happens", async () => {
  const { client, host, sent, receive } = await logIn();
  host.operations.add("now", () => 1);
  host.operations.add("never", () => {
    throw new Error("no");
  });
  receive(operation(1, "now"), operation(2, "never"), operation(3, "none"));
  assert.deepEqual(idsOf(sent), [1, 2, 3]);
  assert.deepEqual(sent.map((frame) => JSON.parse(frame).code), [0, 6, 5]);
  client.close();
});

for (const name of ["now", "soon"]) {
  Deno.test(`requests of one tick for what is there ${name} are answered in one send`, async () => {
    const { client, host, sent, receive } = await logIn(["batch"]);
    host.operations.add("now", () => 1);
    host.operations.add("soon", () => Promise.resolve(2));
    receive(operation(1, name), operation(2, name));
    receive([operation(3, name), operation(4, name)]);
    assert.deepEqual(sent, []);
    await endOfTick();
    assert.deepEqual(idsOf(sent), [[1, 2, 3, 4]]);
    client.close();
  });
}

Deno.test("a client sends what was said before a broadcast before it", async () => {
  for (const features of [undefined, ["done-id"], ["batch"]]) {
    const { client, sent } = await logIn(features);
    const frames = (...ids: number[]) => ids.map((id) => `{"id":${id}}`);
    for (const frame of frames(1, 2)) client.send(frame);
    const { delivered, sends } = client.deliver(
      new BroadcastBatch(frames(3, 4)),
    );
    for (const frame of frames(5, 6)) client.send(frame);
    client.close();
    await endOfTick();
    const joins = features?.includes("batch") === true;
    assert.deepEqual([delivered, sends], [2, joins ? 1 : 2]);
    const expected = joins ? [[1, 2], [3, 4], [5, 6]] : [1, 2, 3, 4, 5, 6];
    assert.deepEqual(idsOf(sent), expected);
  }
});

Deno.test("a client catches up before it sends anything, and before it is closed", async () => {
  for (const features of [undefined, ["batch"]]) {
    const { client, host, sent } = await logIn(features);
    let lacking: readonly string[] = [];
    host.catchUp = () => {
      const batch = new BroadcastBatch(lacking);
      lacking = [];
      if (batch.single.length > 0) client.deliver(batch);
    };
    client.send('{"id":1}');
    lacking = ['{"id":2}'];
    client.send('{"id":3}');
    lacking = ['{"id":4}'];
    client.close();
    await endOfTick();
    assert.deepEqual(idsOf(sent), [1, 2, 3, 4]);
  }
});

Deno.test("a client says what it has to say before it is closed", async () => {
  const { client, sent, socket } = await logIn(["batch"]);
  socket.close = () => void sent.push('{"id":"closed"}');
  client.send('{"id":1}');
  client.send('{"id":2}');
  client.close();
  assert.deepEqual(idsOf(sent), [[1, 2]]);
  client.send('{"id":3}');
  await endOfTick();
  assert.deepEqual(idsOf(sent), [[1, 2], "closed"]);
});

Deno.test("a broadcast of which a WebSocket takes nothing is not handed over", async () => {
  for (const features of [undefined, ["batch"]]) {
    const { client, socket } = await logIn(features);
    socket.send = () => {
      throw new DOMException("it broke", "NetworkError");
    };
    assert.equal(client.deliver(new BroadcastBatch(["1"])).delivered, 0);
    assert.equal(client.deliver(new BroadcastBatch(["1", "2"])).delivered, 0);
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
  Deno.test(`Client.close() refuses ${Deno.inspect([code, reason])} at once`, () => {
    const events: string[] = [];
    const socket = socketIn(WebSocket.OPEN);
    const client = new ServerConnection(1, makeHost(events), socket, ORIGIN);
    assert.throws(() => client.close(code, reason), /^\w+: Cannot close the /);
    assert.deepEqual(events, []);
  });
}
