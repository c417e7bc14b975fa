/** Admins that renew their tokens, and lose or keep their rights. */

import assert from "node:assert/strict";
import { adminContract } from "../../admin/mod.ts";
import { connect } from "../../client.ts";
import type { Server } from "../../server.ts";
import {
  ADMIN_TOKEN,
  assertForbidden,
  itemsOf,
  PLAIN_TOKEN,
  serveAdmin,
  TOKENS,
} from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import {
  captureRenewals,
  HOUR,
  renewal,
  serveExpiring,
  tokenFor,
} from "../support/renewals.ts";
import { serveQuietly } from "../support/server.ts";
import { gate, pause } from "../support/timing.ts";

Deno.test("an admin that renews with the token of another client loses its streams", async () => {
  using renewals = captureRenewals();
  const logger = new LogRecorder();
  await using server = serveAdmin({
    logger,
    tokens: TOKENS.map((token) => ({ ...token, expires: Date.now() + HOUR })),
  });
  const tokens = [ADMIN_TOKEN, PLAIN_TOKEN];
  const options = { url: server.url, contract: adminContract };
  await using client = await connect(() => tokens.shift() ?? "", options);
  const streams = [
    itemsOf(client.stream("hoist.admin.stats", { interval: 100 })),
    itemsOf(client.stream("hoist.admin.clients", { interval: 60_000 })),
    itemsOf(client.stream("hoist.admin.log", { level: "error" })),
    itemsOf(client.stream("hoist.admin.events")),
  ];
  await Promise.all(streams.slice(0, 2).map((stream) => stream.next()));
  renewals.ask();
  await logger.line(/^info renew: plain /);
  for (const stream of streams) {
    await assertForbidden((async () => {
      while (true) await stream.next();
    })());
  }
  await assertForbidden(client.operation("hoist.admin.health"));
});

/** Opens a stream without credit, renews with another token, and then grants credit. */
async function readAfterRenewal(
  server: Server,
  renewals: { ask(): void },
  tokens: readonly [first: string, second: string],
) {
  const raw = await RawClient.open(server);
  const features = ["stream", "resume", "renew"];
  raw.send({ id: 0, token: tokens[0], version: "1.0.0", features });
  await raw.next();
  const stream = { operation: "hoist.admin.clients", data: {}, credit: 0 };
  raw.send({
    id: 1,
    action: "stream",
    data: { ...stream, lastEventId: null },
  });
  renewals.ask();
  await raw.next();
  raw.send(renewal(2, tokens[1]));
  await raw.next();
  raw.send({ id: 1, action: "credit", data: { credit: 10 } });
  const frame = await raw.next();
  raw.close(1000, "");
  await raw.closed;
  return frame;
}

Deno.test("a stream without credit does not outlive the rights of an admin", async () => {
  using renewals = captureRenewals();
  const expires = Date.now() + HOUR;
  await using server = serveAdmin({
    tokens: TOKENS.map((token) => ({ ...token, expires })),
  });
  const tokens = [ADMIN_TOKEN, PLAIN_TOKEN] as const;
  const { code } = await readAfterRenewal(server, renewals, tokens);
  assert.equal(code, 10);
});

for (const [second, code] of [["bob", 10], ["admin 2", 0]] as const) {
  Deno.test(`the function 'admin' decides about ${second} before the first item of a stream`, async () => {
    using renewals = captureRenewals();
    const { server } = serveExpiring({
      admin: ({ identity }) => Object(identity).name.startsWith("admin"),
    });
    await using _server = server;
    const tokens = [tokenFor("admin", HOUR), tokenFor(second, HOUR)] as const;
    const frame = await readAfterRenewal(server, renewals, tokens);
    assert.equal(frame.code, code);
  });
}

Deno.test("the function 'admin' decides again when a client with streams renews its token", async () => {
  using renewals = captureRenewals();
  const { server, logger } = serveExpiring({
    admin: ({ identity }) =>
      Promise.resolve(Object(identity).name.startsWith("admin")),
  });
  await using _server = server;
  const tokens = ["admin 1", "admin 2", "bob"].map((name) =>
    tokenFor(name, HOUR)
  );
  const options = { url: server.url, contract: adminContract };
  await using client = await connect(() => tokens.shift() ?? "{}", options);
  const stats = itemsOf(client.stream("hoist.admin.stats", { interval: 100 }));
  await stats.next();
  renewals.ask();
  await logger.line(/^info renew: admin 2 /);
  for (let n = 0; n < 3; n++) await stats.next();
  renewals.ask();
  await logger.line(/^info renew: bob /);
  await assertForbidden((async () => {
    while (true) await stats.next();
  })());
});

Deno.test("while the function 'admin' decides about a new token, streams have no items", async () => {
  using renewals = captureRenewals();
  const { opened, open } = gate();
  const { server, logger } = serveExpiring({
    admin: async ({ identity }) => {
      const isFirst = Object(identity).name === "admin";
      if (!isFirst) await opened;
      return isFirst;
    },
  });
  await using _server = server;
  const tokens = ["admin", "bob"].map((name) => tokenFor(name, HOUR));
  const options = { url: server.url, contract: adminContract };
  await using client = await connect(() => tokens.shift() ?? "{}", options);
  const stats = itemsOf(client.stream("hoist.admin.stats", { interval: 100 }));
  await stats.next();
  renewals.ask();
  await logger.line(/^info renew: bob /);
  const renewed = Date.now();
  let count = 0;
  const reading = assertForbidden((async () => {
    // Some items of the time before can still be on their way.
    while (true) if ((await stats.next()).time > renewed) count++;
  })());
  await pause(500);
  assert.equal(count, 0);
  open();
  await reading;
});

Deno.test("a decision about the old token does not count for the new one", async () => {
  using renewals = captureRenewals();
  const { opened, open } = gate();
  const { server, logger } = serveExpiring({
    admin: async () => {
      await opened;
      return true;
    },
  });
  await using _server = server;
  const tokens = ["admin", "bob"].map((name) => tokenFor(name, HOUR));
  const options = { url: server.url, contract: adminContract };
  await using client = await connect(() => tokens.shift() ?? "{}", options);
  const health = client.operation("hoist.admin.health");
  renewals.ask();
  await logger.line(/^info renew: bob /);
  open();
  await assertForbidden(health);
});

Deno.test("a decision about an old user does not count, although both logins return true", async () => {
  using renewals = captureRenewals();
  const { opened, open } = gate();
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    login: (_server, token, context) => {
      context.setUser(token);
      context.expireAt(Date.now() + HOUR);
      return true;
    },
    admin: async ({ user }) => {
      await opened;
      return user === "ada" || user === "bob";
    },
  });
  const tokens = ["ada", "bob"];
  const options = { url: server.url, contract: adminContract };
  await using client = await connect(() => tokens.shift() ?? "", options);
  const health = client.operation("hoist.admin.health");
  renewals.ask();
  await logger.line(/renewed its token/);
  open();
  await assertForbidden(health);
  await client.operation("hoist.admin.health");
});
