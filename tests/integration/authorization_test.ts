/** The option `authorize`: which requests of a client are allowed. */

import assert from "node:assert/strict";
import {
  ApplicationError,
  ErrorCode,
  ResponseError,
} from "../../common/errors.ts";
import { defineContract, serve, type ServeOptions } from "../../mod.ts";
import { ACCEPT_ALL, LIBRARIES } from "../support/schemas.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import {
  message,
  operation,
  RawClient,
  SUCCESS,
} from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** The response to a request that is not allowed. */
const FORBIDDEN = {
  ...SUCCESS,
  success: false,
  error: "FORBIDDEN",
  code: 10,
  message: "Client is not allowed to do this.",
  desc: "the client is not allowed to use this name",
};

const STREAM = { operation: "rows", data: {}, credit: 10 };

/** The three kinds of requests, under one id. */
const REQUESTS = {
  message: message(1, "hello"),
  operation: operation(1, "add"),
  stream: { id: 1, action: "stream", data: STREAM },
};

/** Starts a server whose handlers note that they ran. */
function serveNoting(options: ServeOptions) {
  const ran: string[] = [];
  const logger = new LogRecorder();
  const server = serveQuietly({ logger, ...options });
  server.receive("hello", () => void ran.push("hello"));
  server.operation("add", () => ran.push("add"));
  server.operation("rows", async function* () {
    ran.push("rows");
    yield 1;
  });
  return { server, ran, logger };
}

/** Logs in a client with all extensions that requests need. */
function logIn(server: Parameters<typeof RawClient.logIn>[0]) {
  return RawClient.logIn(server, ["stream", "done-id", "request"]);
}

for (const [kind, request] of Object.entries(REQUESTS)) {
  const what = kind === "operation" ? "an operation" : `a ${kind}`;
  for (const isAsync of [false, true]) {
    const how = isAsync ? "asynchronously" : "synchronously";
    const decide = (decision: unknown) =>
      (isAsync ? Promise.resolve(decision) : decision) as boolean;

    Deno.test(`authorize gets the ${kind}, and allows it ${how}`, async () => {
      const asked: unknown[] = [];
      const { server, ran } = serveNoting({
        authorize: (client, request) => {
          asked.push([client, request]);
          return decide(true);
        },
      });
      await using _server = server;
      await using client = await logIn(server);
      client.send(request);
      assert.equal((await client.next()).code, 0);
      assert.equal(ran.length, 1);
      const { name } = Object(asked[0])[1];
      const [only] = server.clients;
      assert.deepEqual(asked, [[only, { kind, name, requires: undefined }]]);
    });

    for (const decision of [false, undefined, null, 1, "true", {}]) {
      Deno.test(`${what} is refused if authorize ${how} returns ${Deno.inspect(decision)}`, async () => {
        const { server, ran, logger } = serveNoting({
          authorize: () => decide(decision),
        });
        await using _server = server;
        await using client = await logIn(server);
        client.send(request);
        assert.deepEqual(await client.next(), { ...FORBIDDEN, id: 1 });
        client.send(operation(2, "nothing"));
        assert.equal((await client.next()).id, 2, "there is one response");
        assert.deepEqual(ran, []);
        const why = decision === false
          ? "'authorize' refused it"
          : `'authorize' returned a value of type ${typeof decision}. Return true to allow a request.`;
        const line = await logger.line(/^warn .* "(hello|add|rows)"/);
        assert(line.endsWith(`: ${why}`), line);
      });
    }

    Deno.test(`${what} is refused if authorize fails ${how}`, async () => {
      const { server, ran, logger } = serveNoting({
        authorize: () => {
          const error = new Error("secret of the database");
          if (isAsync) return Promise.reject(error);
          throw error;
        },
      });
      await using _server = server;
      await using client = await logIn(server);
      client.send(request);
      const answer = await client.next();
      assert.deepEqual([answer.id, answer.code], [1, ErrorCode.SERVER_ERROR]);
      assert(!JSON.stringify(answer).includes("secret"));
      assert.deepEqual(ran, []);
      await logger.line(/^error .*"(hello|add|rows)".*secret of the database/s);
    });
  }

  Deno.test(`${what} of a client that left meanwhile does not run`, async () => {
    const { opened, open } = gate();
    const asked = gate();
    const { server, ran, logger } = serveNoting({
      authorize: () => {
        asked.open();
        return opened.then(() => true);
      },
    });
    await using _server = server;
    await using client = await logIn(server);
    client.send(request);
    await asked.opened;
    client.close(1000, "");
    await logger.line(/disconnected/);
    open();
    await server.close();
    assert.deepEqual(ran, []);
    assert(!logger.lines.some((line) => /^(warn|error)/.test(line)));
  });
}

