/** When a client stops reconnecting. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import {
  ConnectError,
  ConnectionClosedError,
  LoginError,
  VersionError,
} from "../../common/errors.ts";
import { retryReason } from "../../protocol/close.ts";
import { rejection } from "../support/errors.ts";
import {
  ackResponse,
  errorFrame,
  successFrame,
} from "../support/fake_server.ts";
import {
  closeOnRequest,
  connectReconnecting,
  FAST_RECONNECT,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

type Class<Instance> = abstract new (...args: never[]) => Instance;

for (const code of [1000, 3000, 4999]) {
  Deno.test(`the client does not reconnect after close code ${code}`, async () => {
    await using server = scriptedServer([closeOnRequest(code, "enough")]);
    const connection = await connectReconnecting(server);
    const states = new StateRecorder(connection);
    const error = await rejection(connection.operation("leave"));
    assert(error instanceof ConnectionClosedError);
    assert.deepEqual(await connection.closed, { code, reason: "enough" });
    assert.deepEqual(states.seen, ["closed"]);
    const late = await rejection(connection.operation("late"));
    assert(late instanceof ConnectionClosedError);
    assert.deepEqual([late.code, late.reason], [code, "enough"]);
    assert.equal(server.sockets.length, 1);
  });
}

Deno.test("a request while the server closes does not hide its close code", async () => {
  using server = new ScriptedServer();
  const connecting = connect("test", {
    url: server.url,
    reconnect: FAST_RECONNECT,
    fetch: () => Promise.resolve(ackResponse()),
  });
  const peer = await server.open();
  await peer.frame();
  await peer.send(successFrame(0, null));
  const connection = await connecting;
  await peer.sendClose(4001, "banned");
  await peer.closeFrame();
  const late = rejection(connection.operation("late"));
  peer[Symbol.dispose]();
  const error = await late;
  assert(error instanceof ConnectionClosedError);
  assert.deepEqual([error.code, error.reason], [4001, "banned"]);
  assert.equal((await connection.closed).code, 4001);
});

const BANNED = { exc: "x", message: "no", application: { kind: "banned" } };

for (
  const [what, script, Kind] of [
    ["a refused token", (socket) => socket.send(errorFrame(0, 3)), LoginError],
    [
      "an error that login throws on purpose",
      (socket) => socket.send(errorFrame(0, 6, BANNED)),
      LoginError,
    ],
    [
      "a version that is too low",
      (socket) => socket.send(errorFrame(0, 4, { needed: "2.0.0" })),
      VersionError,
    ],
    [
      "a close code of the application",
      (socket) => socket.close(4001, "banned"),
      ConnectError,
    ],
  ] as readonly [string, (socket: WebSocket) => void, Class<Error>][]
) {
  Deno.test(`the client stops reconnecting after ${what}`, async () => {
    await using server = scriptedServer([closeOnRequest(1001, "bye"), script]);
    const connection = await connectReconnecting(server);
    const states = new StateRecorder(connection);
    await rejection(connection.operation("leave"));
    const { error, ...close } = await connection.closed;
    assert.deepEqual(close, { code: 1001, reason: "bye" });
    assert(error instanceof Kind);
    assert.deepEqual(states.seen, ["waiting", "connecting", "closed"]);
    assert.equal(server.sockets.length, 2);
  });
}

Deno.test("the client does not reconnect with a revoked token", async () => {
  const tokens = [{ name: "ci", token: "s3same" }];
  await using server = serveQuietly({ tokens });
  const options = { url: server.url, reconnect: FAST_RECONNECT };
  const connection = await connect("s3same", options);
  assert.equal((await server.revoke("ci")).closed, 1);
  const { error, ...close } = await connection.closed;
  assert.deepEqual(close, { code: 1008, reason: "token revoked" });
  assert(error instanceof LoginError);
  assert.equal(server.clients.size, 0);
});

Deno.test("the client does not reconnect to a server that is too old", async () => {
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

Deno.test("the client stops after `maxAttempts` and reports the last error", async () => {
  const server = serveQuietly();
  const connection = await connectReconnecting(server, { maxAttempts: 3 });
  const states = new StateRecorder(connection);
  await server.close();
  const { code, error } = await connection.closed;
  assert.equal(code, 1012);
  assert(error instanceof ConnectError);
  const failed = ["waiting", "connecting"];
  assert.deepEqual(states.seen, [...failed, ...failed, ...failed, "closed"]);
});

Deno.test("a server that closes right after the login uses up `maxAttempts`", async () => {
  const reason = retryReason(0);
  const closeAfterLogin = (socket: WebSocket) => {
    socket.send(successFrame(0, null));
    socket.close(1012, reason);
  };
  await using server = scriptedServer([closeAfterLogin]);
  // No connection lasts as long as the delay, so the attempts do not reset.
  const reconnect = { minDelay: 60_000, maxAttempts: 1 };
  const connection = await connect("test", { url: server.url, reconnect });
  assert.deepEqual(await connection.closed, { code: 1012, reason });
  assert.equal(server.sockets.length, 2);
});

Deno.test("a lasting connection resets the number of attempts", async () => {
  await using server = scriptedServer([closeOnRequest(1001)]);
  await using connection = await connectReconnecting(server, {
    maxAttempts: 1,
  });
  const states = new StateRecorder(connection);
  for (let n = 1; n <= 3; n++) {
    // Longer than the maximum delay.
    await pause(10);
    await rejection(connection.operation("leave"));
    await states.next("open");
  }
});
