/** The port of a server, also after Deno stopped accepting connections. */

import assert from "node:assert/strict";
import type { ServeFlags } from "../../cli/serve_flags.ts";
import { run as runServe } from "../../cli/serve.ts";
import { makeContext } from "../support/command_line.ts";
import type { ListenOptions } from "../../server/listen.ts";
import { Listening } from "../../server/listening.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { Clock } from "../support/clock.ts";
import { FakePorts } from "../support/fake_ports.ts";
import type { LogRecorder } from "../support/log_recorder.ts";
import { makeLog } from "../support/logs.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick } from "../support/timing.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };

/** The error of accept() if there is no file descriptor left */
const EXHAUSTED = Object.assign(
  new Error("Too many open files (os error 24)"),
  { code: "EMFILE" },
);

const IN_USE = new Deno.errors.AddrInUse("Address already in use");

/** Listens on a fake port. */
function listen(options: ListenOptions = LOCAL) {
  const { log, recorder } = makeLog();
  const lost: Error[] = [];
  const listening = new Listening(
    options,
    () => new Response(),
    log,
    (error) => lost.push(error),
  );
  return { listening, lost, recorder };
}

/** Returns the lines of a log about the port. */
function linesOf({ lines }: LogRecorder): readonly string[] {
  return lines.filter((line) => line.startsWith("error listen: "));
}