Deno.test("a stream of a client that left meanwhile runs neither handler nor middleware", async () => {
  const { opened, open } = gate();
  const asked = gate();
  const ran: string[] = [];
  await using server = serveQuietly({
    authorize: () => {
      asked.open();
      return opened.then(() => true);
    },
  });
  server.operation("rows", () => {
    ran.push("handler");
    return (async function* () {})();
  });
  server.use((_call, next) => {
    ran.push("middleware");
    return next();
  });
  await using client = await logIn(server);
  const [only] = server.clients;
  client.send(REQUESTS.stream);
  await asked.opened;
  client.close(1000, "");
  await only!.closed;
  open();
  await server.close();
  assert.deepEqual(ran, []);
});

Deno.test("authorize can throw an ApplicationError that the contract does not declare", async () => {
  const contract = defineContract({
    messages: { hello: { errors: { full: null } } },
    operations: {
      add: { errors: { full: null } },
      rows: { yields: ACCEPT_ALL, errors: { full: null } },
    },
  });
  for (const isAsync of [false, true]) {
    await using server = serve("test", {
      hostname: "127.0.0.1",
      port: 0,
      logger: new LogRecorder(),
      contract,
      authorize: () => {
        const error = new ApplicationError("banned", { details: { days: 3 } });
        if (isAsync) return Promise.reject(error);
        throw error;
      },
    });
    server.operation("add", () => 1);
    server.operation("rows", async function* () {});
    await using client = await logIn(server);
    for (const request of Object.values(REQUESTS)) {
      client.send(request);
      const { id, code, data } = await client.next();
      assert.deepEqual([id, code], [1, ErrorCode.SERVER_ERROR]);
      const details = { days: 3 };
      assert.deepEqual(data.application, { kind: "banned", details });
    }
  }
});

Deno.test("the client gets a ResponseError with the code FORBIDDEN", async () => {
  const { server } = serveNoting({ authorize: () => false });
  await using _server = server;
  await using connection = await connectTo(server);
  for (
    const attempt of [
      () => connection.message("hello"),
      () => connection.request("hello"),
      () => connection.operation("add"),
      () => Array.fromAsync(connection.stream("rows")),
    ]
  ) {
    const error = await rejection(attempt());
    assert(error instanceof ResponseError);
    assert.equal(error.code, ErrorCode.FORBIDDEN);
    assert.match(
      error.message,
      /: the server answered FORBIDDEN: the client is not allowed to use this name$/,
    );
  }
});

Deno.test("a refusal is the same for names that exist and names that do not", async () => {
  const { server } = serveNoting({ authorize: () => false });
  await using _server = server;
  await using client = await logIn(server);
  for (const name of ["add", "rows", "missing", "__proto__", "constructor"]) {
    client.send(operation(1, name));
    assert.deepEqual(await client.next(), { ...FORBIDDEN, id: 1 });
    client.send(message(1, name));
    assert.deepEqual(await client.next(), { ...FORBIDDEN, id: 1 });
  }
});

