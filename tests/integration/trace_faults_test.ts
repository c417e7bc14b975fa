/** Requests whose spans fail, are cancelled, or lose their connection. */

import assert from "node:assert/strict";
import { findTelemetry } from "../../common/telemetry.ts";
import { ApplicationError, connect, serve, Server } from "../../mod.ts";
import { connectAdmin, connectPlain, serveAdmin } from "../support/admin.ts";
import {
  type Part,
  PARTS,
  type RecordedSpan,
  TelemetryApi,
} from "../support/telemetry_api.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { until } from "../support/timing.ts";

const HOST = { hostname: "127.0.0.1", port: 0 } as const;
const SERVER = 1;
const CLIENT = 2;

/** Starts a server and a client whose requests have spans. */
async function start(spans: "all" | "linked" = "all") {
  const logger = new LogRecorder();
  const server = serve("test", { ...HOST, spans, logger });
  const connection = await connect("test", { url: server.url, spans });
  return {
    server,
    connection,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await server.close();
    },
  };
}

function spansOf(api: TelemetryApi, name: string, kind: number) {
  return api.spans.filter((span) => span.name === name && span.kind === kind);
}

/** Waits until the span of a request has ended, and returns it. */
async function ended(
  api: TelemetryApi,
  name: string,
  kind: number,
): Promise<RecordedSpan> {
  const hasEnded = ({ ends }: RecordedSpan) => ends > 0;
  await until(() => spansOf(api, name, kind).some(hasEnded), name);
  const [span, ...others] = spansOf(api, name, kind);
  assert.equal(others.length, 0);
  assert.equal(span?.ends, 1);
  return span;
}

/** Sends each kind of request; asserts that all of them are answered. */
async function sendAll(spans?: "all" | "linked"): Promise<void> {
  await using parts = await start(spans);
  const { server, connection } = parts;
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  server.operation("throw", () => Promise.reject(new Error("on purpose")));
  server.operation("count", async function* () {
    yield 1;
    yield 2;
  });
  const heard: unknown[] = [];
  server.receive("hello", async (message) => {
    const reply = await message.client.request("ask", { deep: true });
    heard.push(reply.data);
  });
  connection.receive("ask", (message) => void message.reply("answer", {}));
  assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
  await assert.rejects(connection.operation("throw"), {
    name: "ResponseError",
  });
  const items = await Array.fromAsync(connection.stream("count"));
  assert.deepEqual(items, [1, 2]);
  await connection.message("hello");
  assert.deepEqual(heard, [{}]);
}

for (const part of PARTS) {
  Deno.test(`requests are answered if ${part} of OpenTelemetry throws`, async () => {
    using api = new TelemetryApi(part);
    await sendAll();
    await api.within(() => sendAll("linked"));
    assert(api.visits.has(part), "The test does not reach this part.");
    const [error] = api.reported;
    assert.match(String(error), new RegExp(`${part} is broken`));
  });
}

Deno.test("requests are answered if everything of OpenTelemetry throws", async () => {
  using _api = new TelemetryApi(...PARTS);
  await sendAll();
});

Deno.test("each span ends once, also if it cannot be marked as failed", async () => {
  const broken: Part[][] = [[], ["setAttribute"], ["setStatus"], ["end"]];
  for (const parts of broken) {
    using api = new TelemetryApi(...parts);
    await sendAll();
    assert.deepEqual([...new Set(api.spans.map(({ ends }) => ends))], [1]);
    assert(api.spans.length >= 10);
  }
});

Deno.test("a stream that its caller leaves has not failed", async () => {
  using api = new TelemetryApi();
  await using parts = await start();
  parts.server.operation("endless", async function* () {
    for (let n = 0;; n++) yield n;
  });
  for await (const _ of parts.connection.stream("endless")) break;
  for (const kind of [CLIENT, SERVER]) {
    const { hasFailed, attributes } = await ended(api, "endless", kind);
    assert.deepEqual([hasFailed, attributes["error.type"]], [false, undefined]);
  }
});

Deno.test("a stream that fails for its caller has failed", async () => {
  using api = new TelemetryApi();
  await using parts = await start();
  parts.server.operation("endless", async function* () {
    for (let n = 0;; n++) yield n;
  });
  const controller = new AbortController();
  const { signal } = controller;
  const stream = parts.connection.stream("endless", {}, { signal });
  await stream.next();
  controller.abort(new RangeError("enough"));
  const { attributes } = await ended(api, "endless", CLIENT);
  assert.equal(attributes["error.type"], "RangeError");
});

