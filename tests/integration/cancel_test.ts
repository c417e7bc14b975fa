/** Callers that give up a request, and the handlers that notice. */

import assert from "node:assert/strict";
import type { ClientMessage, OperationContext } from "../../mod.ts";
import type { Connection } from "../../client/connection.ts";
import { NoReplyError, TimeoutError } from "../../common/errors.ts";
import type { Server } from "../../server.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { ACCEPT_ALL } from "../support/schemas.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

const CANCELLED = "AbortError: The client has cancelled the request";

/** The options of a request that is given up. */
interface Options {
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

/** Sends a request that is given up. */
type Send = (connection: Connection, options: Options) => Promise<unknown>;

const KINDS: Readonly<Record<string, Send>> = {
  operation: (connection, options) => connection.operation("work", {}, options),
  message: (connection, options) => connection.message("work", {}, options),
  request: (connection, options) => connection.request("work", {}, options),
};

/** Handles "work" until its signal aborts, and records the reasons. */
function serveWork(server: Server) {
  const started = gate();
  const reasons: string[] = [];
  const ended = gate();
  const work = async ({ signal }: OperationContext | ClientMessage) => {
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.reject(signal.reason));
    started.open();
    try {
      await aborted.promise;
    } finally {
      reasons.push(String(signal.reason));
      ended.open();
    }
  };
  server.operation("work", (_, context) => work(context));
  server.receive("work", work);
  return { started: started.opened, ended: ended.opened, reasons };
}

for (const [kind, send] of Object.entries(KINDS)) {
  Deno.test(`the handler of ${kind} is aborted with the signal of its caller`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    const { started, ended, reasons } = serveWork(server);
    await using connection = await connectTo(server);
    const controller = new AbortController();
    const { signal } = controller;
    const rejected = rejection(send(connection, { signal }));
    await started;
    const reason = new Error("changed my mind");
    controller.abort(reason);
    assert.equal(await rejected, reason);
    await ended;
    assert.deepEqual(reasons, [CANCELLED]);
    // The connection goes on, and the abort is no error of the server.
    await connection.message("hello");
    assert(!logger.lines.some((line) => line.startsWith("error")));
  });

  Deno.test(`the handler of ${kind} is aborted after the timeout of its caller`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger });
    const { ended, reasons } = serveWork(server);
    await using connection = await connectTo(server);
    const error = await rejection(send(connection, { timeout: 30 }));
    assert(error instanceof TimeoutError);
    assert.match(error.message, /no response within 30 ms/);
    await ended;
    // On a slow machine, the server can notice the deadline first.
    const isExpected = [CANCELLED, "TimeoutError: The deadline has passed"]
      .includes(reasons[0]!);
    assert(isExpected, reasons[0]);
    await connection.message("hello");
    assert(!logger.lines.some((line) => line.startsWith("error")));
  });
}

Deno.test("the listeners go on after the first reply to a request", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  const aborted = Promise.withResolvers<boolean>();
  server.receive("work", async (message) => {
    message.reply("first");
    await opened;
    aborted.resolve(message.signal.aborted);
  });
  await using connection = await connectTo(server);
  const { signal } = new AbortController();
  const options = { signal, timeout: 60_000 };
  const { name } = await connection.request("work", {}, options);
  // The server has handled all frames that the client sent before.
  await connection.message("hello");
  open();
  assert.deepEqual([name, await aborted.promise], ["first", false]);
});

Deno.test("the signal of a message aborts when its client disconnects", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger });
  const { started, ended, reasons } = serveWork(server);
  const connection = await connectTo(server);
  const sent = rejection(connection.message("work"));
  await started;
  await connection.close();
  await ended;
  await sent;
  assert.deepEqual(reasons, ["AbortError: The client has disconnected"]);
  await server.close();
  assert(!logger.lines.some((line) => line.startsWith("error")));
});

Deno.test("the signal of a message does not abort after its listeners", async () => {
  await using server = serveQuietly();
  const signals: AbortSignal[] = [];
  server.receive("work", ({ signal }) => void signals.push(signal));
  const connection = await connectTo(server);
  await connection.message("work");
  await connection.close();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false]);
});

