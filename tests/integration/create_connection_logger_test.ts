/** Loggers that close a connection while it opens. */

import assert from "node:assert/strict";
import { debug } from "../../client.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { createFast } from "../support/late_server.ts";
import { LogRecorder, onFirst } from "../support/log_recorder.ts";
import {
  answerAll,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

for (const line of ["connect:", "send:", "receive:", "login:"]) {
  Deno.test(`a logger that closes the connection at the line "${line}" wins`, async () => {
    await using server = serveQuietly();
    using _debugging = debug();
    const logger = new LogRecorder();
    const connection = createFast(server, { logger });
    const states = new StateRecorder(connection);
    onFirst(logger, line, () => void connection.close());
    assert.equal((await connection.closed).code, 1000);
    while (server.clients.size > 0) await pause(1);
    const seen = line === "login:" ? ["open", "closed"] : ["closed"];
    assert.deepEqual(states.seen, seen);
    assert.equal(connection.state, "closed");
  });
}

Deno.test("a logger that closes the connection at a request that has waited wins", async () => {
  // Without the extension `batch`, the client sends each request at once.
  await using server = scriptedServer([answerAll]);
  using _debugging = debug();
  const logger = new LogRecorder();
  const connection = createFast(server, { logger });
  const states = new StateRecorder(connection);
  const waiting = rejection(connection.operation("wait"));
  const line = `send: ${server.url} sent {`;
  onFirst(logger, line, () => void connection.close());
  assert(await waiting instanceof ConnectionClosedError);
  await connection.closed;
  assert.deepEqual(states.seen, ["closed"]);
});
