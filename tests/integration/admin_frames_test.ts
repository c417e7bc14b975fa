/** Whose frames an admin sees in the log: those of all clients that are no admins. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { AdminLogLine } from "../../admin/types.ts";
import type { Server } from "../../server.ts";
import {
  ADMIN_TOKEN,
  type AdminConnection,
  connectAdmin,
  itemsOf,
  PLAIN_TOKEN,
  serveAdmin,
  TOKENS,
} from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient } from "../support/raw_client.ts";
import { captureRenewals, HOUR, renewal } from "../support/renewals.ts";

const WATCHER = {
  name: "watcher",
  token: "the token of a second admin",
  admin: true,
};

/** Starts a server with two admins, which see everything. */
function serveAll(options: Parameters<typeof serveAdmin>[0] = {}) {
  const logger = new LogRecorder();
  const expires = Date.now() + HOUR;
  const server = serveAdmin({
    ...{ logger, logLevel: "debug", adminPayloads: true },
    tokens: [...TOKENS, WATCHER].map((token) => ({ ...token, expires })),
    ...options,
  });
  return { server, logger };
}

/** Reads the log as the second admin. */
async function watchLog(server: Server, logger: LogRecorder) {
  const admin = await connectAdmin(server, WATCHER.token);
  const items = itemsOf(
    admin.stream("hoist.admin.log", { level: "debug" }),
  );
  const lines: AdminLogLine[] = [];
  const first = items.next();
  await logger.line(/receive: watcher .*hoist\.admin\.log/);
  let next: ReturnType<typeof items.next> | undefined = first;
  return {
    /** Resolves to all lines until one matches */
    async until(pattern: RegExp): Promise<readonly string[]> {
      const shown = () => lines.map((line) => `${line.event} ${line.message}`);
      while (!shown().some((line) => pattern.test(line))) {
        lines.push(...(await (next ?? items.next())).lines);
        next = undefined;
      }
      return shown();
    },
    [Symbol.asyncDispose]: () => admin[Symbol.asyncDispose](),
  };
}

for (const hasStream of [false, true]) {
  const kind = hasStream ? "with a stream" : "without a stream";
  Deno.test(`an admin ${kind} that renews with the token of another client shows its frames again`, async () => {
    using renewals = captureRenewals();
    const { server, logger } = serveAll();
    await using _server = server;
    const raw = await RawClient.open(server);
    const features = ["stream", "resume", "renew"];
    raw.send({ id: 0, token: ADMIN_TOKEN, version: "1.0.0", features });
    await raw.next();
    await using log = await watchLog(server, logger);
    if (hasStream) {
      const data = { operation: "hoist.admin.log", data: {}, credit: 0 };
      raw.send({ id: 1, action: "stream", data });
    }
    raw.send(message(2, "as an admin"));
    await raw.next();
    renewals.ask();
    await raw.next();
    raw.send(renewal(3, PLAIN_TOKEN));
    await raw.next();
    await logger.line(/^info renew: plain /);
    raw.send(message(4, "as a client"));
    const lines = await log.until(/no listener to message "as a client"/);
    assert(lines.some((line) => /receive .*"as a client"/.test(line)));
    assert(!lines.some((line) => /receive .*"as an admin"/.test(line)));
    raw.close(1000, "");
    await raw.closed;
  });
}

/** Starts a server with a client that the function 'admin' accepts until it is demoted. */
async function startTemporary() {
  let isAdmin = true;
  const { server, logger } = serveAll({
    admin: ({ identity }) => isAdmin && Object(identity).name === "plain",
  });
  const stack = new AsyncDisposableStack();
  stack.use(server);
  const log = stack.use(await watchLog(server, logger));
  const plain = stack.use(
    await connect(PLAIN_TOKEN, { url: server.url, logger }) as AdminConnection,
  );
  const demote = async () => {
    isAdmin = false;
    const asking = async () => await plain.operation("hoist.admin.health");
    await assert.rejects(asking, { code: 10 });
  };
  const end = () => stack.disposeAsync();
  return { logger, log, plain, demote, [Symbol.asyncDispose]: end };
}

Deno.test("a client that the function 'admin' does not accept any more shows its frames again", async () => {
  await using parts = await startTemporary();
  const { log, plain } = parts;
  await plain.operation("hoist.admin.health");
  await plain.message("as an admin" as never, {} as never);
  await parts.demote();
  await plain.message("as a client" as never, {} as never);
  const lines = await log.until(/no listener to message "as a client"/);
  assert(lines.some((line) => /receive .*"as a client"/.test(line)));
  assert(!lines.some((line) => /receive .*"as an admin"/.test(line)));
});

Deno.test("the frames of an admin stay hidden while it has a stream", async () => {
  await using parts = await startTemporary();
  const { log, logger, plain } = parts;
  const stats = itemsOf(plain.stream("hoist.admin.stats", { interval: 100 }));
  await stats.next();
  await parts.demote();
  await plain.message("while it reads" as never, {} as never);
  await stats.end();
  await logger.line(/receive: plain .*"cancel"/);
  await plain.message("afterwards" as never, {} as never);
  const lines = await log.until(/no listener to message "afterwards"/);
  assert(lines.some((line) => /receive .*"afterwards"/.test(line)));
  assert(!lines.some((line) => /receive .*"while it reads"/.test(line)));
});
