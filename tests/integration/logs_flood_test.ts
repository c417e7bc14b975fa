/** What clients can cause in the log. */

import assert from "node:assert/strict";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { requestUpgrade } from "../support/tcp_peer.ts";

/** Characters that move the cursor of a terminal or reverse its text. */
const CONTROL_CHARACTERS = "\u009b31m\u202etxt.exe\u0007";

// deno-lint-ignore no-control-regex -- that is the point
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/;

Deno.test("the log limits repeated errors of one client", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  server.operation("fail", () => {
    throw new Error("no");
  });
  await using client = await RawClient.logIn(server, ["batch"]);
  const requests = Array.from({ length: 200 }, (_, n) => operation(n, "fail"));
  client.send(requests);
  assert.equal((await client.take(200)).length, 200);
  const failures = logger.lines.filter((line) => line.startsWith("error"));
  assert(failures.length >= 20 && failures.length < 40, `${failures.length}`);
});

Deno.test("the log escapes control characters in names of requests", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  await using client = await RawClient.logIn(server, ["done-id"]);
  client.send(message(1, CONTROL_CHARACTERS));
  client.send(operation(2, CONTROL_CHARACTERS));
  await client.take(2);
  assert.equal(logger.lines.filter((line) => /^warn/.test(line)).length, 2);
  for (const line of logger.lines) assert.doesNotMatch(line, CONTROL);
});

Deno.test("the log escapes control characters in the origin", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const { status } = await requestUpgrade(server, [
    "Origin: https://a\u009b31mX",
  ]);
  assert.equal(status, 403);
  assert.doesNotMatch(await logger.line(/allowedOrigins/), CONTROL);
});