Deno.test("both spans name the error of a request in the same way", async () => {
  using api = new TelemetryApi();
  await using parts = await start();
  parts.server.operation("refuse", () => {
    throw new ApplicationError("sold_out");
  });
  await assert.rejects(parts.connection.operation("refuse"));
  await assert.rejects(parts.connection.operation("missing"));
  for (const kind of [CLIENT, SERVER]) {
    const { attributes } = await ended(api, "refuse", kind);
    assert.equal(attributes["error.type"], "APPLICATION_ERROR");
  }
  const client = await ended(api, "missing", CLIENT);
  assert.equal(client.attributes["error.type"], "UNKNOWN_OPERATION");
  const server = await ended(api, "_OTHER", SERVER);
  assert.equal(server.attributes["error.type"], "UNKNOWN_OPERATION");
});

Deno.test("only an error of the server has the name of an error code", async () => {
  using api = new TelemetryApi();
  await using parts = await start();
  const controller = new AbortController();
  const started = addWait(parts);
  const { signal } = controller;
  const answer = parts.connection.operation("wait", {}, { signal });
  await started;
  // Its code is 11, which is also the code of BROKER_UNAVAILABLE.
  controller.abort(new DOMException("gone", "InvalidStateError"));
  await assert.rejects(answer);
  const { attributes } = await ended(api, "wait", CLIENT);
  assert.equal(attributes["error.type"], "InvalidStateError");
});

Deno.test("a span ends with any reason of an abort", async () => {
  using api = new TelemetryApi();
  await using parts = await start();
  const controller = new AbortController();
  const started = addWait(parts);
  const { signal } = controller;
  const answer = parts.connection.operation("wait", {}, { signal });
  await started;
  class Odd extends Error {
    override get name(): string {
      throw new Error("no name");
    }
  }
  const reason = new Odd();
  controller.abort(reason);
  assert.equal(await answer.catch((error) => error) === reason, true);
  const { attributes } = await ended(api, "wait", CLIENT);
  assert.equal(attributes["error.type"], "_OTHER");
});

/** Registers an operation that waits until its signal aborts. */
function addWait({ server }: Awaited<ReturnType<typeof start>>) {
  const { promise: started, resolve } = Promise.withResolvers<void>();
  server.operation("wait", async (_data, { signal }) => {
    resolve();
    await new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
    return null;
  });
  return started;
}

Deno.test("a cancelled request is no fault of the server", async () => {
  using api = new TelemetryApi();
  await using parts = await start();
  const started = addWait(parts);
  const controller = new AbortController();
  const { signal } = controller;
  const answer = parts.connection.operation("wait", {}, { signal });
  await started;
  controller.abort();
  await assert.rejects(answer);
  for (const kind of [CLIENT, SERVER]) {
    const { hasFailed, attributes } = await ended(api, "wait", kind);
    assert.deepEqual([hasFailed, attributes["error.type"]], [
      false,
      "AbortError",
    ]);
  }
});

Deno.test("a lost connection ends the spans of both sides", async () => {
  using api = new TelemetryApi();
  await using parts = await start();
  const started = addWait(parts);
  const answer = parts.connection.operation("wait");
  await started;
  for (const client of parts.server.clients) client.close(4000, "away");
  await assert.rejects(answer, { name: "ConnectionClosedError" });
  const client = await ended(api, "wait", CLIENT);
  assert(client.hasFailed);
  assert.equal(client.attributes["error.type"], "ConnectionClosedError");
  const server = await ended(api, "wait", SERVER);
  assert.equal(server.attributes["error.type"], "AbortError");
});

Deno.test("without a span of the caller, nothing is started", async () => {
  using api = new TelemetryApi();
  await using server = serve("test", { ...HOST, logger: new LogRecorder() });
  server.operation("ping", () => null);
  await using connection = await connect("test", { url: server.url });
  await connection.operation("ping");
  assert.equal(api.spans.length, 0);
  await api.within(() => connection.operation("ping"));
  assert.deepEqual(api.spans.map(({ kind }) => kind), [CLIENT, SERVER]);
});

