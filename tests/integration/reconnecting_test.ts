/** A client that comes back: when, and when not any more. */

import assert from "node:assert/strict";
import { retryReason } from "../../protocol/close.ts";
import { connect } from "../../client.ts";
import {
  ConnectError,
  ConnectionClosedError,
  LoginError,
  TimeoutError,
  VersionError,
} from "../../common/errors.ts";
import { FEATURES } from "../../protocol/features.ts";
import { rejection } from "../support/errors.ts";
import {
  ackResponse,
  broadcastFrame,
  errorFrame,
  successFrame,
} from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";
import {
  answerAll,
  answerLoginOnly,
  closeOnRequest,
  type ConnectionScript,
  FAST_RECONNECT,
  scriptedServer,
  StateRecorder,
  TcpProxy,
} from "../support/reconnecting.ts";

type Class<Instance> = abstract new (...args: never[]) => Instance;

for (const code of [1001, 1003, 1008, 1009, 1011, 1012, 1013]) {
  Deno.test(`a connection comes back after close code ${code}`, async () => {
    await using server = scriptedServer([answerLoginOnly, answerAll]);
    const { url } = server;
    await using connection = await connect("test", {
      url,
      reconnect: FAST_RECONNECT,
    });
    const watch = new StateRecorder(connection);
    server.sockets[0]!.close(code, "why");
    const { close } = await watch.next("waiting");
    assert.deepEqual(close, { code, reason: "why" });
    await watch.next("open");
    assert.equal(await connection.operation("again"), "again");
    assert.deepEqual(watch.states, ["waiting", "connecting", "open"]);
    assert.equal(connection.state, "open");
  });
}

Deno.test("a connection comes back to a server of ours that has gone and come", async () => {
  const first = serveQuietly();
  const { port } = first.addr;
  await using connection = await connectTo(first, {
    reconnect: FAST_RECONNECT,
  });
  const watch = new StateRecorder(connection);
  const came = Promise.withResolvers<void>();
  connection.receive("news", () => came.resolve());
  await first.close();
  const { delay, close } = await watch.next("waiting");
  assert.deepEqual(close, { code: 1012, reason: retryReason(delay) });
  await using second = serveQuietly({ port });
  await watch.next("open");
  await second.broadcast("news");
  await came.promise;
  assert.equal(second.clients.size, 1);
});

Deno.test("a connection comes back when it was cut without a Close frame", async () => {
  await using server = serveQuietly();
  server.operation("again", () => "again");
  await using wire = new TcpProxy(server);
  const options = { url: wire.url, reconnect: FAST_RECONNECT };
  await using connection = await connect("test", options);
  const watch = new StateRecorder(connection);
  wire.cut();
  const { close } = await watch.next("waiting");
  assert.equal(close.code, 1006);
  await watch.next("open");
  assert.equal(await connection.operation("again"), "again");
});

Deno.test("an attempt that leads nowhere ends after the timeout, and the next one follows", async () => {
  await using server = serveQuietly();
  await using wire = new TcpProxy(server);
  const options = { url: wire.url, reconnect: FAST_RECONNECT, timeout: 1_000 };
  await using connection = await connect("test", options);
  const watch = new StateRecorder(connection);
  wire.isStalled = true;
  wire.cut();
  await watch.next("connecting");
  const { close } = await watch.next("waiting");
  assert.equal(close.code, 1006);
  assert(close.error instanceof TimeoutError);
  wire.isStalled = false;
  await watch.next("open");
});

Deno.test("a connection comes back as often as it is lost", async () => {
  await using server = scriptedServer([closeOnRequest(1001)]);
  const { url } = server;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const watch = new StateRecorder(connection);
  for (let n = 1; n <= 5; n++) {
    await rejection(connection.operation("leave"));
    await watch.next("open");
  }
  assert.equal(server.sockets.length, 6);
});

Deno.test("a client that comes back says so at each login, and the token each time", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerAll]);
  const { url } = server;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const watch = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  await watch.next("open");
  const login = { id: 0, token: "test", version: "1.0.0", features: FEATURES };
  assert.deepEqual(server.frames.map(([first]) => first), [login, login]);
});

Deno.test("a connection without `reconnect` is open, then closed", async () => {
  for (const reconnect of [undefined, false]) {
    await using server = scriptedServer([closeOnRequest(1001)]);
    const { url } = server;
    const connection = await connect("test", { url, reconnect });
    const watch = new StateRecorder(connection);
    assert.equal(connection.state, "open");
    await rejection(connection.operation("leave"));
    assert.equal(connection.state, "closed");
    const info = await connection.closed;
    assert.deepEqual(info, { code: 1001, reason: "" });
    assert.deepEqual(watch.states, ["closed"]);
  }
});

Deno.test("a connection is closed from close() on, with `reconnect` and without", async () => {
  for (const reconnect of [false, FAST_RECONNECT]) {
    await using server = serveQuietly();
    const connection = await connectTo(server, { reconnect });
    const watch = new StateRecorder(connection);
    const closing = connection.close();
    assert.equal(connection.state, "closed");
    const error = await rejection(connection.operation("late"));
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, 1000);
    await Promise.all([closing, connection.close()]);
    assert.deepEqual(watch.states, ["closed"]);
    assert.deepEqual(await connection.closed, {
      code: 1000,
      reason: "goodbye",
    });
  }
});

