/** The signal of a handler whose client disconnects. */

import assert from "node:assert/strict";
import type { OperationContext } from "../../mod.ts";
import type { Server } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** Runs a handler until after its client has disconnected. */
async function disconnectDuring(
  use: (context: OperationContext) => void,
): Promise<OperationContext> {
  const context = Promise.withResolvers<OperationContext>();
  const { opened, open } = gate();
  await using server: Server = serveQuietly();
  server.operation("work", async (_, given) => {
    use(given);
    context.resolve(given);
    await opened;
  });
  const client = await RawClient.logIn(server);
  client.send(operation(1, "work"));
  const given = await context.promise;
  await client[Symbol.asyncDispose]();
  while (server.clients.size > 0) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  open();
  return given;
}

Deno.test("the signal of a handler aborts when its client disconnects", async () => {
  const reasons: string[] = [];
  await disconnectDuring(({ signal }) => {
    const note = () => reasons.push(String(signal.reason));
    signal.addEventListener("abort", note);
  });
  assert.deepEqual(reasons, ["AbortError: The client has disconnected"]);
});

Deno.test("the signal is aborted if a handler reads it after its client disconnected", async () => {
  const { signal } = await disconnectDuring(() => {});
  assert(signal.aborted);
  assert.equal(
    String(signal.reason),
    "AbortError: The client has disconnected",
  );
});

Deno.test("the signal of a finished call does not abort", async () => {
  const signals: AbortSignal[] = [];
  await using server = serveQuietly();
  server.operation("early", (_, { signal }) => void signals.push(signal));
  const connection = await connectTo(server);
  await connection.operation("early");
  await connection.close();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false]);
});

Deno.test("an error that a handler throws after its client disconnected is not logged", async () => {
  const logger = new LogRecorder();
  const ended = Promise.withResolvers<void>();
  await using server = serveQuietly({ logger });
  server.operation("work", async (_, { signal }) => {
    try {
      await new Promise((_, reject) =>
        signal.addEventListener(
          "abort",
          () => reject(new DOMException("Aborted", "AbortError")),
        )
      );
    } finally {
      ended.resolve();
    }
  });
  const connection = await connectTo(server);
  const working = connection.operation("work").catch(() => {});
  // The server answers this after it has called the handler.
  await connection.message("here");
  await connection.close();
  await Promise.all([ended.promise, working]);
  await server.close();
  assert(!logger.lines.some((line) => line.startsWith("error")));
});