Deno.test("authorize belongs to the span of the request", async () => {
  using api = new TelemetryApi();
  const hasSpan: (boolean | undefined)[] = [];
  await using server = serve("test", {
    ...{ ...HOST, logger: new LogRecorder(), spans: "all" },
    authorize: async () => {
      hasSpan.push(findTelemetry()?.hasSpan);
      await Promise.resolve();
      hasSpan.push(findTelemetry()?.hasSpan);
      return true;
    },
  });
  server.operation("ping", () => null);
  server.receive("hello", () => {});
  await using connection = await connect("test", { url: server.url });
  await connection.operation("ping");
  await connection.message("hello");
  assert.deepEqual(hasSpan, [true, true, true, true]);
  assert.equal(api.spans.length, 2);
});

Deno.test("OpenTelemetry forgets a server that cannot listen", async () => {
  using api = new TelemetryApi();
  const { observed } = api;
  {
    const logger = new LogRecorder();
    await using server = serve("test", { ...HOST, logger });
    const port = Number(new URL(server.url).port);
    assert.throws(() => serve("test", { ...HOST, logger, port }));
    assert.equal(observed.size, 1);
  }
  assert.equal(observed.size, 0);
});

Deno.test("a server that can listen later is observed", async () => {
  using api = new TelemetryApi();
  await using server = new Server("test", { logger: new LogRecorder() });
  assert.throws(() => server.listen({ ...HOST, hostname: "192.0.2.1" }));
  assert.equal(api.observed.size, 0);
  server.listen(HOST);
  assert.equal(api.observed.size, 1);
});

Deno.test("a connection that reconnects does not belong to the span of the caller", async () => {
  using api = new TelemetryApi();
  await using server = serve("test", { ...HOST, logger: new LogRecorder() });
  await using connection = await connect("test", {
    url: server.url,
    reconnect: true,
  });
  const heard = Promise.withResolvers<boolean | undefined>();
  connection.receive("hello", () => heard.resolve(findTelemetry()?.hasSpan));
  const first = [...server.clients];
  api.within(() => connection.reconnect());
  const isNew = () => [...server.clients].some((each) => !first.includes(each));
  await until(isNew, "the client has reconnected");
  await server.broadcast("hello");
  assert.equal(await heard.promise, false);
});

Deno.test("the end of an old token does not belong to the span that rotated it", async () => {
  using api = new TelemetryApi();
  const ended = Promise.withResolvers<boolean | undefined>();
  await using server = serve("test", {
    ...{ ...HOST, logger: new LogRecorder() },
    onDisconnect: () => ended.resolve(findTelemetry()?.hasSpan),
  });
  // This client has no new token.
  await using _client = await RawClient.logIn(server);
  await api.within(() => server.rotate("another token", { grace: 50 }));
  assert.equal(await ended.promise, false);
});

Deno.test("the requests of admins have no span on the server, and are not measured", async () => {
  using api = new TelemetryApi();
  await using server = serveAdmin({ spans: "all" });
  server.operation("ping", () => null);
  await using ops = await connectAdmin(server);
  await ops.operation("hoist.admin.health");
  await using connection = await connectPlain(server);
  await connection.operation("ping");
  const names = api.spans.filter(({ kind }) => kind === SERVER)
    .map(({ name }) => name);
  assert.deepEqual(names, ["ping"]);
  assert.equal(api.visits.get("record"), 1);
});

Deno.test("onDisconnect does not belong to the span of the handler that closes the connection", async () => {
  using api = new TelemetryApi();
  const ended = Promise.withResolvers<boolean | undefined>();
  await using server = serve("test", {
    ...{ ...HOST, logger: new LogRecorder(), spans: "all" },
    onDisconnect: () => ended.resolve(findTelemetry()?.hasSpan),
  });
  server.operation("close", (_data, { client }) => {
    for (const each of server.clients) if (each !== client) each.close();
  });
  await using _other = await connect("test", { url: server.url });
  await using connection = await connect("test", { url: server.url });
  await connection.operation("close");
  assert.equal(await ended.promise, false);
  assert(api.spans.length > 0);
});

for (const end of ["its caller", "the connection"] as const) {
  Deno.test(`the finally block of a stream that ${end} ends belongs to its span`, async () => {
    using _api = new TelemetryApi();
    await using parts = await start();
    const cleaned = Promise.withResolvers<boolean | undefined>();
    parts.server.operation("endless", async function* () {
      try {
        for (let n = 0;; n++) yield n;
      } finally {
        cleaned.resolve(findTelemetry()?.hasSpan);
      }
    });
    const stream = parts.connection.stream("endless", {}, { buffer: 1 });
    await stream.next();
    if (end === "its caller") await stream.return();
    else await parts.connection.close();
    assert.equal(await cleaned.promise, true);
  });
}
