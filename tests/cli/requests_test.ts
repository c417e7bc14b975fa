import assert from "node:assert/strict";
import { z } from "zod";
import { ErrorCode } from "../../common/codes.ts";
import { ApplicationError, defineContract, serve } from "../../server.ts";
import { runAgainst, startAgainst } from "../support/client_command.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { lateServer } from "../support/late_server.ts";
import { ACCEPT_ALL } from "../support/schemas.ts";
import { serveQuietly } from "../support/server.ts";

Deno.test("call prints the result", async () => {
  await using server = serveQuietly();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  server.operation("echo", (data) => data);
  server.operation("nothing", () => {});
  const add = await runAgainst(server, ["call", "add", "a:=1", "b:=2"]);
  assert.deepEqual(add, { code: 0, printed: ["3"], errors: [] });
  const echo = await runAgainst(server, ["call", "echo", "a=1"]);
  assert.deepEqual(echo.printed, ['{\n  "a": "1"\n}']);
  const json = await runAgainst(server, ["call", "echo", "a=1", "--json"]);
  assert.deepEqual(json.printed, ['{"a":"1"}']);
  const nothing = await runAgainst(server, ["call", "nothing"]);
  assert.deepEqual(nothing.printed, ["null"]);
});

Deno.test("call sends the data of a file and of the standard input", async () => {
  await using server = serveQuietly();
  server.operation("echo", (data) => data);
  const args = ["call", "echo", "--json"];
  const file = await runAgainst(server, [...args, "-d", "@a.json", "b=2"], {
    readTextFile: () => Promise.resolve('{"a":1,"b":1}'),
  });
  assert.deepEqual(file.printed, ['{"a":1,"b":"2"}']);
  const input = await runAgainst(server, [...args, "--data", "-"], {
    readInput: () => Promise.resolve('{"a":1}'),
  });
  assert.deepEqual(input.printed, ['{"a":1}']);
});

Deno.test("a rejected string that is other JSON shows how to send JSON", async () => {
  const input = z.object({ to: z.number(), by: z.string() });
  const contract = defineContract({
    messages: { say: z.object({ n: z.number() }) },
    operations: { call: { input }, count: { input, yields: z.number() } },
  });
  const options = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  await using server = serve("test", { ...options, contract });
  server.receive("say", () => {});
  server.operation("call", () => {});
  server.operation("count", async function* () {});
  const advice = async (...args: string[]) => {
    const { code, errors } = await runAgainst(server, args);
    assert.equal(code, 64 + ErrorCode.INVALID_CONTENT);
    return errors.join().replace(/^.* received (string|null)\.? ?/, "");
  };
  const number = 'The field "to" is a string. For JSON, write to:=VALUE.';
  assert.equal(await advice("call", "call", "by=1", "to=3"), number);
  assert.equal(await advice("stream", "count", "by=1", "to=3"), number);
  const other = 'The field "n" is a string. For JSON, write n:=VALUE.';
  assert.equal(await advice("send", "say", "n=null"), other);
  assert.equal(await advice("request", "say", "n=null"), other);
  // Other words, a string as JSON, and a value that is no string.
  assert.equal(await advice("call", "call", "by=1", "to=three"), "");
  assert.equal(await advice("call", "call", "by=1", 'to="3"'), "");
  assert.equal(await advice("call", "call", "by=1", 'to:="3"'), "");
  assert.equal(await advice("call", "call", "by=1", "to:=null"), "");
});

const SENT =
  "sent, without a reply. Servers accept messages without a listener, too";

