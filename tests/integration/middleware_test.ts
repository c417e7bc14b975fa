/** `server.use()`: functions that run around listeners and handlers. */

import assert from "node:assert/strict";
import type { Middleware } from "../../server/middleware.ts";
import { REJECT_ALL } from "../support/schemas.ts";
import { rejectionOf } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** The three kinds of requests, under one id. */
const REQUESTS = {
  message: message(1, "run", { n: 1 }),
  operation: operation(1, "run", { n: 1 }),
  stream: {
    id: 1,
    action: "stream",
    data: { operation: "rows", data: { n: 1 }, credit: 10 },
  },
};

/** Starts a server that notes what runs. */
function serveNoting(run: () => unknown = () => "result") {
  const events: string[] = [];
  const logger = new LogRecorder();
  const server = serveQuietly({ logger });
  const handle = async () => {
    events.push("handler");
    return await run();
  };
  server.receive("run", handle);
  server.operation("run", handle);
  server.operation("rows", async function* () {
    yield await handle();
  });
  return { server, events, logger };
}

function logIn(server: Parameters<typeof RawClient.logIn>[0]) {
  return RawClient.logIn(server, ["stream", "done-id", "request", "cancel"]);
}

/** Sends a request, and returns the last frame of its response. */
async function responseTo(client: RawClient, ...requests: unknown[]) {
  for (const request of requests) client.send(request);
  let frame = await client.next();
  while (frame.message === "items") frame = await client.next();
  return frame;
}

for (const [kind, request] of Object.entries(REQUESTS)) {
  const what = kind === "operation" ? "an operation" : `a ${kind}`;
  Deno.test(`middleware runs around ${what}, in the order of registration`, async () => {
    const { server, events } = serveNoting();
    await using _server = server;
    for (const name of ["outer", "inner"]) {
      server.use(async (call, next) => {
        events.push(`${name} ${call.kind} ${JSON.stringify(call.data)}`);
        const result = await next();
        events.push(`${name} ${result}`);
      });
    }
    await using client = await logIn(server);
    const { id, code } = await responseTo(client, request);
    assert.deepEqual([id, code], [1, 0]);
    const result = kind === "operation" ? "result" : undefined;
    assert.deepEqual(events, [
      `outer ${kind} {"n":1}`,
      `inner ${kind} {"n":1}`,
      "handler",
      `inner ${result}`,
      `outer ${result}`,
    ]);
  });

  Deno.test(`${what} fails if the middleware does not call next()`, async () => {
    const { server, events, logger } = serveNoting();
    await using _server = server;
    let late: (() => Promise<unknown>) | undefined;
    server.use((_call, next) => {
      late = next;
      return "instead";
    });
    await using client = await logIn(server);
    const { id, code } = await responseTo(client, request);
    assert.deepEqual([id, code], [1, 6]);
    await logger.line(/^error .*a middleware did not call next\(\)/s);
    // It is too late now, and must not run the handler.
    const error = await rejectionOf(late!);
    assert.match(error.message, /^a middleware called next\(\) more than once/);
    assert.deepEqual(events, []);
  });

  Deno.test(`${what} fails if the middleware calls next() twice`, async () => {
    const { server, events, logger } = serveNoting();
    await using _server = server;
    server.use(async (_call, next) => {
      await next();
      void next();
    });
    await using client = await logIn(server);
    const { id, code } = await responseTo(client, request);
    assert.deepEqual([id, code], [1, 6]);
    assert.deepEqual(events, ["handler"]);
    await logger.line(/^error .*called next\(\) more than once/s);
  });

  for (const order of ["before", "after"]) {
    Deno.test(`${what} fails if the middleware throws ${order} the handler`, async () => {
      const { server, events, logger } = serveNoting();
      await using _server = server;
      server.use(async (_call, next) => {
        if (order === "after") await next();
        throw new Error("secret of the audit");
      });
      await using client = await logIn(server);
      const answer = await responseTo(client, request);
      assert.deepEqual([answer.id, answer.code], [1, 6]);
      assert(!JSON.stringify(answer).includes("secret"));
      assert.deepEqual(events, order === "after" ? ["handler"] : []);
      await logger.line(/^error .*secret of the audit/s);
    });
  }

  Deno.test(`middleware sees the error of ${what}, which is logged once`, async () => {
    const { server, logger } = serveNoting(() => {
      throw new RangeError("out of stock");
    });
    await using _server = server;
    const seen: unknown[] = [];
    server.use(async (_call, next) => {
      await next().catch((error) => seen.push(error.message));
    });
    server.use(async (_call, next) => void await next());
    await using client = await logIn(server);
    const { id, code } = await responseTo(client, request);
    assert.deepEqual([id, code], [1, 6], "a middleware cannot hide an error");
    assert.deepEqual(seen, ["out of stock"]);
    const lines = logger.lines.filter((line) => line.includes("out of stock"));
    assert.equal(lines.length, 1);
  });

  Deno.test(`the response to ${what} waits for a handler that a middleware does not await`, async () => {
    const { opened, open } = gate();
    const { server, events } = serveNoting(() => opened);
    await using _server = server;
    const returned = gate();
    server.use((_call, next) => {
      void next();
      returned.open();
    });
    await using client = await logIn(server);
    const response = responseTo(client, request);
    await returned.opened;
    open();
    assert.equal((await response).code, 0);
    assert.deepEqual(events, ["handler"]);
  });

  Deno.test(`an error of ${what} that a middleware does not await does not end the program`, async () => {
    const { server } = serveNoting(() => {
      throw new Error("unseen");
    });
    await using _server = server;
    server.use((_call, next) => {
      void next();
      throw new Error("seen");
    });
    await using client = await logIn(server);
    assert.equal((await responseTo(client, request)).code, 6);
  });

  Deno.test(`the handler of ${what} is aborted if its middleware fails first`, async () => {
    const aborted: unknown[] = [];
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, limits: { maxPending: 1 } });
    const { opened, open } = gate();
    const started = gate();
    const handle = async ({ signal }: { readonly signal: AbortSignal }) => {
      started.open();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted.push(signal.reason.message);
      await opened;
    };
    server.receive("run", handle);
    server.operation("run", (_data, context) => handle(context));
    server.operation("rows", async function* (_data, context) {
      yield 1;
      await handle(context);
    });
    server.use(async (_call, next) => {
      void next();
      await started.opened;
      throw new Error("too slow");
    });
    await using client = await logIn(server);
    // The handler keeps its place in maxPending until it has ended.
    const other = await responseTo(client, request, operation(2, "run"));
    assert.deepEqual([other.id, other.code], [2, 9]);
    open();
    const { id, code } = await responseTo(client);
    assert.deepEqual([id, code], [1, 6]);
    assert.deepEqual(aborted, ["A middleware of the server failed"]);
    await logger.line(/^error .*too slow/s);
  });

  Deno.test(`middleware can be removed, also while ${what} runs in it`, async () => {
    const { server, events } = serveNoting();
    await using _server = server;
    const added = server.use(async (_call, next) => {
      added[Symbol.dispose]();
      events.push("middleware");
      await next();
    });
    await using client = await logIn(server);
    await responseTo(client, request);
    await responseTo(client, request);
    assert.deepEqual(events, ["middleware", "handler", "handler"]);
  });
}

