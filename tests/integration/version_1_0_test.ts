/** The client and the server of version 1.0, with those of this checkout. */

import assert from "node:assert/strict";
import { freePort } from "../../tools/lib/ports.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { gate } from "../support/timing.ts";
import {
  type AnyConnection,
  type AnyServer,
  type AnyStatus,
  CURRENT,
  type Version,
  VERSION_1_0,
} from "../support/version_1_0.ts";

const RECONNECT = { minDelay: 1, maxDelay: 2 };

/** Starts a server on a free port of the loopback interface, or on a port. */
function start(version: Version, port = 0): AnyServer {
  const logger = new LogRecorder();
  return version.serve("test", { hostname: "127.0.0.1", port, logger });
}

for (
  const [pair, server, client] of [
    ["a client of version 1.0", CURRENT, VERSION_1_0],
    ["a server of version 1.0", VERSION_1_0, CURRENT],
  ] as const
) {
  /** Connects a client that logs nothing. */
  const open = (
    { url }: AnyServer,
    options: { readonly reconnect?: typeof RECONNECT } = {},
  ): Promise<AnyConnection> =>
    client.connect("test", { url, logger: new LogRecorder(), ...options });

  Deno.test(`${pair}: the token decides about the login`, async () => {
    await using started = start(server);
    await using connection = await open(started);
    assert.equal(started.clients.size, 1);
    const { url } = started;
    const logger = new LogRecorder();
    const error = await rejection(client.connect("wrong", { url, logger }));
    assert.equal(error.name, "LoginError");
    await connection.close();
  });

  Deno.test(`${pair}: messages get all replies and their errors`, async () => {
    await using started = start(server);
    started.receive("count", (message) => {
      for (let n = 0; n < 3; n++) message.reply("number", { n });
    });
    started.receive("fail", () => {
      throw new Error("secret");
    });
    await using connection = await open(started);
    const { replies } = await connection.message("count");
    assert.deepEqual(replies.map(({ data }) => data.n), [0, 1, 2]);
    assert.deepEqual((await connection.request("count")).data, { n: 0 });
    assert.deepEqual((await connection.message("unheard")).replies, []);
    const error = await rejection(connection.message("fail"));
    assert.equal(error.name, "ResponseError");
    assert.doesNotMatch(error.message, /secret/);
  });

  Deno.test(`${pair}: operations return results and errors`, async () => {
    await using started = start(server);
    started.operation("add", ({ a, b }) => Number(a) + Number(b));
    started.operation("fail", () => {
      throw new Error("secret");
    });
    await using connection = await open(started);
    const sums = await Promise.all(
      [1, 2, 3].map((n) => connection.operation("add", { a: n, b: n })),
    );
    assert.deepEqual(sums, [2, 4, 6]);
    for (const name of ["fail", "unknown"]) {
      const error = await rejection(connection.operation(name));
      assert.equal(error.name, "ResponseError");
    }
  });

  Deno.test(`${pair}: a caller can give up, and the connection goes on`, async () => {
    await using started = start(server);
    const { opened, open: release } = gate();
    started.operation("wait", () => opened);
    started.receive("wait", () => opened);
    await using connection = await open(started);
    const { signal, controller } = abortable();
    const given = [
      rejection(connection.operation("wait", {}, { signal })),
      rejection(connection.operation("wait", {}, { timeout: 1 })),
      rejection(connection.message("wait", {}, { signal })),
      rejection(connection.message("wait", {}, { timeout: 1 })),
    ];
    controller.abort();
    const names = (await Promise.all(given)).map(({ name }) => name);
    assert.deepEqual(names, [
      ...["AbortError", "TimeoutError", "AbortError", "TimeoutError"],
    ]);
    release();
    assert.equal(await connection.operation("wait"), null);
  });

  Deno.test(`${pair}: streams end, fail and are cancelled`, async () => {
    await using started = start(server);
    const ended = gate();
    started.operation("count", async function* ({ to = Infinity }) {
      try {
        for (let n = 0; n < Number(to); n++) yield n;
      } finally {
        if (to === Infinity) ended.open();
      }
    });
    started.operation("fail", async function* () {
      yield 1;
      throw new Error("secret");
    });
    await using connection = await open(started);
    for (const buffer of [1, 16, 256]) {
      const items = await collect(
        connection.stream("count", { to: 1_000 }, { buffer }),
      );
      assert.deepEqual(items, Array.from({ length: 1_000 }, (_, n) => n));
    }
    for await (const n of connection.stream("count")) if (n === 300) break;
    await ended.opened;
    const error = await rejection(collect(connection.stream("fail")));
    assert.equal(error.name, "ResponseError");
  });

  Deno.test(`${pair}: broadcasts arrive in order`, async () => {
    await using started = start(server);
    await using connection = await open(started);
    const seen: unknown[] = [];
    const { opened, open: release } = gate();
    connection.receive("news", ({ data }) => {
      if (seen.push(data.n) === 50) release();
    });
    for (let n = 0; n < 50; n++) void started.broadcast("news", { n });
    await opened;
    assert.deepEqual(seen, Array.from({ length: 50 }, (_, n) => n));
  });

  Deno.test(`${pair}: the server can send a request`, async () => {
    await using started = start(server);
    await using connection = await open(started);
    connection.receive("question", (message) => message.reply("yes", { n: 1 }));
    connection.receive("unanswered", () => {});
    const [served] = started.clients;
    const reply = await served!.request("question");
    assert.deepEqual([reply.name, reply.data], ["yes", { n: 1 }]);
    const error = await rejection(served!.request("unanswered"));
    assert.equal(error.name, "NoReplyError");
  });

  Deno.test(`${pair}: the close codes arrive`, async () => {
    await using started = start(server);
    const closedByServer = await open(started);
    const [served] = started.clients;
    served!.close(4_000, "enough");
    const info = await closedByServer.closed;
    assert.deepEqual([info.code, info.reason], [4_000, "enough"]);
    const closing = await open(started);
    await closing.close();
    assert.equal((await closing.closed).code, 1_000);
    const waiting = await open(started);
    await started.close();
    assert.equal((await waiting.closed).code, 1_001);
  });

  Deno.test(`${pair}: the client reconnects after the delay of the server`, async () => {
    const port = freePort();
    const first = start(server, port);
    await using connection = await open(first, { reconnect: RECONNECT });
    const waiting = nextStatus(connection, "waiting");
    await first.close();
    const { delay, close } = await waiting;
    const opened = nextStatus(connection, "open");
    assert.equal(close?.code, 1_012);
    assert.equal(close?.reason, `server closed, retry in ${delay} ms`);
    await using second = start(server, port);
    second.operation("again", () => "again");
    await opened;
    assert.equal(await connection.operation("again"), "again");
  });
}

function abortable() {
  const controller = new AbortController();
  return { controller, signal: controller.signal };
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  return await Array.fromAsync(items);
}

/** Resolves to the next status with a state. */
function nextStatus(
  connection: AnyConnection,
  state: string,
): Promise<AnyStatus> {
  return new Promise((resolve) => {
    connection.onState((status) => {
      if (status.state === state) resolve(status);
    });
  });
}