Deno.test("send prints each reply, and succeeds without one", async () => {
  await using server = serveQuietly();
  server.receive("hello", async (message) => {
    await message.reply("hi", { n: 1 });
    await message.reply("hi", { n: 2 });
  });
  server.receive("silent", () => {});
  const json = await runAgainst(server, ["send", "hello", "--json"]);
  assert.equal(json.code, 0);
  assert.deepEqual(json.printed.map((line) => JSON.parse(line)), [
    { name: "hi", data: { n: 1 } },
    { name: "hi", data: { n: 2 } },
  ]);
  const plain = await runAgainst(server, ["send", "hello"]);
  assert.match(plain.printed[0]!, /^\d\d:\d\d:\d\d hi \{"n":1\}$/);
  const silent = await runAgainst(server, ["send", "silent"]);
  assert.deepEqual(silent, {
    code: 0,
    printed: [],
    errors: [SENT],
  });
  // The server answers in the same way if nothing listens, or if it is an operation.
  server.operation("add", () => 1);
  const operation = await runAgainst(server, ["send", "add"]);
  assert.deepEqual(operation, { code: 0, printed: [], errors: [SENT] });
  const quiet = await runAgainst(server, ["send", "silent", "-q"]);
  assert.deepEqual(quiet, { code: 0, printed: [], errors: [] });
});

Deno.test("request prints the first reply, and fails without one", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => {
    message.reply("hi", { text: `Welcome, ${message.data.name}` });
    message.reply("hi", { text: "again" });
  });
  server.receive("silent", () => {});
  const args = ["request", "hello", "name=Ada"];
  const plain = await runAgainst(server, args);
  const text = "Welcome, Ada";
  assert.deepEqual(plain.printed, [JSON.stringify({ text }, null, 2)]);
  const json = await runAgainst(server, [...args, "--json"]);
  assert.deepEqual(JSON.parse(json.printed[0]!), {
    name: "hi",
    data: { text },
  });
  const silent = await runAgainst(server, ["request", "silent"]);
  assert.equal(silent.code, 1);
  assert.match(
    silent.errors[0]!,
    /^error: Cannot finish request "silent": no listener.* use 'hoist call'\.$/,
  );
});

Deno.test("publish joins the room unseen, and publishes", async () => {
  await using server = serveQuietly();
  const joins: string[] = [];
  server.defineRoom("lobby", {
    authorize: () => true,
    publish: true,
    history: { size: 10 },
    onJoin: () => void joins.push("visible"),
  });
  const seen = startAgainst(server, ["join", "lobby", "--members", "--json"]);
  await seen.output.line(/joined "lobby"/);
  const args = ["publish", "lobby", "said", "text=Hi"];
  const plain = await runAgainst(server, args);
  assert.deepEqual([plain.code, plain.printed], [0, []]);
  assert.match(plain.errors[0]!, /^published at the position /);
  const json = await runAgainst(server, [...args, "--json"]);
  const { position, duplicate } = JSON.parse(json.printed[0]!);
  assert.deepEqual([typeof position, duplicate], ["string", false]);
  await seen.output.line(new RegExp(position));
  assert.equal(await seen.interrupt(), 130);
  const types = seen.printed.map((line) => JSON.parse(line).type);
  assert.deepEqual(types, ["joined", "message", "message"]);
  // The only member that joined is the one that watches.
  assert.deepEqual(joins, ["visible"]);
});

Deno.test("the exit code of an error frame is 64 plus its code", async () => {
  await using server = serveQuietly({
    authorize: (_client, { name }) => name !== "secret",
  });
  server.operation("fail", () => {
    throw new Error("on purpose");
  });
  server.operation("secret", () => 1);
  server.operation("one", () => 1);
  server.operation("items", async function* () {});
  server.defineRoom("closed", {});
  for (
    const [args, code, message] of [
      ["call nope", 69, /UNKNOWN_OPERATION/],
      ["call fail", 70, /SERVER_ERROR/],
      ["call items", 71, /Use 'hoist stream'\.$/],
      ["stream one", 71, /Use 'hoist call'\.$/],
      ["call secret", 74, /FORBIDDEN/],
      ["publish closed said", 74, /FORBIDDEN/],
      ["join closed", 74, /FORBIDDEN/],
    ] as const
  ) {
    const outcome = await runAgainst(server, [...args.split(" "), "-q"]);
    assert.deepEqual([outcome.code, outcome.printed], [code, []], args);
    assert.equal(outcome.errors.length, 1);
    assert.match(outcome.errors[0]!, message);
  }
});