for (const code of [1000, 3000, 4999]) {
  Deno.test(`a connection does not come back after close code ${code}`, async () => {
    await using server = scriptedServer([closeOnRequest(code, "enough")]);
    const { url } = server;
    const connection = await connect("test", {
      url,
      reconnect: FAST_RECONNECT,
    });
    const watch = new StateRecorder(connection);
    const error = await rejection(connection.operation("leave"));
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual(await connection.closed, { code, reason: "enough" });
    assert.deepEqual(watch.states, ["closed"]);
    const late = await rejection(connection.operation("late"));
    assert(late instanceof ConnectionClosedError);
    assert.deepEqual([late.code, late.reason], [code, "enough"]);
    assert.equal(server.sockets.length, 1);
  });
}

for (
  const [what, visit, Kind] of [
    ["a refused token", (socket) => socket.send(errorFrame(0, 3)), LoginError],
    [
      "a version that is too low",
      (socket) => socket.send(errorFrame(0, 4, { needed: "2.0.0" })),
      VersionError,
    ],
    [
      "a close code of a program",
      (socket) => socket.close(4001, "banned"),
      ConnectError,
    ],
  ] as readonly [string, (socket: WebSocket) => void, Class<Error>][]
) {
  Deno.test(`a connection does not come back after ${what} at an attempt`, async () => {
    await using server = scriptedServer([closeOnRequest(1001, "bye"), visit]);
    const { url } = server;
    const connection = await connect("test", {
      url,
      reconnect: FAST_RECONNECT,
    });
    const watch = new StateRecorder(connection);
    await rejection(connection.operation("leave"));
    const { error, ...close } = await connection.closed;
    assert.deepEqual(close, { code: 1001, reason: "bye" });
    assert(error instanceof Kind);
    assert.deepEqual(watch.states, ["waiting", "connecting", "closed"]);
    assert.equal(server.sockets.length, 2);
  });
}

Deno.test("a connection does not come back with a token that was revoked", async () => {
  const tokens = [{ name: "ci", token: "s3same" }];
  await using server = serveQuietly({ tokens });
  const options = { url: server.url, reconnect: FAST_RECONNECT };
  const connection = await connect("s3same", options);
  assert.equal(server.revoke("ci"), 1);
  const { error, ...close } = await connection.closed;
  assert.deepEqual(close, { code: 1008, reason: "token revoked" });
  assert(error instanceof LoginError);
  assert.equal(server.clients.size, 0);
});

Deno.test("a connection does not come back to a server that has become too old", async () => {
  let version = "1.0.1";
  await using server = scriptedServer(
    [closeOnRequest(1001)],
    () => Response.json({ version }),
  );
  const options = {
    url: server.url,
    minimumVersion: "1.0.1",
    reconnect: FAST_RECONNECT,
  };
  const connection = await connect("test", options);
  version = "1.0.0";
  await rejection(connection.operation("leave"));
  const { error } = await connection.closed;
  assert(error instanceof VersionError);
});

Deno.test("a connection gives up after `maxAttempts`, and says why", async () => {
  const server = serveQuietly();
  const reconnect = { ...FAST_RECONNECT, maxAttempts: 3 };
  const connection = await connectTo(server, { reconnect });
  const watch = new StateRecorder(connection);
  await server.close();
  const { code, error } = await connection.closed;
  assert.equal(code, 1012);
  assert(error instanceof ConnectError);
  const vain = ["waiting", "connecting"];
  assert.deepEqual(watch.states, [...vain, ...vain, ...vain, "closed"]);
});

Deno.test("a server that lets a client in and hangs up at once uses up its attempts", async () => {
  const reason = retryReason(0);
  const hangUp = (socket: WebSocket) => {
    socket.send(successFrame(0, null));
    socket.close(1012, reason);
  };
  await using server = scriptedServer([hangUp]);
  // No connection here lasts as long as the next wait could.
  const reconnect = { minDelay: 60_000, maxAttempts: 1 };
  const connection = await connect("test", { url: server.url, reconnect });
  assert.deepEqual(await connection.closed, { code: 1012, reason });
  assert.equal(server.sockets.length, 2);
});

Deno.test("a connection that has lasted has all its attempts again", async () => {
  await using server = scriptedServer([closeOnRequest(1001)]);
  const reconnect = { ...FAST_RECONNECT, maxAttempts: 1 };
  await using connection = await connect("test", {
    url: server.url,
    reconnect,
  });
  const watch = new StateRecorder(connection);
  for (let n = 1; n <= 3; n++) {
    // Longer than any wait.
    await pause(10);
    await rejection(connection.operation("leave"));
    await watch.next("open");
  }
});