Deno.test("all listeners to a message have one signal and one deadline", async () => {
  await using server = serveQuietly();
  type Seen = Pick<ClientMessage, "signal" | "deadline">;
  const seen: Seen[] = [];
  const listener = (message: Seen) => void seen.push(message);
  server.receive("work", listener);
  server.receive("work", ACCEPT_ALL, listener);
  server.receive(listener);
  await using connection = await connectTo(server);
  await connection.message("work", {}, { timeout: 60_000 });
  assert.equal(seen.length, 3);
  const [{ signal, deadline } = assert.fail()] = seen;
  assert(deadline !== undefined);
  assert(seen.every((message) => message.signal === signal));
  assert(seen.every((message) => message.deadline === deadline));
});

Deno.test("a request without a timeout has no deadline", async () => {
  await using server = serveQuietly();
  server.operation("deadline", (_, { deadline }) => deadline);
  await using connection = await connectTo(server);
  for (const options of [undefined, {}, { timeout: Infinity }]) {
    assert.equal(await connection.operation("deadline", {}, options), null);
  }
  const timeout = 60_000;
  const deadline = await connection.operation("deadline", {}, { timeout });
  const left = Number(deadline) - Date.now();
  assert(left > 0 && left <= timeout, `${left}`);
});

Deno.test("a handler that ignores its signal is still answered only once", async () => {
  await using server = serveQuietly();
  const { opened, open } = gate();
  const { opened: started, open: start } = gate();
  server.operation("work", () => (start(), opened));
  await using connection = await connectTo(server);
  const controller = new AbortController();
  const { signal } = controller;
  const rejected = rejection(connection.operation("work", {}, { signal }));
  await started;
  controller.abort();
  await rejected;
  open();
  assert.equal((await connection.message("hello")).name, "hello");
});

/** A server whose operation "ask" sends a request to the client and waits for the reply. */
function serveAsk(logger: LogRecorder) {
  const server = serveQuietly({ logger });
  const failures: unknown[] = [];
  const ask = async (
    context: OperationContext | ClientMessage,
    options?: Options,
  ) => {
    assert(server.clients.has(context.client));
    try {
      // Not in the first turn, so that the deadline has to survive an `await`.
      await Promise.resolve();
      return (await context.client.request("sure?", {}, options)).name;
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  server.operation("ask", (_, context) => ask(context));
  server.operation("ask shortly", (_, context) => ask(context, { timeout: 1 }));
  server.receive("ask", (message) => ask(message));
  return { server, failures };
}

Deno.test("a request that a handler sends to the client ends with the call", async () => {
  const logger = new LogRecorder();
  const { server, failures } = serveAsk(logger);
  await using _server = server;
  await using connection = await connectTo(server);
  const { opened, open } = gate();
  connection.receive("sure?", () => opened);
  const error = await rejection(
    connection.operation("ask", {}, { timeout: 30 }),
  );
  assert(error instanceof TimeoutError);
  const late = await rejection(connection.message("ask", {}, { timeout: 30 }));
  assert(late instanceof TimeoutError);
  await connection.message("hello");
  open();
  while (failures.length < 2) await connection.message("hello");
  for (const failure of failures) {
    assert(failure instanceof DOMException);
    assert(["AbortError", "TimeoutError"].includes(failure.name));
  }
  assert(!logger.lines.some((line) => line.startsWith("error")));
});

Deno.test("a request that a handler sends keeps its own shorter timeout", async () => {
  const { server, failures } = serveAsk(new LogRecorder());
  await using _server = server;
  await using connection = await connectTo(server);
  const { opened, open } = gate();
  connection.receive("sure?", () => opened);
  await rejection(connection.operation("ask shortly", {}, { timeout: 60_000 }));
  assert(failures[0] instanceof TimeoutError);
  assert.match(failures[0].message, /no response within 1 ms/);
  open();
});

Deno.test("a request that a handler sends is answered before the deadline", async () => {
  const { server, failures } = serveAsk(new LogRecorder());
  await using _server = server;
  await using connection = await connectTo(server);
  connection.receive("sure?", async (message) => {
    await message.reply("yes");
  });
  const timeout = 60_000;
  assert.equal(await connection.operation("ask", {}, { timeout }), "yes");
  const silent = await connectTo(server);
  silent.receive("sure?", () => {});
  await rejection(silent.operation("ask", {}, { timeout }));
  assert(failures[0] instanceof NoReplyError);
  await silent.close();
});