Deno.test("Listening.close() releases the port", async () => {
  const port = freePort();
  const { listening } = listen({ ...LOCAL, port });
  assert.equal(listening.url, `http://127.0.0.1:${port}`);
  await listening.close();
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("Listening responds with 500 and logs the error if its handler throws", async () => {
  const { log, recorder } = makeLog();
  const handler = () => {
    throw new Error("thrown");
  };
  const listening = new Listening(LOCAL, handler, log, () => {});
  const response = await fetch(listening.url);
  assert.equal(response.status, 500);
  assert.equal(await response.text(), "Internal server error\n");
  assert.match(recorder.lines[0] ?? "", /^error .*HTTP server failed/);
  // Requests of strangers must not fill the log.
  for (let count = 0; count < 100; count++) {
    await (await fetch(listening.url)).text();
  }
  assert.equal(recorder.lines.length, 20);
  await listening.close();
});

for (const [port, isBad] of [[6_667, true], [5_000, false]] as const) {
  Deno.test(`Listening ${isBad ? "logs a warning" : "logs nothing"} about port ${port}`, async () => {
    using _ports = new FakePorts();
    const { listening, recorder } = listen({ ...LOCAL, port });
    assert.deepEqual(recorder.lines, isBad ? [BAD_PORT] : []);
    await listening.close();
  });
}

const BAD_PORT =
  "warn listen: browsers and fetch do not connect to port 6667. Choose another port, unless clients connect through a proxy.";

for (const how of ["fails", "ends"] as const) {
  Deno.test(`Listening binds the same port again if accept() ${how}`, async () => {
    using clock = new Clock();
    using ports = new FakePorts();
    let calls = 0;
    const onListen = () => calls++;
    const { listening, lost, recorder } = listen({ ...LOCAL, onListen });
    for (let round = 1; round <= 3; round++) {
      if (how === "fails") ports.fail(EXHAUSTED);
      else ports.end();
      await endOfTick();
      assert.equal(ports.calls.length, round);
      clock.pass(250);
      assert.equal(ports.calls.length, round + 1);
    }
    const [first, ...rest] = ports.calls;
    assert.equal(first?.port, 0);
    for (const { hostname, port } of rest) {
      assert.deepEqual([hostname, port], ["127.0.0.1", listening.addr.port]);
    }
    assert.equal(calls, 1);
    const reason = how === "fails" ? EXHAUSTED.message : "unknown error";
    assert.deepEqual(
      linesOf(recorder),
      Array(3).fill(
        `error listen: port 4000 stopped accepting connections: ${reason}. The server listens again in 250 ms.`,
      ),
    );
    assert.deepEqual(lost, []);
    await listening.close();
    assert.equal(clock.timers, 0);
  });
}

Deno.test("the lines about a port that fails again and again are limited", async () => {
  using clock = new Clock();
  using ports = new FakePorts();
  const { listening, recorder } = listen();
  for (let round = 0; round < 100; round++) {
    ports.fail(EXHAUSTED);
    await endOfTick();
    clock.pass(250);
  }
  const { length } = linesOf(recorder);
  assert(length >= 5 && length <= 8, `${length} lines`);
  await listening.close();
});

Deno.test("Listening does not bind the port again after close()", async () => {
  using clock = new Clock();
  using ports = new FakePorts();
  const { listening } = listen();
  ports.fail(EXHAUSTED);
  await endOfTick();
  await listening.close();
  assert.equal(clock.timers, 0);
  clock.pass(1_000);
  assert.equal(ports.calls.length, 1);
});

Deno.test("a logger can close the server when the port fails", async () => {
  using clock = new Clock();
  using ports = new FakePorts();
  const { log, recorder } = makeLog();
  const listening = new Listening(LOCAL, () => new Response(), log, () => {});
  recorder.error = () => void listening.close();
  ports.fail(EXHAUSTED);
  await endOfTick();
  assert.equal(clock.timers, 0);
});

Deno.test("Listening reports a port that is unavailable for 30 seconds, and continues", async () => {
  using clock = new Clock();
  using ports = new FakePorts();
  const { listening, lost, recorder } = listen();
  ports.fail(EXHAUSTED);
  await endOfTick();
  ports.bindError = IN_USE;
  clock.pass(29_999);
  assert.deepEqual(lost, []);
  clock.pass(60_001);
  const message =
    "Cannot accept connections: the port has been unavailable for 30 seconds. Cannot listen on port 4000: the port is in use. Choose another port or stop the other program.";
  assert.deepEqual(lost.map(String), [`HoistError: ${message}`]);
  assert.equal(linesOf(recorder).at(-1), `error listen: ${message}`);
  ports.bindError = undefined;
  const before = ports.calls.length;
  clock.pass(250);
  assert.deepEqual([ports.calls.length, clock.timers], [before + 1, 0]);
  await listening.close();
});

Deno.test("Listening waits for as long as the process has no file descriptor", async () => {
  using clock = new Clock();
  using ports = new FakePorts();
  const { listening, lost } = listen();
  ports.fail(EXHAUSTED);
  await endOfTick();
  ports.bindError = EXHAUSTED;
  clock.pass(3_600_000);
  assert.deepEqual(lost, []);
  await listening.close();
});

Deno.test("server.finished rejects if the port is lost, and the server can still close", async () => {
  using clock = new Clock();
  using ports = new FakePorts();
  const server = serveQuietly();
  ports.fail(EXHAUSTED);
  await endOfTick();
  ports.bindError = IN_USE;
  // Nothing awaits `finished` in this time.
  clock.pass(30_000);
  await endOfTick();
  await assert.rejects(server.finished, /^HoistError: Cannot accept conn/);
  await server.close();
  await assert.rejects(server.finished, /^HoistError: Cannot accept conn/);
});

Deno.test("the command line ends with the exit code 1 if the port is lost", async () => {
  using clock = new Clock();
  using ports = new FakePorts();
  const { context, errors } = makeContext();
  const switches = { hideToken: true, showToken: false };
  const tracing = { debug: false, trace: false };
  const given = { ...LOCAL, ...switches, ...tracing, logLevel: "error" };
  const flags = given as ServeFlags;
  const code = runServe({ flags, words: [], commands: [] }, context);
  await endOfTick();
  ports.fail(EXHAUSTED);
  await endOfTick();
  ports.bindError = IN_USE;
  clock.pass(30_000);
  assert.equal(await code, 1);
  assert.match(errors.join("\n"), /^error: Cannot accept connections: .*\.$/);
});
