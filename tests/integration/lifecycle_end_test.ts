/** Every client for which `onConnect` was called gets one `onDisconnect`. */

import assert from "node:assert/strict";
import { connect, type Connection } from "../../client.ts";
import type { Client, CloseInfo, ServeOptions, Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { gate, until } from "../support/timing.ts";

/** Starts a server that records the calls of its hooks, with the close codes. */
function serveRecorded(options: ServeOptions = {}) {
  const calls: string[] = [];
  const left = Promise.withResolvers<CloseInfo>();
  const logger = new LogRecorder();
  const server = serveQuietly({
    logger,
    onConnect: ({ id }: Client) => void calls.push(`connect ${id}`),
    ...options,
    onDisconnect: ({ id }: Client, close: CloseInfo) => {
      calls.push(`disconnect ${id} ${close.code}`);
      left.resolve(close);
      return options.onDisconnect?.({} as never, close);
    },
  });
  return { calls, left: left.promise, logger, server };
}

/** A way in which the connection of a client ends, and the close code. */
interface End {
  readonly options?: ServeOptions;
  readonly code: number;
  end(server: Server, peer: TcpPeer): unknown;
}

const TOKENS = [{ name: "ci", token: "a named token" }];

const ENDS: Readonly<Record<string, End>> = {
  "says goodbye": {
    code: 1000,
    end: (_server, peer) => peer.send({ id: null, end: true }),
  },
  "is lost": { code: 1006, end: (_server, peer) => peer[Symbol.dispose]() },
  "is closed by the application": {
    code: 4000,
    end: (server) => {
      for (const client of server.clients) client.close(4000, "enough");
    },
  },
  "used a token that is revoked": {
    options: { tokens: TOKENS },
    code: 1008,
    end: (server) => server.revoke("ci"),
  },
  "sends a frame that is no object": {
    code: 1003,
    end: (_server, peer) => peer.send([]),
  },
  "sends a frame that is too large": {
    options: { limits: { maxPayload: 1_000 } },
    code: 1009,
    end: (_server, peer) => peer.send({ a: "x".repeat(1_000) }),
  },
  "reads too slowly": {
    options: { limits: { maxBuffered: 1_024 } },
    code: 1013,
    end: (server) => {
      const text = "x".repeat(800);
      for (const client of server.clients) {
        for (let n = 0; n < 20_000; n++) client.message("news", { text });
      }
    },
  },
  "is there while the server closes": {
    code: 1001,
    end: (server) => server.close(),
  },
};

for (const [what, { options, code, end }] of Object.entries(ENDS)) {
  Deno.test(`onDisconnect is called once for a client that ${what}`, async () => {
    const { calls, left, server } = serveRecorded(options);
    const token = options?.tokens === undefined ? "test" : "a named token";
    using peer = await TcpPeer.logIn(server, { token });
    // The server has sent its response before it calls the hook.
    while (server.clients.size === 0) await new Promise(setImmediate);
    await end(server, peer);
    assert.equal((await left).code, code);
    await server.close();
    assert.deepEqual(calls, ["connect 1", `disconnect 1 ${code}`]);
  });
}

Deno.test("onDisconnect is called when the signal of the server aborts", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const { calls, server } = serveRecorded({ signal });
  await using _client = await RawClient.logIn(server);
  controller.abort();
  await server.finished;
  assert.deepEqual(calls, ["connect 1", "disconnect 1 1001"]);
});

Deno.test("close() waits for onDisconnect of clients that left before", async () => {
  const { opened, open } = gate();
  let isWritten = false;
  const { left, server } = serveRecorded({
    onDisconnect: async () => {
      await opened;
      isWritten = true;
    },
  });
  const connection = await connectTo(server);
  await connection.close();
  await left;
  const closing = server.close();
  open();
  await closing;
  assert(isWritten);
});

Deno.test("close() does not wait longer than its timeout for onDisconnect", async () => {
  const { calls, logger, server } = serveRecorded({
    onDisconnect: () => new Promise(() => {}),
  });
  await using _client = await RawClient.logIn(server);
  await server.close({ timeout: 0 });
  assert.deepEqual(calls, ["connect 1", "disconnect 1 1001"]);
  await logger.line(/^warn shutdown: stopped waiting for .* of 1 client$/);
});

Deno.test("an onDisconnect that never settles holds no place, no member and no user", async () => {
  const { calls, server } = serveRecorded({
    limits: { maxConnections: 1 },
    tokens: TOKENS,
    onDisconnect: () => new Promise(() => {}),
  });
  server.defineRoom("chat", { authorize: () => true });
  const { url } = server;
  const logger = new LogRecorder();
  const user = server.user("ci");
  for (const id of [1, 2, 3]) {
    let connection: Connection | undefined;
    // The place is free when the socket of the client before has closed.
    await until(async () => {
      connection = await connect("a named token", { url, logger })
        .catch(() => undefined);
      return connection !== undefined;
    }, "the place is free");
    await connection!.join("chat");
    assert.equal(user.clients.size, 1);
    await connection!.close();
    await until(() => calls.includes(`disconnect ${id} 1000`), "it has left");
    assert.deepEqual([user.clients.size, server.clients.size], [0, 0]);
    assert.deepEqual(await server.room("chat").fetchMembers(), []);
  }
  await server.close({ timeout: 0 });
});

