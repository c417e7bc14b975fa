/** A server with a contract, which rejects data and names outside the contract. */

import assert from "node:assert/strict";
import { ResponseError } from "../../common/errors.ts";
import {
  connectWithContract,
  contract,
  serveContract,
} from "../support/contract.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { connectTo } from "../support/server.ts";
import { endOfTick } from "../support/timing.ts";
import type { Server } from "../../server.ts";

/** Returns the server with the types of a server without a contract. */
function untyped(server: unknown): Server {
  return server as Server;
}

Deno.test("a server and a client with the same contract exchange messages and results", async () => {
  await using server = serveContract();
  server.operation("add", ({ a, b }) => a + b);
  server.operation("rows", async function* ({ to }) {
    for (let n = 1; n <= to; n++) yield { n };
  });
  server.operation("now", () => "now");
  server.receive("hello", (message) => {
    message.reply("hi", { text: `welcome, ${message.data.name}` });
  });
  await using connection = await connectWithContract(server);
  assert.equal(await connection.operation("add", { a: 1, b: 2 }), 3);
  // The default of the schema.
  assert.equal(await connection.operation("add", { a: 1 }), 6);
  assert.equal(await connection.operation("now"), "now");
  const rows = await Array.fromAsync(connection.stream("rows", { to: 2 }));
  assert.deepEqual(rows, [{ n: 1 }, { n: 2 }]);
  const { replies } = await connection.message("hello", { name: "Ada" });
  assert.deepEqual(replies[0]?.data, { text: "welcome, Ada" });
  const reply = await connection.request("hello", { name: "Grace" });
  assert.equal(reply.data.text, "welcome, Grace");
});

Deno.test("the client receives events and answers a request of the server", async () => {
  await using server = serveContract();
  await using connection = await connectWithContract(server);
  const news = new Promise<number>((resolve) =>
    connection.receive("news", ({ data }) => resolve(data.n))
  );
  connection.receive("ready", async (message) => {
    await message.reply("yes", { at: 1 });
  });
  await server.broadcast("news", { n: 7 });
  assert.equal(await news, 7);
  const [client] = server.clients;
  const reply = await client!.request("ready");
  assert.deepEqual([reply.name, reply.data.at], ["yes", 1]);
  await connection.message("ping");
});

Deno.test("all listeners get the data that the schema returned once", async () => {
  await using server = serveContract();
  const seen: unknown[] = [];
  server.receive("note", ({ data }) => void seen.push(data.at));
  server.receive(["note"], ({ data }) => void seen.push(data.at));
  server.receive(({ data }) => void seen.push(Object(data).at));
  await using connection = await connectWithContract(server);
  await connection.message("note", { at: "2026-11-25" });
  assert.deepEqual(seen, Array(3).fill(new Date("2026-11-25")));
  assert.equal(seen[0], seen[2]);
});

for (
  const [what, name, data, issue] of [
    [
      "a message with invalid data",
      "hello",
      { name: 1 },
      {
        path: ["name"],
        message: "Invalid input: expected string, received number",
      },
    ],
    [
      "a message that is not in the contract",
      "helo",
      {},
      { path: [], message: 'the contract has no message "helo"' },
    ],
    [
      "a name of Object.prototype",
      "constructor",
      {},
      { path: [], message: 'the contract has no message "constructor"' },
    ],
    [
      "an event instead of a message",
      "news",
      { n: 1 },
      { path: [], message: 'the contract has no message "news"' },
    ],
  ] as const
) {
  Deno.test(`${what} is rejected with code 2 before any listener is called`, async () => {
    const logger = new LogRecorder();
    await using server = serveContract({ logger });
    server.receive(() => assert.fail("called"));
    await using raw = await RawClient.logIn(server, ["done-id"]);
    raw.send(message(7, name, data));
    const answer = await raw.next();
    assert.deepEqual([answer.code, answer.id], [2, 7]);
    assert.deepEqual(answer.data.issues, [issue]);
    assert.deepEqual(Object.keys(answer.data).sort(), [
      "current",
      "issues",
      "needed",
    ]);
    await logger.line(new RegExp(`^warn reject: .*message "${name}": `));
    raw.send(message(8, "ping", {}));
    assert.equal((await raw.next()).id, 8);
  });
}

Deno.test("invalid arguments are rejected with code 2, unknown operations with code 5", async () => {
  await using server = serveContract();
  server.operation("add", () => assert.fail("called"));
  await using connection = await connectTo(untyped(server));
  const error = await rejection(connection.operation("add", { a: "1" }));
  assert(error instanceof ResponseError);
  assert.deepEqual([error.code, error.data], [2, {
    current: "dict",
    needed: "dict",
    issues: [{
      path: ["a"],
      message: "Invalid input: expected number, received string",
    }],
  }]);
  const codes = [];
  for (const name of ["ad", "toString", "now"]) {
    const error = await rejection(connection.operation(name));
    codes.push((error as ResponseError).code);
  }
  assert.deepEqual(codes, [5, 5, 5]);
});

Deno.test("a call of the wrong kind is rejected before the handler is called", async () => {
  await using server = serveContract();
  let calls = 0;
  server.operation("rows", ({ to }) => {
    calls++;
    return ReadableStream.from([{ n: to }]);
  });
  server.operation("add", () => ++calls);
  await using raw = await RawClient.logIn(server, ["stream"]);
  raw.send(operation(1, "rows", { to: 1 }));
  raw.send({
    id: 2,
    action: "stream",
    data: { operation: "add", data: { a: 1 }, credit: 1 },
  });
  for (const id of [1, 2]) {
    const answer = await raw.next();
    assert.deepEqual([answer.id, answer.code], [id, 7]);
  }
  assert.equal(calls, 0);
});

