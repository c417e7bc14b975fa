import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ResponseError, TimeoutError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import {
  broadcastFrame,
  fakeServer,
  successFrame,
} from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

Deno.test("Connection.message() resolves to the message with its replies", async () => {
  await using server = serveQuietly();
  server.receive("hello", async (message) => {
    message.reply("hi", { n: 1 });
    await pause(1);
    message.reply("hi", { n: 2 });
  });
  await using connection = await connectTo(server);
  const seen: unknown[] = [];
  const sent = await connection.message("hello", { a: 1 }, {
    onReply: ({ data }) => void seen.push(data.n),
  });
  assert.deepEqual([sent.name, sent.data, sent.replying], [
    "hello",
    { a: 1 },
    null,
  ]);
  assert.deepEqual(sent.replies.map(({ data }) => data.n), [1, 2]);
  assert.deepEqual(seen, [1, 2]);
  assert.equal(sent.replies[0]?.replying?.id, sent.id);
});

Deno.test("onReply is called before the message is done", async () => {
  await using server = serveQuietly();
  const finish = Promise.withResolvers<void>();
  server.receive("hello", async (message) => {
    message.reply("hi");
    await finish.promise;
  });
  await using connection = await connectTo(server);
  await connection.message("hello", {}, { onReply: () => finish.resolve() });
});

Deno.test("ServerMessage.reply() sends a reply that refers to the message", async () => {
  await using server = serveQuietly();
  const seen: unknown[] = [];
  server.receive(
    "question",
    (message) => void message.reply("counter-question"),
  );
  server.receive("answer", ({ data, replying }) => {
    seen.push(
      data,
      replying?.name,
      replying?.replying?.name,
      replying?.replying?.replying,
    );
  });
  await using connection = await connectTo(server);
  const { replies: [reply] } = await connection.message("question");
  const answer = await reply?.reply("answer", { n: 42 });
  assert.deepEqual(seen, [{ n: 42 }, "counter-question", "question", null]);
  assert.equal(answer?.replying?.name, "counter-question");
});

Deno.test("Connection.operation() resolves to the result", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data.value);
  await using connection = await connectTo(server);
  for (const value of [3, "text", null, false, [1, { a: null }], { b: [] }]) {
    assert.deepEqual(await connection.operation("echo", { value }), value);
  }
  assert.equal(await connection.operation("echo"), null);
});

Deno.test("concurrent operations each get their own result", async () => {
  await using server = serveQuietly();
  server.operation("square", async ({ n }) => {
    await pause(Number(n) % 7);
    return Number(n) ** 2;
  });
  await using connection = await connectTo(server);
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  const results = await Promise.all(
    numbers.map((n) => connection.operation("square", { n })),
  );
  assert.deepEqual(results, numbers.map((n) => n ** 2));
});

Deno.test("a failed operation rejects with the code, name and details of the error", async () => {
  await using server = serveQuietly({ exposeErrors: true });
  server.operation("fail", () => {
    throw new RangeError("too much");
  });
  await using connection = await connectTo(server);
  const error = await rejection(connection.operation("fail"));
  assert(error instanceof ResponseError);
  assert.deepEqual([error.code, error.error], [6, "SERVER_ERROR"]);
  assert.deepEqual(error.data, { message: "too much", exc: "RangeError" });
  assert.equal(
    error.message,
    'Cannot finish operation "fail": the server answered SERVER_ERROR: RangeError: too much',
  );
  const unknown = await rejection(connection.operation("fly"));
  assert.equal(
    unknown.message,
    'Cannot finish operation "fly": the server answered UNKNOWN_OPERATION: Operation not found',
  );
});

Deno.test("the error of a request has the stack of its caller", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.receive("never", () => new Promise(() => {}));
  await using connection = await connectTo(server);
  async function theCaller(): Promise<void> {
    await connection.operation("fly");
  }
  async function theSender(): Promise<void> {
    await connection.message("never", {}, { timeout: 1 });
  }
  const [call, send] = [
    await rejection(theCaller()),
    await rejection(theSender()),
  ];
  // Deno shows the source of the first stack line, so the caller must be there.
  assert.match(call.stack ?? "", /^ResponseError: .*\n\s+at async theCaller/);
  assert.match(send.stack ?? "", /^TimeoutError: .*\n\s+at async theSender/);
});