for (
  const [how, fail] of Object.entries({
    throws: () => {
      throw new Error("no");
    },
    rejects: () => Promise.reject(new Error("no")),
  })
) {
  Deno.test(`an onDisconnect that ${how} is logged, and nothing else happens`, async () => {
    const { calls, left, logger, server } = serveRecorded({
      onDisconnect: fail,
    });
    await using _server = server;
    await using other = await connectTo(server);
    const connection = await connectTo(server);
    await connection.close();
    await left;
    await logger.line(
      /^error error: 127\S+: onDisconnect failed\n.*Error: no/s,
    );
    await other.message("hello");
    assert.deepEqual(calls, ["connect 1", "connect 2", "disconnect 2 1000"]);
  });
}

Deno.test("a client that leaves during onConnect gets onDisconnect after it", async () => {
  const { opened, open } = gate();
  const aborted = gate();
  const { calls, left, server } = serveRecorded({
    onConnect: async ({ signal }) => {
      signal.addEventListener("abort", () => aborted.open());
      await opened;
      calls.push("connected");
    },
  });
  await using client = await RawClient.logIn(server);
  client.send({ id: null, end: true });
  await aborted.opened;
  assert.deepEqual(calls, []);
  open();
  assert.equal((await left).code, 1000);
  assert.deepEqual(calls, ["connected", "disconnect 1 1000"]);
  assert.equal(server.clients.size, 0);
  await server.close();
});

Deno.test("a client that leaves during onConnect is no error of onConnect", async () => {
  const { left, logger, server } = serveRecorded({
    onConnect: (client) => client.request("who are you?"),
  });
  const client = await RawClient.logIn(server, ["request"]);
  await client.next();
  client.send({ id: null, end: true });
  await left;
  await server.close();
  assert.deepEqual(logger.lines.filter((line) => line.startsWith("error")), []);
});

Deno.test("an error of onConnect is logged although the client has left", async () => {
  const { opened, open } = gate();
  const { left, logger, server } = serveRecorded({
    onConnect: async ({ closed }) => {
      open();
      await closed;
      throw new Error("the database is full");
    },
  });
  const connection = await connectTo(server);
  await opened;
  await connection.close();
  await left;
  await logger.line(/^error error: .*onConnect failed.*the database is full/s);
  await server.close();
});

Deno.test("onConnect can close its client", async () => {
  for (const later of [undefined, Promise.resolve()]) {
    const { calls, left, server } = serveRecorded({
      onConnect: (client) => {
        client.close(4001, "banned");
        return later;
      },
    });
    await using client = await RawClient.logIn(server);
    const close = { code: 4001, reason: "banned" };
    assert.deepEqual([await client.closed, await left], [close, close]);
    await server.close();
    assert.deepEqual(calls, ["disconnect 1 4001"]);
  }
});

Deno.test("revoke() closes a client whose onConnect has not finished", async () => {
  const { opened, open } = gate();
  const { left, server } = serveRecorded({
    tokens: TOKENS,
    onConnect: () => opened,
  });
  using _peer = await TcpPeer.logIn(server, { token: "a named token" });
  assert.equal((await server.revoke("ci")).closed, 1);
  open();
  assert.deepEqual(await left, { code: 1008, reason: "token revoked" });
  await server.close();
});

Deno.test("close() calls onDisconnect of a client whose onConnect never finishes", async () => {
  const { calls, server } = serveRecorded({
    limits: { loginTimeout: 3_600_000 },
    onConnect: () => new Promise(() => {}),
  });
  await using _client = await RawClient.logIn(server);
  await server.close({ timeout: 0 });
  assert.deepEqual(calls, ["disconnect 1 1001"]);
});

Deno.test("a hook can call close()", async () => {
  for (const hook of ["onConnect", "onDisconnect"] as const) {
    const server: Server = serveQuietly({
      closeTimeout: 0,
      [hook]: () => server.close(),
    });
    const connection = await connectTo(server);
    await connection.close();
    await server.finished;
  }
});

Deno.test("onDisconnect can broadcast to the clients that are left", async () => {
  await using server: Server = serveQuietly({
    onDisconnect: ({ id }: Client) => server.broadcast("left", { id }),
  });
  const connection = await connectTo(server);
  await using client = await RawClient.logIn(server);
  await connection.close();
  assert.deepEqual((await client.next()).data.data, { id: 1 });
});

Deno.test("a hook can announce the only client without a warning", async () => {
  const logger = new LogRecorder();
  const server: Server = serveQuietly({
    logger,
    onConnect: () => server.broadcast("joined"),
    onDisconnect: () => server.broadcast("left"),
  });
  const connection = await connectTo(server);
  await connection.close();
  await server.close();
  assert.deepEqual(logger.lines.filter((line) => line.startsWith("warn")), []);
});

Deno.test("onDisconnect does not inherit the deadline of a handler that closed the client", async () => {
  const reply = Promise.withResolvers<unknown>();
  await using server = serveQuietly({
    onDisconnect: (client) => {
      const [, watcher] = server.clients;
      if (client.id !== 1 || watcher === undefined) return;
      reply.resolve(watcher.request("left").then(({ name }) => name, String));
    },
  });
  server.operation("kick", async () => {
    const [client] = server.clients;
    client!.close();
    await reply.promise;
  });
  await using _kicked = await RawClient.logIn(server);
  await using kicking = await RawClient.logIn(server, ["cancel"]);
  await using watching = await RawClient.logIn(server, ["request"]);
  // The time is over at once, and its handler still runs.
  kicking.send({
    id: 1,
    action: "operation",
    data: { operation: "kick", data: {}, timeout: 0 },
  });
  const answered = watching.next().then(({ data }) =>
    watching.send(message(2, "ok", {}, data))
  );
  assert.equal(await reply.promise, "ok");
  await answered;
});
