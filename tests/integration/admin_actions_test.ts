/** What an admin changes on a server. */

import assert from "node:assert/strict";
import type { Client, Server } from "../../server.ts";
import {
  ADMIN_TOKEN,
  connectAdmin,
  connectPlain,
  PLAIN_TOKEN,
  serveAdmin,
  TOKENS,
} from "../support/admin.ts";
import { defineContract, serve } from "../../mod.ts";
import { memory } from "../../broker/memory.ts";
import { LogRecorder } from "../support/log_recorder.ts";

/** Returns the client that is no admin. */
function plainOf(server: Server): Client {
  return [...server.clients].find(({ user }) => user === "plain")!;
}

/** Returns the lines about actions, without the address and the number of the client. */
function actionsIn({ lines }: LogRecorder): string[] {
  return lines.filter((line) => line.startsWith("info admin: "))
    .map((line) => line.replace(/\(127\.0\.0\.1:\d+\) /, ""));
}

Deno.test("an admin disconnects a client by its id and by its global id", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  const first = await connectPlain(server);
  const { id } = plainOf(server);
  const closing = { client: id, code: 4_000, reason: "maintenance" };
  assert.equal(await ops.operation("hoist.admin.disconnect", closing), null);
  const { code, reason } = await first.closed;
  assert.deepEqual([code, reason], [4_000, "maintenance"]);
  const second = await connectPlain(server);
  const { globalId } = plainOf(server);
  await ops.operation("hoist.admin.disconnect", { client: globalId });
  assert.equal((await second.closed).code, 1_000);
  assert.deepEqual(actionsIn(logger), [
    `info admin: ops disconnected client ${id}`,
    `info admin: ops disconnected client "${globalId}"`,
  ]);
});

Deno.test("an action that is not possible is rejected, and logged", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  const gone = `${server.cluster.id}.99`;
  const attempts = [
    ops.operation("hoist.admin.disconnect", { client: 99 }),
    ops.operation("hoist.admin.disconnect", { client: gone }),
    ops.operation("hoist.admin.disconnect", { client: "nobody" }),
    ops.operation("hoist.admin.disconnect", { client: "other-server.1" }),
    ops.operation("hoist.admin.disconnect", { client: 1, code: 1_006 }),
    ops.operation("hoist.admin.disconnect", {
      client: 1,
      reason: "ä".repeat(100),
    }),
    ops.operation("hoist.admin.message", { client: 99, name: "a" }),
    ops.operation("hoist.admin.revoke", { name: "nobody" }),
  ];
  for (const attempt of attempts) {
    const error = await attempt.catch((error) => error);
    assert.equal(error.kind, "rejected");
    assert.match(error.details.reason, /^[A-Z].*\.$/);
  }
  const lines = actionsIn(logger);
  assert.equal(lines.length, attempts.length);
  for (const line of lines) assert.match(line, /^info admin: ops could not /);
  assert(
    lines.includes(
      "info admin: ops could not disconnect client 99: No client with this id is connected.",
    ),
  );
});

Deno.test("the log has no token that an admin writes into a reason", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  const plain = await connectPlain(server);
  const client = plainOf(server).id;
  const reason = `no ${ADMIN_TOKEN}`;
  await ops.operation("hoist.admin.disconnect", { client, reason });
  assert.equal((await plain.closed).reason, "no [redacted]");
  await logger.line(/plain .* disconnected: .*\[redacted\]/);
  assert(!logger.lines.some((line) => line.includes(ADMIN_TOKEN)));
});

Deno.test("the log has no token that an admin passes as the id of a client", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  const client = ADMIN_TOKEN;
  for (
    const attempt of [
      ops.operation("hoist.admin.disconnect", { client }),
      ops.operation("hoist.admin.message", { client, name: "a" }),
    ]
  ) await assert.rejects(attempt, { name: "ApplicationError" });
  assert.equal(actionsIn(logger).length, 2);
  assert(!logger.lines.some((line) => line.includes(ADMIN_TOKEN)));
});