Deno.test("with a contract, authorize is asked only about its names", async () => {
  const contract = defineContract({
    messages: { hello: {} },
    operations: { add: {} },
  });
  const asked: unknown[] = [];
  await using server = serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    contract,
    authorize: (_client, { kind, name }) => asked.push([kind, name]) > 0,
  });
  server.operation("add", () => 1);
  await using client = await logIn(server);
  for (const name of ["missing", "__proto__", "hello"]) {
    client.send(operation(1, name));
    assert.deepEqual(await client.next(), { ...FORBIDDEN, id: 1 });
  }
  client.send(message(2, "add"));
  assert.deepEqual(await client.next(), { ...FORBIDDEN, id: 2 });
  assert.deepEqual(asked, []);
  client.send(operation(3, "add"));
  assert.equal((await client.next()).code, 0);
  assert.deepEqual(asked, [["operation", "add"]]);
});

Deno.test("an allowed operation that does not exist is unknown", async () => {
  const { server } = serveNoting({ authorize: () => true });
  await using _server = server;
  await using client = await logIn(server);
  client.send(operation(1, "missing"));
  assert.equal((await client.next()).code, ErrorCode.UNKNOWN_OPERATION);
});

Deno.test("authorize decides before the data is validated", async () => {
  const contract = defineContract({
    messages: { hello: LIBRARIES.zod! },
    operations: { add: { input: LIBRARIES.zod! } },
  });
  await using server = serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    contract,
    authorize: (_client, { kind }) => kind === "operation",
  });
  server.operation("add", () => 1);
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello", { n: "wrong" }));
  assert.equal((await client.next()).code, ErrorCode.FORBIDDEN);
  client.send(operation(2, "add", { n: "wrong" }));
  assert.equal((await client.next()).code, ErrorCode.INVALID_CONTENT);
});

Deno.test("a client that is refused often cannot fill the log", async () => {
  const { server, logger } = serveNoting({ authorize: () => false });
  await using _server = server;
  await using client = await logIn(server);
  for (let id = 1; id <= 100; id++) client.send(operation(id, "add"));
  await client.take(100);
  const lines = logger.lines.filter((line) => line.includes("refused it"));
  assert(lines.length >= 1 && lines.length <= 30, `${lines.length} lines`);
});

Deno.test("credit and cancel apply to a stream that waits for authorize", async () => {
  const { opened, open } = gate();
  const cancelled = gate();
  const waits = [opened, cancelled.opened];
  const { server } = serveNoting({
    authorize: () => waits.shift()!.then(() => true),
  });
  await using _server = server;
  server.operation("numbers", async function* () {
    for (let n = 0;; n++) yield n;
  });
  await using client = await logIn(server);
  const data = { operation: "numbers", data: {}, credit: 1 };
  client.send({ id: 1, action: "stream", data });
  client.send({ id: 1, action: "credit", data: { credit: 2 } });
  open();
  let count = 0;
  while (count < 3) count += (await client.next()).data.items.length;
  client.send({ id: 2, action: "stream", data: { ...data, credit: 1 } });
  client.send({ id: 2, action: "cancel", data: {} });
  client.send({ id: 3 });
  assert.equal((await client.next()).id, 3, "the server has read the cancel");
  cancelled.open();
  assert.deepEqual(await client.next(), { ...SUCCESS, message: "done", id: 2 });
});

Deno.test("requests that wait for authorize count towards maxPending", async () => {
  const { opened, open } = gate();
  const { server } = serveNoting({
    authorize: () => opened.then(() => true),
    limits: { maxPending: 1 },
  });
  await using _server = server;
  await using client = await logIn(server);
  client.send(operation(1, "add"));
  client.send(operation(2, "add"));
  const rejected = await client.next();
  assert.deepEqual([rejected.id, rejected.code], [2, 9]);
  open();
  assert.deepEqual((await client.next()).id, 1);
});
