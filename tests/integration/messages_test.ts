import assert from "node:assert/strict";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, RawClient } from "../support/raw_client.ts";
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
      new RegExp(
        `^error error: .*: a listener failed\n  Error: ${name}\n\\s+at `,
      ),
    );
  }
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

Deno.test("message ids are unique in a server", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  await using one = await RawClient.logIn(server);
  await using two = await RawClient.logIn(server);
  const ids: number[] = [];
  for (const client of [one, two, one]) {
    client.send(message(1, "hello"));
    for (const _ of ["open", "newmsg"]) ids.push((await client.next()).data.id);
    await client.next();
  }
  await server.broadcast("news");
  ids.push((await one.next()).data.id);
  assert.equal(new Set(ids).size, 7);
});