Deno.test("message() and operation() reject data that JSON cannot represent", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data);
  await using connection = await connectTo(server);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (
    const data of [cycle, [1], "text", null, { n: 1n }, new Date(0), () => {}]
  ) {
    const bad = data as Record<string, never>;
    for (const name of ["message", "operation"] as const) {
      const error = await rejection(connection[name]("echo", bad));
      assert(error instanceof TypeError);
      assert.match(
        error.message,
        /^Cannot send (message|operation) "echo": its data /,
      );
    }
  }
  assert.deepEqual(await connection.operation("echo", { fine: true }), {
    fine: true,
  });
});

Deno.test("message(), operation() and broadcast() reject a name that is not a string", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  for (const name of [undefined, 1, {}] as unknown as string[]) {
    for (const what of ["message", "operation"] as const) {
      await assert.rejects(connection[what](name), {
        name: "TypeError",
        message:
          /^Cannot send a message or a request: the name must be a string\. It is /,
      });
    }
    await assert.rejects(server.broadcast(name), /the name must be a string/);
  }
  assert.deepEqual((await connection.message("fine")).replies, []);
});

Deno.test("a request times out without affecting other requests", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  const finish = Promise.withResolvers<void>();
  server.operation("slow", () => finish.promise);
  server.receive("slow", () => finish.promise);
  await using connection = await connectTo(server);
  const other = connection.operation("slow");
  const error = await rejection(
    connection.operation("slow", {}, { timeout: 10 }),
  );
  assert(error instanceof TimeoutError);
  assert.equal(
    error.message,
    `Cannot finish operation "slow": no answer within 10 ms. Raise 'timeout' to wait longer.`,
  );
  const late = await rejection(
    connection.message("slow", {}, { timeout: 10 }),
  );
  assert.equal(
    late.message,
    `Cannot finish message "slow": no answer within 10 ms. Raise 'timeout' to wait longer.`,
  );
  finish.resolve();
  assert.equal(await other, null);
  await assert.rejects(connection.operation("slow", {}, { timeout: -1 }), {
    name: "RangeError",
    message:
      "Cannot call the operation: 'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is -1.",
  });
  assert.equal(
    await connection.operation("slow", {}, { timeout: Infinity }),
    null,
  );
});

Deno.test("a request rejects when its signal aborts", async () => {
  await using server = serveQuietly({ closeTimeout: 1 });
  server.operation("never", () => new Promise(() => {}));
  await using connection = await connectTo(server);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = rejection(connection.operation("never", {}, { signal }));
  const reason = new Error("cancelled");
  controller.abort(reason);
  assert.equal(await waiting, reason);
  assert.equal(
    await rejection(connection.message("x", {}, { signal })),
    reason,
  );
});

Deno.test("Connection.receive() listens to broadcasts, messages and replies", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    message.reply("reply");
    message.client.message("alone");
  });
  await using connection = await connectTo(server);
  const seen: string[] = [];
  const broadcast = Promise.withResolvers<void>();
  connection.receive(["reply", "alone"], ({ name }) => void seen.push(name));
  connection.receive((message) => {
    seen.push(`any ${message.name}`);
    if (message.name === "news") broadcast.resolve();
  });
  await connection.message("hello");
  await server.broadcast("news");
  await broadcast.promise;
  assert.deepEqual(seen.sort(), [
    "alone",
    "any alone",
    "any news",
    "any reply",
    "reply",
  ]);
});

Deno.test("Connection.receive() returns a disposable that removes the listener", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  await using connection = await connectTo(server);
  let count = 0;
  {
    using _listener = connection.receive("hi", () => void count++);
    await connection.message("hello");
  }
  await connection.message("hello");
  assert.equal(count, 1);
});

