import assert from "node:assert/strict";
import { type Server, tracked } from "../../server.ts";
import { runAgainst, startAgainst } from "../support/client_command.ts";
import { lateServer } from "../support/late_server.ts";
import { serveQuietly } from "../support/server.ts";

/** Returns the only client. */
function clientOf({ clients }: Server) {
  return [...clients][0];
}

/** Parses the lines of a command with `--json`, without the time. */
function parse(lines: readonly string[]) {
  return lines.map((line) => {
    const { time, ...rest } = JSON.parse(line);
    assert.equal(new Date(time).toISOString(), time);
    return rest;
  });
}

Deno.test("listen prints events until it is interrupted", async () => {
  await using server = serveQuietly();
  const command = startAgainst(server, ["listen", "--json"]);
  await command.output.line(/waiting for all events/);
  await server.broadcast("news", { n: 1 });
  await clientOf(server)!.message("hello", { n: 2 });
  await command.output.line(/hello/);
  const closed = clientOf(server)!.closed;
  assert.equal(await command.interrupt(), 130);
  assert.equal((await closed).code, 1000);
  assert.deepEqual(parse(command.printed), [
    { name: "news", data: { n: 1 } },
    { name: "hello", data: { n: 2 } },
  ]);
  assert.deepEqual(command.errors, [
    `connected to ${server.url}`,
    "waiting for all events; Ctrl-C ends",
  ]);
});

Deno.test("listen prints only the events with a given name", async () => {
  await using server = serveQuietly();
  const args = ["listen", "one", "three", "-n", "2", "--json"];
  const command = startAgainst(server, args);
  await command.output.line(/waiting for "one", "three"/);
  for (const name of ["one", "two", "three", "one"]) {
    await server.broadcast(name);
  }
  assert.equal(await command.ended, 0);
  const names = parse(command.printed).map(({ name }) => name);
  assert.deepEqual(names, ["one", "three"]);
});

Deno.test("listen connects again, and reports it on the standard error", async () => {
  const late = lateServer();
  const first = late.start();
  const command = startAgainst(late, ["listen", "-n", "1"]);
  await command.output.line(/waiting for/);
  await first.close();
  await using second = late.start();
  await command.output.line(
    /connection lost \(1012, "server closed.*"\), next attempt in [\d.]+ m?s/,
  );
  await command.output.line(/connected again/);
  await second.broadcast("news");
  assert.equal(await command.ended, 0);
  assert.match(command.printed[0]!, / news \{\}$/);
});

Deno.test("listen shows once why an attempt to reconnect failed", async () => {
  const late = lateServer();
  const server = late.start();
  const command = startAgainst(late, ["listen"]);
  await command.output.line(/waiting for/);
  await server.close();
  await command.output.line(/still not connected, next attempt in [\d.]+ m?s/);
  await command.interrupt();
  const reasons = command.errors.filter((line) =>
    /^Cannot connect to .*: no server answers there, next attempt in /
      .test(line)
  );
  assert.equal(reasons.length, 1, command.errors.join("\n"));
});

