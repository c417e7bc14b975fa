/** Thrown values that are no errors: a promise would wait for those with a method `then`. */

import assert from "node:assert/strict";
import type { ServeOptions } from "../../server.ts";
import { HOSTILE } from "../support/attacks.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";

/** Returns a rejected promise that does not end the program. */
function rejected(): Promise<never> {
  const promise = Promise.reject(new Error("rejected"));
  promise.catch(() => {});
  return promise;
}

const VALUES: Readonly<Record<string, unknown>> = {
  "a value whose properties throw": HOSTILE,
  "a promise that never settles": new Promise(() => {}),
  "a rejected promise": rejected(),
  "a resolved promise": Promise.resolve(true),
};

const REQUESTS: Readonly<Record<string, object>> = {
  message: message(1, "run"),
  operation: operation(1, "run"),
  stream: {
    id: 1,
    action: "stream",
    data: { operation: "run", data: {}, credit: 10 },
  },
};

/** Starts a server with a function for each name. */
function serveWith(run: () => void, options: ServeOptions = {}) {
  const logger = new LogRecorder();
  const server = serveQuietly({ logger, ...options });
  server.receive("run", run);
  server.operation("run", run);
  return { server, logger };
}

for (const [what, value] of Object.entries(VALUES)) {
  const fail = () => {
    throw value;
  };
  for (const [kind, request] of Object.entries(REQUESTS)) {
    for (
      const [culprit, start] of Object.entries({
        handler: () => serveWith(fail),
        middleware: () => {
          const parts = serveWith(() => {});
          parts.server.use(fail);
          return parts;
        },
        authorize: () => serveWith(() => {}, { authorize: fail }),
      })
    ) {
      Deno.test(`a ${kind} whose ${culprit} throws ${what} is answered`, async () => {
        const { server, logger } = start();
        await using _server = server;
        await using client = await RawClient.logIn(server, [
          "stream",
          "done-id",
        ]);
        client.send(request);
        const { id, code } = await client.next();
        assert.deepEqual([id, code], [1, 6]);
        await logger.line(/^error .*"run".*failed/);
      });
    }
  }

  Deno.test(`a login function that throws ${what} rejects the login`, async () => {
    await using server = serveQuietly({ login: fail });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token: "test", version: "1.0.0" });
    const { id, code } = await client.next();
    assert.deepEqual([id, code], [0, 6]);
    assert.equal((await client.closed).code, 1008);
  });

  Deno.test(`an onConnect that throws ${what} closes the connection`, async () => {
    await using server = serveQuietly({ onConnect: fail });
    await using client = await RawClient.logIn(server);
    assert.equal((await client.closed).code, 1011);
  });
}