Deno.test("the error of an application is shown with its message", async () => {
  await using server = serveQuietly();
  server.operation("buy", () => {
    throw new ApplicationError("sold_out", { message: "No\x1b[2J seats" });
  });
  const { code, errors } = await runAgainst(server, ["call", "buy"]);
  assert.equal(code, 70);
  assert.equal(
    errors[0],
    "error: No\\u{1b}[2J seats. Kind: sold_out.",
  );
});

Deno.test("the error of an application is shown with its kind and its details", async () => {
  await using server = serveQuietly();
  const details = { left: 3, hint: "\u202e" };
  server.operation("buy", () => {
    throw new ApplicationError("sold_out", { message: "No seats.", details });
  });
  server.operation("shut", () => {
    throw new ApplicationError("closed");
  });
  const buy = await runAgainst(server, ["call", "buy"]);
  assert.deepEqual(buy.errors, [
    'error: No seats. Kind: sold_out. Details: {"left":3,"hint":"\\u{202e}"}',
  ]);
  const shut = await runAgainst(server, ["call", "shut"]);
  assert.deepEqual(shut.errors, ["error: closed"]);
});

Deno.test("no server, a wrong token and a timeout have exit codes of their own", async () => {
  const { url } = lateServer();
  const none = await runAgainst({ url }, ["call", "add"]);
  assert.deepEqual([none.code, none.printed], [3, []]);
  assert.match(none.errors[0]!, /no server answers/);

  await using server = serveQuietly({ minimumVersion: "99.0.0" });
  const old = await runAgainst(server, ["call", "add"]);
  assert.deepEqual([old.code, old.errors.length], [4, 1]);

  await using other = serveQuietly();
  other.operation("hang", () => new Promise(() => {}));
  const wrong = await runAgainst(other, ["call", "add", "-t", "secret-token"]);
  assert.deepEqual([wrong.code, wrong.errors.length], [4, 1]);
  assert.doesNotMatch(wrong.errors[0]!, /secret-token/);
  // The connection has to be open before.
  const late = await runAgainst(other, ["call", "hang", "--timeout", "2s"]);
  assert.equal(late.code, 5);
  assert.match(late.errors[0]!, /no response within 2000 ms\. Raise --timeout/);
});

Deno.test("a command that is interrupted closes its connection, and ends with 130", async () => {
  await using server = serveQuietly();
  const called = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<number>();
  server.operation("hang", (_data, { client }) => {
    client.closed.then(({ code }) => closed.resolve(code));
    called.resolve();
    return new Promise(() => {});
  });
  const command = startAgainst(server, ["call", "hang"]);
  await called.promise;
  assert.equal(await command.interrupt(), 130);
  assert.equal(await closed.promise, 1000);
  assert.deepEqual([command.printed, command.errors], [[], []]);
});

Deno.test("a command that is interrupted while it connects ends with 130", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const command = startAgainst({ url }, ["call", "add"]);
  using _accepted = await listener.accept();
  assert.equal(await command.interrupt(), 130);
  assert.deepEqual(command.errors, []);
});

Deno.test("asks for the token if there is none, and fails if there is no terminal", async () => {
  await using server = serveQuietly();
  server.operation("one", () => 1);
  const questions: string[] = [];
  const readTokenVariable = () => ({ isDenied: true });
  const asked = await runAgainst(server, ["call", "one"], {
    readTokenVariable,
    askSecret: (question) => {
      questions.push(question);
      return Promise.resolve("test");
    },
  });
  assert.deepEqual([asked.code, asked.printed], [0, ["1"]]);
  assert.deepEqual(questions, ["Token of the server:"]);
  for (const answer of [null, ""]) {
    const none = await runAgainst(server, ["call", "one"], {
      readTokenVariable,
      askSecret: () => Promise.resolve(answer),
    });
    assert.deepEqual([none.code, none.errors], [2, [
      "error: There is no token. Use --token-file, or set HOIST_TOKEN and run with --allow-env=HOIST_TOKEN.",
    ]]);
  }
});