Deno.test("middleware sees the client, and a signal that aborts when the client leaves", async () => {
  const { server } = serveNoting();
  await using _server = server;
  const aborted = gate();
  const called = gate();
  server.use(async (call, next) => {
    const [only] = server.clients;
    assert.equal(call.client, only);
    call.signal.addEventListener("abort", aborted.open);
    called.open();
    await aborted.opened;
    await next();
  });
  await using client = await logIn(server);
  client.send(operation(1, "run"));
  await called.opened;
  client.close(1000, "");
  await aborted.opened;
});

Deno.test("middleware that never returns keeps a place in maxPending", async () => {
  await using server = serveQuietly({ limits: { maxPending: 1 } });
  server.operation("run", () => 1);
  const { opened, open } = gate();
  server.use(async (_call, next) => {
    await next();
    await opened;
  });
  await using client = await RawClient.logIn(server);
  client.send(operation(1, "run"));
  client.send(operation(2, "run"));
  assert.deepEqual((await client.next()).code, 9);
  open();
  assert.equal((await client.next()).id, 1);
});

Deno.test("middleware sees invalid arguments as a failure of the call", async () => {
  await using server = serveQuietly();
  server.operation("run", { input: REJECT_ALL }, () => 1);
  const seen: unknown[] = [];
  server.use(async ({ data }, next) => {
    await next().catch((error) => seen.push([data, error.name]));
  });
  await using client = await RawClient.logIn(server);
  assert.equal((await responseTo(client, REQUESTS.operation)).code, 2);
  assert.deepEqual(seen, [[{ n: 1 }, "RequestError"]]);
});

Deno.test("middleware cannot change the result, and sees it after its encoding", async () => {
  await using server = serveQuietly();
  server.operation("run", () => ({ n: 1 }));
  server.use(async (_call, next) => {
    Object.assign(Object(await next()), { n: 2 });
    return { n: 3 };
  });
  await using connection = await connectTo(server);
  assert.deepEqual(await connection.operation("run"), { n: 1 });
});

Deno.test("middleware does not see requests without a handler, or that are not allowed", async () => {
  const names: string[] = [];
  await using server = serveQuietly({
    authorize: (_client, { name }) => name !== "secret",
  });
  server.operation("secret", () => 1);
  server.receive("secret", () => {});
  server.use(({ name }, next) => {
    names.push(name);
    return next();
  });
  await using client = await RawClient.logIn(server, ["done-id"]);
  for (const name of ["secret", "missing", "__proto__"]) {
    await responseTo(client, operation(1, name));
    await responseTo(client, message(1, name));
  }
  assert.deepEqual(names, []);
});

Deno.test("the signal of a handler that has returned does not abort", async () => {
  await using server = serveQuietly();
  const signals: AbortSignal[] = [];
  server.operation("run", (_data, { signal }) => signals.push(signal));
  server.use(async (_call, next) => {
    await next();
    throw new Error("too late");
  });
  await using client = await logIn(server);
  assert.equal((await responseTo(client, REQUESTS.operation)).code, 6);
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false]);
});

Deno.test("a stream that ignores its signal ends if its middleware fails", async () => {
  await using server = serveQuietly();
  const started = gate();
  server.operation("rows", async function* () {
    for (let n = 0;; n++) {
      yield n;
      started.open();
    }
  });
  server.use(async (_call, next) => {
    void next();
    await started.opened;
    throw new Error("too slow");
  });
  await using client = await logIn(server);
  assert.equal((await responseTo(client, REQUESTS.stream)).code, 6);
});

Deno.test("use() rejects a value that is no function", async () => {
  await using server = serveQuietly();
  for (const wrong of [null, 1, {}, "function"]) {
    assert.throws(
      () => server.use(wrong as unknown as Middleware),
      /^TypeError: Cannot add a middleware: 'middleware' must be a function\. /,
    );
  }
  assert.throws(
    () => server.use(undefined as unknown as Middleware),
    /^TypeError: Cannot add a middleware: /,
  );
});
