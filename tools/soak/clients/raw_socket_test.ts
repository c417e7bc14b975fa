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

/** Reads from a connection until all that was read matches a pattern. */
async function readUntil(
  connection: Deno.TcpConn,
  pattern: RegExp,
): Promise<string> {
  const chunk = new Uint8Array(4_096);
  let received = "";
  while (!pattern.test(received)) {
    const count = await connection.read(chunk);
    if (count === null) break;
    received += String.fromCharCode(...chunk.subarray(0, count));
  }
  return received;
}

/** Accepts one upgrade and one login; resolves to what has arrived, and the connection. */
async function acceptLogin(
  listener: Deno.TcpListener,
): Promise<{ readonly received: string; readonly peer: Deno.TcpConn }> {
  const peer = await listener.accept();
  const request = await readUntil(peer, /\r\n\r\n/);
  const head = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
  await peer.write(new TextEncoder().encode(head));
  return { received: request + await readUntil(peer, /\}$/), peer };
}

Deno.test("answers the pings of the server while it reads", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = acceptLogin(listener);
  const { port } = listener.addr;
  const checker = strictLedger();
  using socket = assertOpen(await RawSocket.open({ port, checker }));
  await socket.logIn();
  const { peer } = await accepted;
  await peer.write(new Uint8Array([0x89, 2, 0x68, 0x69]));
  const read = socket.readToEnd();
  const pong = /^\x8a\x82.{4}hi$/s;
  assert.match(await readUntil(peer, pong), pong);
  peer.close();
  await read;
});

Deno.test("asks the server for patience before and in the login", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = acceptLogin(listener);
  const { port } = listener.addr;
  const options = { port, checker: strictLedger(), isPatient: true };
  using socket = assertOpen(await RawSocket.open(options));
  await socket.logIn(["batch"]);
  const { received, peer } = await accepted;
  peer.close();
  assert.match(received, /Sec-WebSocket-Protocol: hoist\.heartbeat\r\n/);
  assert.match(received, /"features":\["batch","heartbeat"\]/);
  assert.match(received, /"heartbeat":\{"interval":600000,"timeout":600000\}/);
});