Deno.test("the server accepts a reply of the contract or a message of the contract", async () => {
  await using server = serveContract();
  const received: unknown[] = [];
  server.receive(({ name, data }) => void received.push([name, data]));
  await using raw = await RawClient.logIn(server, [
    "request",
    "done-id",
  ]);
  const [client] = server.clients;
  const reply = client!.request("ready");
  // If an assertion fails first, its error is reported and not this rejection.
  reply.catch(() => {});
  const { data: wire } = await raw.next();
  raw.send(message(1, "no", {}, wire));
  assert.equal(
    (await raw.next()).desc,
    'the contract has no message "no", neither as a message nor as a reply to message "ready"',
  );
  raw.send(message(2, "yes", { at: "late" }, wire));
  assert.match((await raw.next()).desc, /: at: /);
  // This message is not among the replies, so it is handled as a message.
  raw.send(message(3, "ping", {}, wire));
  assert.equal((await raw.next()).code, 0);
  // A message without this reply.
  raw.send(message(4, "yes", { at: 1 }, { ...wire, message: "news" }));
  assert.equal((await raw.next()).code, 2);
  raw.send(message(5, "yes", { at: 1 }, wire));
  assert.equal((await reply).data.at, 1);
  // No request waits for this reply any more.
  raw.send(message(6, "yes", { at: 2 }, wire));
  await raw.take(2);
  assert.deepEqual(received, [
    ["ping", {}],
    ["yes", { at: 1 }],
    ["yes", { at: 2 }],
  ]);
});

Deno.test("names outside the contract are rejected at run time", async () => {
  await using typed = serveContract();
  const server = untyped(typed);
  for (
    const [attempt, text] of [
      [
        () => server.operation("ad", () => 1),
        `Cannot register operation "ad": the contract does not have this name. Did you mean "add"?`,
      ],
      [
        () => server.operation("toString", () => 1),
        'Cannot register operation "toString": the contract does not have this name. The names are add, rows, now.',
      ],
      [
        () => server.operation("now", {}, () => 1),
        'Cannot register operation "now" with a schema: the server has a contract. Move the schema into the contract.',
      ],
      [
        () => server.receive(["hello", "helo"], () => {}),
        `Cannot receive message "helo": the contract does not have this name. Did you mean "hello"?`,
      ],
      [
        () =>
          server.receive(
            "hello",
            contract.messages.hello.data,
            () => {},
          ),
        'Cannot receive message "hello" with a schema: the server has a contract. Move the schema into the contract.',
      ],
    ] as const
  ) {
    assert.throws(attempt, { name: "TypeError", message: text });
  }
  await assert.rejects(server.broadcast("newz"), {
    name: "TypeError",
    message:
      `Cannot send message "newz": the contract does not have this name. Did you mean "news"?`,
  });
  await using connection = await connectTo(server);
  await connection.message("ping");
  const [client] = server.clients;
  for (
    const attempt of [
      () => client!.message("newz"),
      () => client!.request("newz"),
    ]
  ) {
    await assert.rejects(async () => void await attempt(), {
      name: "TypeError",
      message:
        `Cannot send message "newz": the contract does not have this name. Did you mean "news"?`,
    });
  }
});

Deno.test("reply() rejects a reply that the contract does not have", async () => {
  await using typed = serveContract();
  const server = untyped(typed);
  const errors: string[] = [];
  server.receive(["hello", "ping"], (message) => {
    try {
      message.reply("hey");
    } catch (error) {
      errors.push(String(error));
    }
  });
  await using connection = await connectTo(server);
  await connection.message("hello", { name: "Ada" });
  await connection.message("ping");
  assert.deepEqual(errors, [
    'TypeError: Cannot reply with message "hey" to message "hello": the contract does not have this name. The names are hi.',
    'TypeError: Cannot reply with message "hey" to message "ping": the contract does not have this name. There are no names.',
  ]);
});

Deno.test("the server warns about operations without a handler", async () => {
  const logger = new LogRecorder();
  await using server = serveContract({ logger });
  server.operation("add", () => 1);
  await Promise.resolve();
  server.operation("now", () => 1);
  await endOfTick();
  assert.deepEqual(
    logger.lines.filter((line) => line.startsWith("warn")),
    ["warn contract: operations without a handler: rows"],
  );
});

Deno.test("the server does not warn about handlers if the program fails and closes it", async () => {
  const logger = new LogRecorder();
  const program = async () => {
    await using server = serveContract({ logger });
    untyped(server).operation("nwo", () => 1);
  };
  await assert.rejects(program, /the contract does not have this name/);
  await endOfTick();
  assert.deepEqual(
    logger.lines.filter((line) => line.startsWith("warn")),
    [],
  );
});

Deno.test("the server logs no warning if all operations have a handler", async () => {
  const logger = new LogRecorder();
  await using server = serveContract({ logger });
  for (const name of ["add", "rows", "now"]) {
    untyped(server).operation(name, () => 1);
  }
  await endOfTick();
  assert(!logger.lines.some((line) => /handler/.test(line)));
});

Deno.test("serve() rejects an invalid contract", () => {
  for (const bad of [{}, null, 1, { messages: {} }] as unknown[]) {
    const options = { contract: bad as typeof contract };
    assert.throws(() => serveContract(options), {
      name: "TypeError",
      message:
        /^Cannot serve: 'contract' must be the result of defineContract\(\)\. It is /,
    });
  }
  assert.throws(
    () => serveContract({ contract: undefined, exposeContract: true }),
    {
      name: "TypeError",
      message:
        "Cannot serve: 'exposeContract' needs a contract. Pass one as the option 'contract'.",
    },
  );
});
