/** Misspelt options: each function rejects them and suggests the nearest option. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { serve } from "../../server.ts";
import { rejectionOf } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

for (
  const [misspelt, suggestion] of [
    ["prot", "port"],
    ["hostnme", "hostname"],
    ["logLevle", "logLevel"],
    ["closeTimout", "closeTimeout"],
    ["allowedOrigin", "allowedOrigins"],
    ["host", "hostname"],
  ] as const
) {
  Deno.test(`serve() rejects the option ${misspelt} and suggests ${suggestion}`, async () => {
    const error = await rejectionOf(() => serveQuietly({ [misspelt]: 1 }));
    assert.equal(error.name, "TypeError");
    assert.equal(
      error.message,
      `Cannot serve: unknown option '${misspelt}'. Did you mean '${suggestion}'?`,
    );
  });
}

Deno.test("serve() rejects an option of Python Hoist and names its own", async () => {
  const error = await rejectionOf(() =>
    serveQuietly({ login_func: () => true } as object)
  );
  assert.equal(error.name, "TypeError");
  assert.equal(
    error.message,
    "Cannot serve: unknown option 'login_func'. This package calls it 'login'.",
  );
});

Deno.test("serve() rejects a misspelt limit", async () => {
  const error = await rejectionOf(() =>
    serveQuietly({ limits: { maxConections: 1 } as object })
  );
  assert.equal(error.name, "TypeError");
  assert.match(
    error.message,
    /^Cannot serve: unknown option 'maxConections' .*Did you mean 'maxConnections'\?$/,
  );
});

Deno.test("serve() rejects an option without a similar name", async () => {
  const error = await rejectionOf(() =>
    serve("test", { port: 0, logger: new LogRecorder(), zzzz: 1 } as object)
  );
  assert.equal(error.name, "TypeError");
  assert.match(error.message, /^Cannot serve: unknown option 'zzzz'/);
  assert.doesNotMatch(error.message, /Did you mean/);
});

Deno.test("connect() rejects a misspelt option before it connects", async () => {
  const error = await rejectionOf(() =>
    connect("test", { timout: 5 } as object)
  );
  assert.equal(error.name, "TypeError");
  assert.equal(
    error.message,
    "Cannot connect: unknown option 'timout'. Did you mean 'timeout'?",
  );
});

Deno.test("connect() rejects a misspelt reconnect option", async () => {
  const error = await rejectionOf(() =>
    connect("test", { reconnect: { maxDelya: 5 } as object })
  );
  assert.equal(error.name, "TypeError");
  assert.match(
    error.message,
    /^Cannot connect: unknown option 'maxDelya' .*Did you mean 'maxDelay'\?$/,
  );
});

Deno.test("each call of a connection rejects a misspelt option", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data);
  await using connection = await connectTo(server);
  const options = { timout: 5 } as object;
  for (
    const call of [
      () => connection.operation("echo", {}, options),
      () => connection.message("echo", {}, options),
      () => connection.request("echo", {}, options),
    ]
  ) {
    const error = await rejectionOf(call);
    assert.equal(error.name, "TypeError");
    assert.match(
      error.message,
      /: unknown option 'timout'\. Did you mean 'timeout'\?$/,
    );
  }
  const stream = await rejectionOf(() =>
    connection.stream("echo", {}, { bufer: 5 } as object)
  );
  assert.match(
    stream.message,
    /: unknown option 'bufer'\. Did you mean 'buffer'\?$/,
  );
});

Deno.test("Client.request() rejects a misspelt option", async () => {
  await using server = serveQuietly();
  await using _connection = await connectTo(server);
  const [client] = server.clients;
  const error = await rejectionOf(() =>
    client!.request("ready", {}, { timout: 5 } as object)
  );
  assert.match(
    error.message,
    /: unknown option 'timout'\. Did you mean 'timeout'\?$/,
  );
});

Deno.test("close() and rotate() of a server reject a misspelt option", async () => {
  await using server = serveQuietly();
  for (
    const [attempt, misspelt, suggestion] of [
      [() => server.close({ timout: 5 } as object), "timout", "timeout"],
      [() => server.rotate("fresh", { grase: 5 } as object), "grase", "grace"],
    ] as const
  ) {
    const { message } = await rejectionOf(attempt);
    assert.match(
      message,
      new RegExp(
        `: unknown option '${misspelt}'\\. Did you mean '${suggestion}'\\?$`,
      ),
    );
  }
  assert.equal(server.token, "test");
});