Deno.test("reads the token from a file, and warns if others can read it", async () => {
  await using server = serveQuietly();
  server.operation("one", () => 1);
  const args = ["call", "one", "--token-file", "token.txt"];
  const files = { readTextFile: () => Promise.resolve("test\n") };
  const safe = await runAgainst(server, args, files);
  assert.deepEqual(safe, { code: 0, printed: ["1"], errors: [] });
  const exposed = { ...files, readFileMode: () => Promise.resolve(0o100644) };
  const { errors } = await runAgainst(server, args, exposed);
  assert.match(errors[0]!, /chmod 600 token\.txt$/);
  const quiet = await runAgainst(server, [...args, "-q"], exposed);
  assert.deepEqual(quiet.errors, []);
});

Deno.test("--token and --token-file cannot be combined", async () => {
  const { url } = lateServer();
  const args = ["call", "one", "-t", "a", "--token-file", "b"];
  const { code, errors } = await runAgainst({ url }, args);
  assert.equal(code, 2);
  assert.match(errors[0]!, /Use either --token or --token-file, not both\./);
});

Deno.test("invalid data is noticed before the command connects", async () => {
  const { url } = lateServer();
  const { code, errors } = await runAgainst({ url }, ["call", "add", "a"], {
    readTokenVariable: () => assert.fail("the token was read"),
  });
  assert.equal(code, 2);
  assert.match(errors[0]!, /must be KEY=VALUE or KEY:=JSON/);
});

Deno.test("a URL can omit its scheme and the host of this machine", async () => {
  await using server = serveQuietly();
  server.operation("one", () => 1);
  const { port } = server.addr as Deno.NetAddr;
  for (
    const url of [`127.0.0.1:${port}`, `:${port}`, `ws://127.0.0.1:${port}`]
  ) {
    const args = ["call", "one", "-u", url];
    const { code, errors } = await runAgainst(server, args);
    assert.deepEqual([code, errors], [0, []], url);
  }
  const { code } = await runAgainst(server, ["call", "one", "-u", "a b"]);
  assert.equal(code, 2);
});

Deno.test("does not warn of events that the server sends meanwhile", async () => {
  await using server = serveQuietly();
  server.operation("one", async () => {
    await server.broadcast("news", {});
    return 1;
  });
  const { printed, errors } = await runAgainst(server, ["call", "one"]);
  assert.deepEqual([printed, errors], [["1"], []]);
});

const CONTRACT = defineContract({
  messages: { hello: ACCEPT_ALL },
  operations: { "orders.list": {}, "orders.rows": { yields: ACCEPT_ALL } },
});

Deno.test("suggests a name of the contract, if the server shows it", async () => {
  for (const exposeContract of [true, false]) {
    await using server = serve("test", {
      hostname: "127.0.0.1",
      port: 0,
      logger: new LogRecorder(),
      contract: CONTRACT,
      exposeContract,
    });
    for (
      const [args, name] of [
        ["call orders.lst", "orders.list"],
        ["stream order.rows", "orders.rows"],
        ["send helo", "hello"],
        ["request helo", "hello"],
      ] as const
    ) {
      const { code, errors } = await runAgainst(server, args.split(" "));
      assert(code > 64, `${code}`);
      assert.equal(errors.length, 1);
      const suggests = errors[0]!.endsWith(` Did you mean '${name}'?`);
      assert.equal(suggests, exposeContract, errors[0]);
    }
  }
});

Deno.test("says that a name is of the other kind, if the server shows its contract", async () => {
  await using server = serve("test", {
    ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder() },
    ...{ contract: CONTRACT, exposeContract: true },
  });
  for (
    const [args, advice] of [
      ["send orders.list", "It is an operation: use 'hoist call'."],
      ["request orders.rows", "It is a stream: use 'hoist stream'."],
      ["call hello", "It is a message: use 'hoist send'."],
      ["stream hello", "It is a message: use 'hoist send'."],
    ] as const
  ) {
    const { code, errors } = await runAgainst(server, args.split(" "));
    assert(code > 64, `${code}`);
    assert(errors.join().endsWith(` ${advice}`), errors.join());
  }
});

Deno.test("an address that is locked out has the exit code of a wrong token", async () => {
  await using server = serveQuietly({ limits: { maxLoginFailures: 1 } });
  for (const token of ["wrong", "test"]) {
    const result = await runAgainst(server, ["call", "add", "-t", token]);
    assert.equal(result.code, 4, result.errors.join());
  }
});
