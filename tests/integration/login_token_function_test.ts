/** Clients whose token is a function. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import {
  ConnectError,
  ConnectionClosedError,
  LoginError,
  TimeoutError,
} from "../../common/errors.ts";
import { rejection, throwsExactly } from "../support/errors.ts";
import { errorFrame } from "../support/fake_server.ts";
import { createFast } from "../support/late_server.ts";
import {
  answerAll,
  type ConnectionScript,
  FAST_RECONNECT,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { serveQuietly } from "../support/server.ts";

/** Rejects the login, as a Hoist server does. */
const rejectLogin: ConnectionScript = (socket) => {
  socket.send(errorFrame(0, 3));
  socket.close(1008);
};

/** Returns the tokens of all logins. */
function tokensOf(frames: readonly Record<string, unknown>[][]): unknown[] {
  return frames.map(([login]) => login?.token);
}

for (const reconnect of [false, FAST_RECONNECT]) {
  const how = reconnect ? "with" : "without";

  Deno.test(`connect() logs in with the token of a function, ${how} reconnect`, async () => {
    await using server = serveQuietly();
    const url = server.url;
    const token = () => Promise.resolve("test");
    await using connection = await connect(token, { url, reconnect });
    await connection.message("hello");
  });

  Deno.test(`connect() asks for a token once more if it is rejected, ${how} reconnect`, async () => {
    const tokens = ["old", "test", "unused"];
    await using server = serveQuietly();
    const { url } = server;
    const token = () => tokens.shift()!;
    await using connection = await connect(token, { url, reconnect });
    await connection.message("hello");
    assert.deepEqual(tokens, ["unused"]);
    assert.equal(server.clients.size, 1);
  });

  Deno.test(`connect() rejects if two tokens are rejected, ${how} reconnect`, async () => {
    await using server = scriptedServer([rejectLogin]);
    let calls = 0;
    const token = () => `token ${++calls}`;
    const connecting = connect(token, { url: server.url, reconnect });
    assert(await rejection(connecting) instanceof LoginError);
    assert.deepEqual(tokensOf(server.frames), ["token 1", "token 2"]);
  });

  Deno.test(`connect() does not send a rejected token again, ${how} reconnect`, async () => {
    await using server = scriptedServer([rejectLogin]);
    const connecting = connect(() => "same", { url: server.url, reconnect });
    assert(await rejection(connecting) instanceof LoginError);
    assert.deepEqual(tokensOf(server.frames), ["same"]);
  });

  Deno.test(`connect() rejects if the token function fails, ${how} reconnect`, async () => {
    const options = { url: "http://127.0.0.1:1", reconnect };
    const cause = new Error("the secret is 5");
    const failing = connect(() => Promise.reject(cause), options);
    const error = await rejection(failing);
    assert(error instanceof ConnectError);
    assert.equal(error.cause, cause);
    const refusal = new LoginError("logged out");
    const leaving = connect(() => Promise.reject(refusal), options);
    assert(await throwsExactly(() => leaving, refusal));
    const never = () => new Promise<string>(() => {});
    const slow = connect(never, { ...options, timeout: 1 });
    assert(await rejection(slow) instanceof TimeoutError);
  });
}

Deno.test("the signal of connect() aborts the token function", async () => {
  const controller = new AbortController();
  const reason = new Error("unmounted");
  const connecting = connect(({ signal }) => {
    queueMicrotask(() => controller.abort(reason));
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve("late"))
    );
  }, { url: "http://127.0.0.1:1", signal: controller.signal });
  assert(await throwsExactly(() => connecting, reason));
});

Deno.test("a client gets a new token for each reconnect", async () => {
  let calls = 0;
  await using server = scriptedServer([answerAll]);
  await using connection = await connect(() => `token ${++calls}`, {
    url: server.url,
    reconnect: FAST_RECONNECT,
  });
  const states = new StateRecorder(connection);
  for (let n = 0; n < 2; n++) {
    server.sockets.at(-1)!.close(1001);
    await states.next("open");
  }
  const expected = ["token 1", "token 2", "token 3"];
  assert.deepEqual(tokensOf(server.frames), expected);
});

Deno.test("a client stays after its token was rotated", async () => {
  let token = "old";
  await using server = serveQuietly();
  server.rotate("old");
  await using connection = await connect(() => token, {
    url: server.url,
    reconnect: FAST_RECONNECT,
  });
  const states = new StateRecorder(connection);
  token = "new";
  server.rotate("new");
  await states.next("open");
  await connection.message("hello");
});

for (
  const [what, fail] of [
    ["throws", () => {
      throw new Error("offline");
    }],
    // Its code would end the reconnecting if the server had closed with it.
    ["throws an error of another connection", () => {
      const close = { code: 1000, reason: "done" };
      throw new ConnectionClosedError('operation "token"', close);
    }],
    ["returns no token", () => ""],
    ["never settles", () => new Promise<string>(() => {})],
  ] as readonly [string, () => string | Promise<string>][]
) {
  Deno.test(`a client tries again if its token function ${what}`, async () => {
    let calls = 0;
    await using server = scriptedServer([answerAll]);
    await using connection = createFast(
      server,
      { timeout: 1_000 },
      () => ++calls === 2 ? fail() : "test",
    );
    await connection.opened;
    calls = 1;
    const states = new StateRecorder(connection);
    server.sockets.at(-1)!.close(1001);
    await states.next("open");
    // On a machine that stops for a while, the third attempt can time out, too.
    assert.match(states.seen.join(), /^(waiting,connecting,){2,}open$/);
  });
}

Deno.test("a LoginError of the token function ends a connection that reconnects", async () => {
  let calls = 0;
  const refusal = new LoginError("logged out");
  await using server = scriptedServer([answerAll]);
  const connection = await connect(() => {
    if (++calls === 2) throw refusal;
    return "test";
  }, { url: server.url, reconnect: FAST_RECONNECT });
  server.sockets[0]!.close(1001);
  const { error } = await connection.closed;
  assert.equal(error, refusal);
  assert.equal(connection.state, "closed");
});

Deno.test("a connection that reconnects ends if the server rejects two tokens", async () => {
  let calls = 0;
  await using server = scriptedServer([answerAll, rejectLogin]);
  const connection = await connect(() => `token ${++calls}`, {
    url: server.url,
    reconnect: FAST_RECONNECT,
  });
  server.sockets[0]!.close(1001);
  const { error } = await connection.closed;
  assert(error instanceof LoginError);
  assert.equal(server.sockets.length, 3);
});

Deno.test("requests that wait are not sent with a token that replaces a rejected one", async () => {
  let calls = 0;
  const names: unknown[] = [];
  const record: ConnectionScript = (socket, frame) => {
    const { operation } = (frame.data ?? {}) as { operation?: string };
    if (operation !== undefined) names.push(operation);
    answerAll(socket, frame);
  };
  await using server = scriptedServer([record, rejectLogin, record]);
  await using connection = await connect(() => `user ${++calls}`, {
    url: server.url,
    reconnect: { ...FAST_RECONNECT, maxQueue: 10 },
  });
  const states = new StateRecorder(connection);
  server.sockets[0]!.close(1001);
  await states.next("waiting");
  const waiting = [
    connection.operation("pay"),
    connection.operation("read", {}, { idempotent: true }),
  ];
  for (const error of await Promise.all(waiting.map(rejection))) {
    assert(error instanceof ConnectionClosedError);
    assert.match(error.message, /another user/);
  }
  await states.next("open");
  await connection.operation("later");
  assert.deepEqual(names, ["later"]);
});