Deno.test("listen ends with 1 if the server does not want it any more", async () => {
  await using server = serveQuietly();
  const command = startAgainst(server, ["listen", "-q"]);
  while (server.clients.size === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await clientOf(server)!.close(4000, "go\x1b away");
  assert.equal(await command.ended, 1);
  assert.deepEqual(command.errors, [
    `error: The connection to ${server.url} has ended (4000, "go\\u001b away").`,
  ]);
});

Deno.test("a command ends with 0 when nothing reads its output any more", async () => {
  await using server = serveQuietly();
  server.operation("count", async function* () {
    for (let n = 1;; n++) yield n;
  });
  for (const args of [["listen"], ["stream", "count"]]) {
    const closed = new AbortController();
    const outputClosed = closed.signal;
    const command = startAgainst(server, args, {
      outputClosed,
      print: () => closed.abort(),
    });
    if (args[0] === "listen") {
      await command.output.line(/waiting for/);
      await server.broadcast("news");
    }
    assert.equal(await command.ended, 0);
    assert.deepEqual(command.errors.filter((line) => /error/.test(line)), []);
  }
});

Deno.test("stream prints the items, at most --count", async () => {
  await using server = serveQuietly();
  const ended = Promise.withResolvers<void>();
  server.operation("count", async function* ({ to = Infinity }) {
    try {
      for (let n = 1; n <= Number(to); n++) yield { n };
    } finally {
      ended.resolve();
    }
  });
  const all = await runAgainst(server, ["stream", "count", "to:=3"]);
  const lines = ['{"n":1}', '{"n":2}', '{"n":3}'];
  assert.deepEqual(all, { code: 0, printed: lines, errors: [] });
  const two = await runAgainst(server, ["stream", "count", "--count=2"]);
  assert.deepEqual(two.printed, lines.slice(0, 2));
  await ended.promise;
});

Deno.test("stream ends the generator of the server when it is interrupted", async () => {
  await using server = serveQuietly();
  const ended = Promise.withResolvers<void>();
  server.operation("ticks", async function* (_data, { signal }) {
    signal.addEventListener("abort", () => ended.resolve());
    yield 1;
    await ended.promise;
  });
  const command = startAgainst(server, ["stream", "ticks"]);
  await command.output.line(/^info 1$/);
  assert.equal(await command.interrupt(), 130);
  await ended.promise;
});

Deno.test("stream --resume continues after a reconnect", async () => {
  const late = lateServer();
  const start = () => {
    const server = late.start();
    server.operation("count", async function* (_data, { lastEventId, signal }) {
      const first = Number(lastEventId ?? 0) + 1;
      for (let n = first; n <= 4; n++) {
        if (n === 3 && first === 1) {
          await new Promise((resolve) =>
            signal.addEventListener("abort", resolve)
          );
          return;
        }
        yield tracked(`${n}`, n);
      }
    });
    return server;
  };
  const first = start();
  const command = startAgainst(late, ["stream", "count", "--resume"]);
  await command.output.line(/^info 2$/);
  await first.close();
  await using _second = start();
  assert.equal(await command.ended, 0);
  assert.deepEqual(command.printed, ["1", "2", "3", "4"]);
});

Deno.test("stream without --resume ends with its connection", async () => {
  await using server = serveQuietly();
  server.operation("ticks", async function* (_data, { signal }) {
    yield 1;
    await new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  });
  const command = startAgainst(server, ["stream", "ticks"]);
  await command.output.line(/^info 1$/);
  await clientOf(server)!.close(4000, "away");
  assert.equal(await command.ended, 1);
  assert.match(command.errors[0]!, /^error: .*the connection is closed/);
});

Deno.test("join prints the history, the messages and the members of a room", async () => {
  await using server = serveQuietly();
  server.defineRoom("lobby", {
    authorize: () => true,
    publish: true,
    history: { size: 10 },
    presence: () => ({ name: "\x1b[2JAda" }),
  });
  for (const n of [1, 2, 3]) {
    await server.room("lobby").broadcast("said", { n });
  }
  const args = ["join", "lobby", "--last", "2", "--members", "--json"];
  const command = startAgainst(server, args);
  await command.output.line(/joined "lobby"/);
  await server.room("lobby").broadcast("said", { n: 4 });
  await command.output.line(/"n":4/);
  assert.equal(await command.interrupt(), 130);
  const [joined, ...messages] = parse(command.printed);
  assert.equal(joined!.type, "joined");
  assert.deepEqual(joined!.presence, { name: "\x1b[2JAda" });
  assert(!command.printed.join("").includes("\x1b"));
  const shown = messages.map(({ type, name, from, data }) => [
    ...[type, name, from, data.n],
  ]);
  assert.deepEqual(shown, [2, 3, 4].map((n) => ["message", "said", null, n]));
  const { position } = messages[1]!;
  const since = await runAgainst(server, [
    ...["join", "lobby", "--since", position, "-n", "1", "--json", "-q"],
  ]);
  assert.deepEqual(parse(since.printed).map(({ data }) => data), [{ n: 4 }]);
});

Deno.test("join says why messages are missing", async () => {
  await using server = serveQuietly();
  server.defineRoom("lobby", { authorize: () => true, history: { size: 1 } });
  const lobby = server.room("lobby");
  const { position } = await lobby.broadcast("said", { n: 1 });
  for (const n of [2, 3]) await lobby.broadcast("said", { n });
  const args = ["join", "lobby", "--since", String(position)];
  const command = startAgainst(server, args);
  await command.output.line(/joined "lobby"/);
  await lobby.clear();
  await command.output.line(/started again/);
  await command.interrupt();
  assert.deepEqual(command.printed.map((line) => line.slice(9)), [
    "messages are missing: the history is too short",
    'said {"n":3}',
    "messages are missing: the history has started again",
  ]);
});

Deno.test("join --hidden shows the client to nobody", async () => {
  await using server = serveQuietly();
  server.defineRoom("lobby", { authorize: () => true });
  const hidden = startAgainst(server, ["join", "lobby", "--hidden"]);
  await hidden.output.line(/joined "lobby"/);
  assert.equal((await server.room("lobby").fetchMembers()).length, 0);
  const visible = startAgainst(server, ["join", "lobby"]);
  await visible.output.line(/joined "lobby"/);
  assert.equal((await server.room("lobby").fetchMembers()).length, 1);
  await hidden.interrupt();
  await visible.interrupt();
});

Deno.test("join ends with 1 when the server puts the client out", async () => {
  await using server = serveQuietly();
  server.defineRoom("lobby", { authorize: () => true });
  const command = startAgainst(server, ["join", "lobby", "-q"]);
  while (clientOf(server)?.rooms.length !== 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await clientOf(server)!.leave("lobby");
  assert.equal(await command.ended, 1);
  assert.deepEqual(command.errors, [
    "error: The client is no longer in the room: removed.",
  ]);
});

Deno.test("join rejects --last together with --since, and a wrong position", async () => {
  await using server = serveQuietly();
  server.defineRoom("lobby", { authorize: () => true });
  const args = ["join", "lobby", "--since", "a b"];
  const both = await runAgainst(server, [...args, "--last", "1"]);
  assert.equal(both.code, 2);
  assert.deepEqual(both.errors, [
    "error: Use either --last or --since, not both.",
  ]);
  const wrong = await runAgainst(server, [...args, "-q"]);
  assert.equal(wrong.code, 2);
});
