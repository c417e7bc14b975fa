/** Closing a reconnecting connection in each of its states. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { ConnectOptions } from "../../client/options.ts";
import type { Connection } from "../../client/connection.ts";
import type { ConnectionState } from "../../client/status.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { ackResponse } from "../support/fake_server.ts";
import {
  answerAll,
  closeOnRequest,
  type ConnectionScript,
  connectReconnecting,
  FAST_RECONNECT,
  onChange,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** A delay that no test waits for. */
const SLOW = { minDelay: 2 ** 31 - 1 };

/** Returns a lost connection in the given state. */
async function lostConnection(
  options: ConnectOptions,
  state: "waiting" | "connecting",
): Promise<Connection> {
  const connection = await connect("test", options);
  const states = new StateRecorder(connection);
  await rejection(connection.operation("leave"));
  await states.next(state);
  return connection;
}

const CLOSED_HERE = { code: 1000, reason: "closed by the client" };

Deno.test("close() ends the wait for the next attempt", async () => {
  await using server = scriptedServer([closeOnRequest(1001)]);
  const options = { url: server.url, reconnect: SLOW };
  const connection = await lostConnection(options, "waiting");
  const states = new StateRecorder(connection);
  await connection.close();
  assert.deepEqual(await connection.closed, CLOSED_HERE);
  assert.deepEqual(states.seen, ["closed"]);
  await connection.close();
  assert.equal(server.sockets.length, 1);
  const error = await rejection(connection.operation("late"));
  assert(error instanceof ConnectionClosedError);
  assert.deepEqual([error.code, error.reason], [1000, "closed by the client"]);
});

Deno.test("an await using block ends the wait for the next attempt", async () => {
  await using server = scriptedServer([closeOnRequest(1001)]);
  const options = { url: server.url, reconnect: SLOW };
  let closed: Connection["closed"];
  {
    await using connection = await lostConnection(options, "waiting");
    closed = connection.closed;
  }
  assert.deepEqual(await closed, CLOSED_HERE);
});

Deno.test("close() ends an attempt that waits for the ack", async () => {
  const requested = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  let requests = 0;
  await using server = scriptedServer([closeOnRequest(1001)], () => {
    if (++requests === 1) return ackResponse();
    requested.resolve();
    return answer.promise;
  });
  const options = {
    url: server.url,
    reconnect: FAST_RECONNECT,
    minimumVersion: "1.0.0",
  };
  const connection = await lostConnection(options, "connecting");
  const states = new StateRecorder(connection);
  await requested.promise;
  await connection.close();
  assert.deepEqual(await connection.closed, CLOSED_HERE);
  answer.resolve(ackResponse());
  assert.deepEqual(states.seen, ["closed"]);
  assert.equal(server.sockets.length, 1);
});

Deno.test("close() ends an attempt that waits for the login reply", async () => {
  const opened = Promise.withResolvers<WebSocket>();
  const keepOpen: ConnectionScript = (socket) => opened.resolve(socket);
  await using server = scriptedServer([closeOnRequest(1001), keepOpen]);
  const options = { url: server.url, reconnect: FAST_RECONNECT };
  const connection = await lostConnection(options, "connecting");
  const states = new StateRecorder(connection);
  const socket = await opened.promise;
  const gone = new Promise((resolve) => socket.onclose = resolve);
  await connection.close();
  assert.deepEqual(await connection.closed, CLOSED_HERE);
  assert.deepEqual(states.seen, ["closed"]);
  await gone;
});

Deno.test("close() ends an attempt that waits for its WebSocket", async () => {
  const upgrading = Promise.withResolvers<void>();
  const sockets: WebSocket[] = [];
  await using server = scriptedServer([closeOnRequest(1001)]);
  class SlowWebSocket extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      // The second WebSocket connects to a server that never answers.
      super(
        sockets.length === 0 ? url : stalled.url.replace("http", "ws"),
        protocols,
      );
      if (sockets.push(this) === 2) upgrading.resolve();
    }
  }
  await using stalled = new TcpProxy(server);
  stalled.isStalled = true;
  const options = {
    url: server.url,
    reconnect: FAST_RECONNECT,
    WebSocket: SlowWebSocket,
  };
  const connection = await lostConnection(options, "connecting");
  await upgrading.promise;
  assert.equal(sockets[1]!.readyState, WebSocket.CONNECTING);
  await connection.close();
  assert.deepEqual(await connection.closed, CLOSED_HERE);
  assert.notEqual(sockets[1]!.readyState, WebSocket.CONNECTING);
});

for (const state of ["waiting", "connecting"] as const) {
  Deno.test(`close() in a listener of the state ${state} ends the connection`, async () => {
    await using server = scriptedServer([closeOnRequest(1001), answerAll]);
    const connection = await connectReconnecting(server);
    const states = new StateRecorder(connection);
    const seen: ConnectionState[] = [];
    onChange(connection, (status) => {
      seen.push(status.state);
      if (status.state === state) void connection.close();
    });
    await rejection(connection.operation("leave"));
    assert.deepEqual(await connection.closed, CLOSED_HERE);
    assert.equal(connection.state, "closed");
    assert.deepEqual(seen.slice(-2), [state, "closed"]);
    assert.deepEqual(states.seen, seen);
    assert.equal(server.sockets.length, 1);
  });
}

Deno.test("close() in a listener of the state open says goodbye", async () => {
  await using server = scriptedServer([closeOnRequest(1001), answerAll]);
  const connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  onChange(connection, ({ state }) => {
    if (state === "open") void connection.close();
  });
  await rejection(connection.operation("leave"));
  assert.deepEqual(await connection.closed, { code: 1000, reason: "goodbye" });
  assert.deepEqual(states.seen, ["waiting", "connecting", "open", "closed"]);
});

Deno.test("close() resolves if the server ignores the goodbye", async () => {
  const ignoreGoodbye: ConnectionScript = (socket, frame) => {
    if (frame.token !== undefined) answerAll(socket, frame);
  };
  await using server = scriptedServer([ignoreGoodbye]);
  const connection = await connectReconnecting(server);
  await connection.close();
  assert.deepEqual(await connection.closed, CLOSED_HERE);
});

Deno.test("the client does not reconnect if the server answers its goodbye with another code", async () => {
  const answerRestarting: ConnectionScript = (socket, frame) => {
    if (frame.end !== true) return answerAll(socket, frame);
    socket.close(1012, "server closed, retry in 0 ms");
  };
  await using server = scriptedServer([answerRestarting]);
  const connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  await connection.close();
  const { code } = await connection.closed;
  assert.equal(code, 1012);
  assert.deepEqual(states.seen, ["closed"]);
});
