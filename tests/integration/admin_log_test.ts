/** The log of a server, as an admin reads it. */

import assert from "node:assert/strict";
import type { AdminLogLine } from "../../admin/mod.ts";
import {
  ADMIN_TOKEN,
  connectAdmin,
  connectPlain,
  itemsOf,
  PLAIN_TOKEN,
  serveAdmin,
} from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { pause } from "../support/timing.ts";

/** Reads lines into an array until one matches. */
async function readUntil(
  lines: AdminLogLine[],
  next: () => Promise<{ readonly lines: readonly AdminLogLine[] }>,
  pattern: RegExp,
): Promise<void> {
  while (!lines.some(({ message }) => pattern.test(message))) {
    lines.push(...(await next()).lines);
  }
}

Deno.test("an admin sees the log, which does not log itself", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({
    logLevel: "debug",
    logger,
    adminPayloads: true,
  });
  server.operation("fail", () => {
    throw new Error(`no database for ${PLAIN_TOKEN}`);
  });
  await using ops = await connectAdmin(server);
  const stream = ops.stream("hoist.admin.log", { level: "debug" });
  const items = itemsOf(stream);
  const first = items.next();
  await logger.line(/receive: ops .*hoist\.admin\.log/);
  await using plain = await connectPlain(server);
  await plain.operation("fail").catch(() => {});
  const lines = [...(await first).lines];
  await readUntil(lines, items.next, /operation "fail" failed/);
  // Each item is a frame to the admin, which the server logs, too.
  await pause(300);
  await plain.message("x");
  await readUntil(lines, items.next, /no listener to message "x"/);
  const text = lines.map(({ level, event, message, error = "" }) =>
    `${level} ${event}: ${message}${error}`
  ).join("\n");
  assert.match(text, /^info login: plain .* logged in$/m);
  assert.match(text, /^error error: .*no database for \[redacted\]/ms);
  assert.match(text, /^debug receive: plain /m);
  assert.doesNotMatch(text, /(send|receive): ops|hoist\.admin/);
  assert(!text.includes(PLAIN_TOKEN) && !text.includes(ADMIN_TOKEN));
  await items.end();
});

Deno.test("without 'adminPayloads', the log that an admin sees has no data of messages", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logLevel: "debug", logger });
  await using ops = await connectAdmin(server);
  const stream = ops.stream("hoist.admin.log", { level: "debug" });
  const items = itemsOf(stream);
  const first = items.next();
  await logger.line(/receive: ops .*hoist\.admin\.log/);
  await using plain = await connectPlain(server);
  await plain.message("x", { card: "4111" });
  const lines = [...(await first).lines];
  await readUntil(lines, items.next, /no listener to message "x"/);
  assert(logger.lines.some((line) => line.includes("4111")));
  assert(lines.every(({ level }) => level !== "debug"));
  assert(!JSON.stringify(lines).includes("4111"));
  await items.end();
});

Deno.test("the log has the minimum level that the admin wants, and an item for many lines", async () => {
  const logger = new LogRecorder();
  await using server = serveAdmin({ logger });
  await using ops = await connectAdmin(server);
  const items = itemsOf(ops.stream("hoist.admin.log", { level: "warn" }));
  const first = items.next();
  await using plain = await connectPlain(server);
  let isOpen = false;
  void first.then(() => isOpen = true);
  while (!isOpen) {
    await plain.message("unheard");
    await pause(10);
  }
  const { lines, dropped } = await first;
  assert(lines.every(({ level }) => level === "warn"));
  assert.equal(dropped, 0);
  await items.end();
});