Deno.test("errors of listeners and of onReply are logged", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  const logger = new LogRecorder();
  await using connection = await connectTo(server, { logger });
  connection.receive("hi", () => {
    throw new Error("first");
  });
  connection.receive("hi", () => Promise.reject(new Error("second")));
  const sent = await connection.message("hello", {}, {
    onReply: () => {
      throw new Error("third");
    },
  });
  assert.equal(sent.replies.length, 1);
  for (const name of ["first", "second", "third"]) {
    await logger.line(
      new RegExp(`^error Hoist: a listener failed\nError: ${name}\n\\s+at `),
    );
  }
});

Deno.test("the client ignores an invalid frame and logs a warning", async () => {
  await using server = fakeServer((socket, { id, action }) => {
    if (action === undefined) return socket.send(successFrame(0, null));
    for (
      const frame of [
        "{",
        "[]",
        "{}",
        '{"success":true,"id":1,"message":"open"}',
      ]
    ) {
      socket.send(frame);
    }
    socket.send(new Uint8Array([1]));
    socket.send(successFrame(99, "done"));
    socket.send(successFrame(id as number, null, { result: "fine" }));
  });
  const logger = new LogRecorder();
  await using connection = await connect("test", { url: server.url, logger });
  assert.equal(await connection.operation("any"), "fine");
  const warning = "warn Hoist: ignored a frame that is not of Hoist 1";
  assert.deepEqual(logger.lines, Array(5).fill(warning));
});

Deno.test("a listener receives messages that arrive with the login reply", async () => {
  await using server = fakeServer((socket, { id }) => {
    if (id !== 0) return;
    socket.send(successFrame(0, null));
    for (const name of ["one", "two"]) {
      const message = { message: name, data: {}, id: 1, replying: null };
      socket.send(successFrame(null, "s_newmsg", message));
    }
  });
  await using connection = await connect("test", { url: server.url });
  const seen: string[] = [];
  const both = Promise.withResolvers<void>();
  connection.receive("two", () => both.resolve());
  connection.receive(({ name }) => void seen.push(name));
  await both.promise;
  await pause(1);
  assert.deepEqual(seen, ["one", "two"]);
});

/** A server that sends two broadcasts right after its login reply. */
function serveEarlyMessages() {
  return fakeServer((socket, { id, end }) => {
    if (end === true) return socket.close(1000);
    socket.send(successFrame(id as number, null, { result: "fine" }));
    if (id === 0) {
      for (const name of ["one", "two"]) socket.send(broadcastFrame(name));
    }
  });
}

Deno.test("messages that arrive with the login reply are dropped after a while", async () => {
  await using server = serveEarlyMessages();
  await using connection = await connect("test", { url: server.url });
  await pause(10);
  const seen: string[] = [];
  connection.receive(({ name }) => void seen.push(name));
  assert.equal(await connection.operation("any"), "fine");
  assert.deepEqual(seen, []);
});

Deno.test("a listener that closes the connection receives no more early messages", async () => {
  await using server = serveEarlyMessages();
  const connection = await connect("test", { url: server.url });
  const seen: string[] = [];
  connection.receive(({ name }) => {
    seen.push(name);
    void connection.close();
  });
  await connection.closed;
  assert.deepEqual(seen, ["one"]);
});

Deno.test("the client survives a listener error without a prototype and a failing logger", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  const fail = () => {
    throw new Error("the disk is full");
  };
  const reject = () => Promise.reject(new Error("the disk is full"));
  for (const failing of [fail, reject]) {
    const logger = { warn: failing, error: failing };
    await using connection = await connectTo(server, { logger });
    connection.receive(() => {
      throw Object.create(null);
    });
    await connection.message("hello");
    assert.equal((await connection.message("hello")).replies.length, 1);
  }
});

Deno.test("a request with an aborted signal or an invalid timeout is not sent", async () => {
  await using server = serveQuietly();
  let calls = 0;
  server.operation("count", () => ++calls);
  await using connection = await connectTo(server);
  for (const options of [{ signal: AbortSignal.abort() }, { timeout: -1 }]) {
    await rejection(connection.operation("count", {}, options));
  }
  assert.equal(await connection.operation("count"), 1);
});