Deno.test("an admin sends an event to one client, and to all", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  await using plain = await connectPlain(server);
  const seen: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  plain.receive(({ name, data }) => {
    seen.push([name, data]);
    if (name === "last") resolve();
  });
  const { id } = plainOf(server);
  const message = { client: id, name: "hello", data: { n: 1 } };
  assert.equal(await ops.operation("hoist.admin.message", message), null);
  const all = { name: "last", data: { text: ADMIN_TOKEN } };
  assert.deepEqual(await ops.operation("hoist.admin.broadcast", all), {
    ...{ delivered: 2, skipped: 0, failed: 0, silentNodes: [] },
  });
  await promise;
  assert.deepEqual(seen, [["hello", { n: 1 }], ["last", {
    text: ADMIN_TOKEN,
  }]]);
  assert.deepEqual(actionsIn(logger), [
    `info admin: ops sent message "hello" to client ${id}`,
    'info admin: ops broadcast message "last" to 2 clients',
  ]);
});

Deno.test("the contract of the application applies to the events of an admin", async () => {
  const contract = defineContract({ events: { news: {} } });
  await using server = serveAdmin({ contract } as object);
  await using ops = await connectAdmin(server);
  await ops.operation("hoist.admin.broadcast", { name: "news" });
  for (
    const attempt of [
      ops.operation("hoist.admin.broadcast", { name: "new" }),
      ops.operation("hoist.admin.message", { client: 1, name: "new" }),
    ]
  ) {
    await assert.rejects(attempt, { kind: "rejected" });
  }
});

Deno.test("an admin revokes a token", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  const plain = await connectPlain(server);
  const result = await ops.operation("hoist.admin.revoke", { name: "plain" });
  assert.deepEqual(result, { closed: 1, silentNodes: [] });
  assert.equal((await plain.closed).code, 1_008);
  await assert.rejects(connectPlain(server), { name: "LoginError" });
  assert.deepEqual(actionsIn(logger), [
    'info admin: ops revoked token "plain" and disconnected 1 client',
  ]);
});

Deno.test("an admin that revokes its own token is disconnected, and it is logged", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  const ops = await connectAdmin(server);
  const revoking = ops.operation("hoist.admin.revoke", { name: "ops" });
  await assert.rejects(revoking, { name: "ConnectionClosedError" });
  await logger.line(/^info admin: ops .* revoked token "ops"/);
});

Deno.test("names that an admin sends cannot forge lines of the log, or show tokens", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  const names = [`x\ninfo admin: root`, `${PLAIN_TOKEN}`, "\x1b[31mred"];
  for (const name of names) {
    await ops.operation("hoist.admin.broadcast", { name });
    await ops.operation("hoist.admin.revoke", { name }).catch(() => {});
    await ops.operation("hoist.admin.message", { client: 1, name });
  }
  const text = logger.lines.join("|");
  assert(!text.includes("\n") && !text.includes("\x1b"));
  assert(!text.includes(PLAIN_TOKEN) && !text.includes(ADMIN_TOKEN));
  assert.equal(actionsIn(logger).length, 9);
});

Deno.test("an admin disconnects clients of other servers, and reaches them", async () => {
  const broker = memory();
  const local = { hostname: "127.0.0.1", port: 0, broker, tokens: TOKENS };
  const logger = new LogRecorder();
  await using first = serve({ ...local, logger });
  await using second = serve({ ...local, logger: new LogRecorder() });
  await Promise.all([first.cluster.ready, second.cluster.ready]);
  await using ops = await connectAdmin(first);
  const plain = await connectPlain(second);
  const { promise, resolve } = Promise.withResolvers<string>();
  plain.receive(({ name }) => resolve(name));
  const client = plainOf(second as never).globalId;
  await ops.operation("hoist.admin.message", { client, name: "hello" });
  assert.equal(await promise, "hello");
  const cluster = await ops.operation("hoist.admin.cluster");
  assert.deepEqual(cluster, {
    node: first.cluster.id,
    state: "up",
    nodes: [second.cluster.id],
  });
  await ops.operation("hoist.admin.disconnect", { client, reason: "bye" });
  assert.deepEqual((await plain.closed).reason, "bye");
  await plainGone(second as never);
  for (
    const action of [
      ops.operation("hoist.admin.disconnect", { client }),
      ops.operation("hoist.admin.message", { client, name: "hello" }),
    ]
  ) {
    await assert.rejects(action, { kind: "rejected" });
  }
  // Only the own clients are shown in detail.
  const detail = await ops.operation("hoist.admin.client", { client });
  assert.equal(detail, null);
});

/** Waits until the client has left. */
async function plainGone(server: Server): Promise<void> {
  await plainOf(server)?.closed;
}