Deno.test("a server that goes down says when its client comes back, at first", async () => {
  const visits = [
    closeOnRequest(1012, retryReason(7)),
    closeOnRequest(1012, retryReason(7)),
  ];
  await using server = scriptedServer([visits[0]!, answerLoginOnly]);
  const { url } = server;
  const reconnect = { minDelay: 1, maxDelay: 1 };
  await using connection = await connect("test", { url, reconnect });
  const watch = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  const { delay, close } = await watch.next("waiting");
  assert.equal(delay, 7);
  assert.deepEqual(close, { code: 1012, reason: retryReason(7) });
  await watch.next("open");
});

Deno.test("a server cannot send its client away for good", async () => {
  await using server = scriptedServer([
    closeOnRequest(1012, retryReason(1e15)),
  ]);
  const { url } = server;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const watch = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  assert.equal((await watch.next("waiting")).delay, 60_000);
});

Deno.test("connect() with `reconnect` throws the first time as it does without", async () => {
  await using refusing = scriptedServer([(socket) => {
    socket.send(errorFrame(0, 3));
  }]);
  const server = serveQuietly();
  await server.close();
  const reconnect = FAST_RECONNECT;
  const wrong = rejection(connect("test", { url: refusing.url, reconnect }));
  assert(await wrong instanceof LoginError);
  const none = rejection(connect("test", { url: server.url, reconnect }));
  assert(await none instanceof ConnectError);
  assert.equal(refusing.sockets.length, 1);
  await assert.rejects(
    connect("test", { url: refusing.url, reconnect: { minDelay: 0 } }),
    /^RangeError: Cannot connect as 'reconnect\.minDelay' must be from 1 /,
  );
});

Deno.test("the signal of connect() ends its first attempt only", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerAll]);
  const { url } = server;
  const controller = new AbortController();
  const { signal } = controller;
  const options = { url, signal, reconnect: FAST_RECONNECT };
  await using connection = await connect("test", options);
  const watch = new StateRecorder(connection);
  controller.abort();
  await rejection(connection.operation("leave"));
  await watch.next("open");
  const reason = await rejection(connect("test", options));
  assert.equal(reason, signal.reason);
});

Deno.test("listeners stay, and get in order what comes right behind the new login", async () => {
  const names = ["one", "two", "three"];
  const batch: ConnectionScript = (socket, frame) => {
    if (frame.token === undefined) return;
    socket.send(successFrame(0, null, { features: ["batch"] }));
    socket.send(`[${names.map(broadcastFrame)}]`);
    socket.close(1000);
  };
  await using server = scriptedServer([closeOnRequest(1001), batch]);
  const { url } = server;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const seen: string[] = [];
  connection.receive(names, ({ name }) => {
    seen.push(`${name} ${connection.state}`);
  });
  await rejection(connection.operation("leave"));
  await connection.closed;
  assert.deepEqual(seen, ["one open", "two open", "three open"]);
});

Deno.test("a listener may reply to what comes right behind the new login", async () => {
  const greet: ConnectionScript = (socket, frame) => {
    answerAll(socket, frame);
    if (frame.token !== undefined) socket.send(broadcastFrame("question"));
  };
  await using server = scriptedServer([closeOnRequest(1001), greet]);
  const { url } = server;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const answered = new Promise((resolve) =>
    connection.receive("question", (message) => resolve(message.reply("yes")))
  );
  await rejection(connection.operation("leave"));
  await answered;
  const [, answer] = server.frames[1]!;
  assert.equal((answer!.data as Record<string, unknown>).message, "yes");
});

Deno.test("listeners to the state that fail are logged and disturb nothing", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerAll]);
  const logger = new LogRecorder();
  const options = { url: server.url, logger, reconnect: FAST_RECONNECT };
  await using connection = await connect("test", options);
  connection.onState(() => {
    throw new Error("thrown");
  });
  connection.onState(() => new Promise(() => {}));
  const watch = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  await watch.next("open");
  assert.equal(logger.lines.length, 3);
  await logger.line(/^error Hoist: a listener failed\nError: thrown/);
});

Deno.test("a connection is not open before the answer to its new login", async () => {
  const answer = Promise.withResolvers<() => void>();
  const slow: ConnectionScript = (socket, frame) => {
    if (frame.token === undefined) return answerAll(socket, frame);
    answer.resolve(() => socket.send(successFrame(0, null)));
  };
  await using server = scriptedServer([closeOnRequest(1001), slow]);
  const { url } = server;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const watch = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  const send = await answer.promise;
  assert.equal(connection.state, "connecting");
  const error = await rejection(connection.operation("early"));
  assert(error instanceof ConnectionClosedError);
  send();
  await watch.next("open");
});

Deno.test("an attempt asks anew whether there is a Hoist server", async () => {
  let asked = 0;
  await using server = scriptedServer([closeOnRequest(1001), answerAll], () => {
    asked++;
    return asked === 2 ? new Response("starting") : ackResponse();
  });
  const { url } = server;
  await using connection = await connect("test", {
    url,
    reconnect: FAST_RECONNECT,
  });
  const watch = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  await watch.next("open");
  const vain = ["waiting", "connecting"];
  assert.deepEqual(watch.states, [...vain, ...vain, "open"]);
  assert.equal(asked, 3);
});
