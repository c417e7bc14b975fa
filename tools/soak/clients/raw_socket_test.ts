/** A WebSocket that can be aborted, stopped and misused. */

import assert from "node:assert/strict";
import { serve, type Server } from "../../../server.ts";
import { LogRecorder } from "../../../tests/support/log_recorder.ts";
import { pause } from "../../../tests/support/timing.ts";
import { TOKEN } from "../commands.ts";
import { FrameChecker } from "./frame_checker.ts";
import { RawSocket } from "./raw_socket.ts";
import { Tally } from "./tally.ts";
import { assertOpen } from "./visit.ts";

/** Returns a checker that fails the test with its first report. */
function strictLedger(tally = new Tally()): FrameChecker {
  return new FrameChecker({ tally, report: (problem) => assert.fail(problem) });
}

function serveToken(): Server {
  const options = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  return serve(TOKEN, options);
}

Deno.test("sends requests and checks the answers", async () => {
  await using server = serveToken();
  server.operation("echo", (data) => data);
  const tally = new Tally();
  const checker = strictLedger(tally);
  const { port } = server.addr;
  using socket = assertOpen(await RawSocket.open({ port, checker }));
  await socket.logIn();
  await socket.settle();
  await socket.call("echo", { nonce: 1, text: "x".repeat(60_000) });
  await socket.message("hello", {});
  assert.equal(checker.due, 2);
  assert(await socket.settle());
  assert(checker.loggedIn);
  assert.deepEqual([tally.requests, tally.answers], [3, 3]);
});

Deno.test("reports the code of a Close frame", async () => {
  await using server = serveToken();
  const { port } = server.addr;
  const checker = strictLedger();
  using closed = assertOpen(await RawSocket.open({ port, checker }));
  await closed.logIn();
  await closed.settle();
  for (const client of server.clients) client.close(4001);
  await closed.readToEnd();
  assert.equal(closed.code, 4001);
});

Deno.test("disconnects from the server when it is aborted", async () => {
  await using server = serveToken();
  const { port } = server.addr;
  const checker = strictLedger();
  const socket = assertOpen(await RawSocket.open({ port, checker }));
  await socket.logIn();
  await socket.settle();
  assert.equal(server.clients.size, 1);
  socket.abort();
  while (server.clients.size > 0) await pause(1);
});

Deno.test("returns the status of a rejected upgrade", async () => {
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("full", { status: 503 }),
  );
  const { port } = http.addr;
  assert.equal(await RawSocket.open({ port, checker: strictLedger() }), 503);
});
