/** Tests the commands `admin …` against a real server. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { run } from "../support/command_line.ts";
import { serveQuietly } from "../support/server.ts";

const TOKENS = [
  { name: "ops", token: "secret of ops", admin: true },
  { name: "web", token: "secret of web" },
];

function serveAdmins(options: ServeOptions = {}): Server {
  return serveQuietly({ tokens: TOKENS, ...options });
}

function runAdmin(
  { url }: Pick<Server, "url">,
  args: readonly string[],
  token = "secret of ops",
) {
  return run(["admin", ...args, "-u", url, "-t", token]);
}

Deno.test("admin clients prints a table of all clients", async () => {
  await using server = serveAdmins();
  const { url } = server;
  await using _client = await connect("secret of web", { url });
  const { code, printed, errors } = await runAdmin(server, ["clients"]);
  assert.equal(code, 0, errors.join());
  const [titles, ...rows] = printed.join().split("\n");
  assert.match(titles!, /^ID +NAME +AGE +ROOMS +PENDING +BUFFERED +ADDRESS/);
  assert.match(rows[0]!, /^ 1 +web +0 s +0 +0 +0 B +127\.0\.0\.1:\d+ +1\.1\.0/);
  assert.match(rows[1]!, /^ 2 +ops \(this\) +0 s /);
  assert.deepEqual(errors, ["2 clients, including 1 admin (this command)"]);
});

Deno.test("admin clients prints a line of JSON for each of many clients", async () => {
  await using server = serveAdmins();
  const { url } = server;
  const clients = await Promise.all(
    Array.from({ length: 150 }, () => connect("secret of web", { url })),
  );
  const { printed } = await runAdmin(server, ["clients", "--json"]);
  const found = printed.map((line) => JSON.parse(line));
  assert.equal(found.length, 151);
  assert.equal(new Set(found.map(({ id }) => id)).size, 151);
  const own = found.filter(({ isSelf }) => isSelf);
  assert.deepEqual(own.map(({ name }) => name), ["ops"]);
  await Promise.all(clients.map((client) => client.close()));
});

Deno.test("admin rooms prints the rooms with a prefix", async () => {
  await using server = serveAdmins();
  server.defineRoom("chat:{id}", { authorize: () => true });
  server.defineRoom("news", { authorize: () => true });
  await using client = await connect("secret of web", { url: server.url });
  for (const room of ["chat:a", "chat:b", "news"]) await client.join(room);
  const all = await runAdmin(server, ["rooms"]);
  assert.deepEqual(all.errors, ["3 rooms"]);
  assert.match(all.printed.join(), /^ROOM +PATTERN +CLIENTS +MEMBERS\nchat:a /);
  const { printed } = await runAdmin(server, ["rooms", "chat:", "--json"]);
  assert.deepEqual(
    printed.map((line) => JSON.parse(line).name),
    ["chat:a", "chat:b"],
  );
});

Deno.test("admin broadcast sends an event to all clients", async () => {
  await using server = serveAdmins();
  await using client = await connect("secret of web", { url: server.url });
  const received = Promise.withResolvers<unknown>();
  client.receive("news", ({ data }) => received.resolve(data));
  const args = ["broadcast", "news", "title=Hi", "n:=1"];
  const { code, printed, errors } = await runAdmin(server, args);
  assert.equal(code, 0, errors.join());
  assert.deepEqual(await received.promise, { title: "Hi", n: 1 });
  assert.deepEqual(printed, [
    "delivered to 2 clients (including this command), 0 skipped, 0 failed",
  ]);
  // The own connection of the command gets the event, too.
  assert.deepEqual(errors, []);
});

Deno.test("admin disconnect closes a client with a reason", async () => {
  await using server = serveAdmins();
  await using client = await connect("secret of web", { url: server.url });
  const args = ["disconnect", "1", "--code", "4001", "--reason", "Maintenance"];
  const { code, printed, errors } = await runAdmin(server, args);
  assert.equal(code, 0, errors.join());
  assert.deepEqual(printed, ["disconnected client 1"]);
  assert.deepEqual(await client.closed, { code: 4001, reason: "Maintenance" });
  const gone = await runAdmin(server, ["disconnect", "1"]);
  assert.equal(gone.code, 70);
  assert.match(
    gone.errors.join(),
    /No client with this id is connected\. List the clients/,
  );
});

Deno.test("admin disconnect says what identifies a client", async () => {
  await using server = serveAdmins();
  const { code, errors } = await runAdmin(server, ["disconnect", "xyz"]);
  assert.equal(code, 2);
  assert.match(errors.join(), /CLIENT must be an ID [^]* of a client\.$/);
  assert.doesNotMatch(errors.join(), /xyz/);
});

Deno.test("admin disconnect finds a client by its global id", async () => {
  await using server = serveAdmins();
  await using client = await connect("secret of web", { url: server.url });
  const [{ globalId = "" } = {}] = [...server.clients];
  const { code } = await runAdmin(server, ["disconnect", globalId]);
  assert.equal(code, 0);
  assert.equal((await client.closed).code, 1000);
});

Deno.test("admin revoke disconnects the clients of a token", async () => {
  await using server = serveAdmins();
  await using client = await connect("secret of web", { url: server.url });
  const { code, printed } = await runAdmin(server, ["revoke", "web"]);
  assert.equal(code, 0);
  assert.match(
    printed.join(),
    /revoked the token "web", and closed 1 connecti/,
  );
  await client.closed;
  const again = await runAdmin(server, ["revoke", "nobody"]);
  assert.equal(again.code, 70);
  assert.match(again.errors.join(), /does not exist/);
});

Deno.test("admin revoke explains why there is no answer about its own token", async () => {
  await using server = serveAdmins();
  const { code, errors } = await runAdmin(server, ["revoke", "ops"]);
  assert.equal(code, 1);
  assert.match(errors.join(), /The token of this command was revoked/);
  await assert.rejects(connect("secret of ops", { url: server.url }));
});

Deno.test("an admin command explains that its token is not that of an admin", async () => {
  await using server = serveAdmins();
  for (const args of [["clients"], ["rooms"], ["top"], ["revoke", "ops"]]) {
    const { code, errors } = await runAdmin(server, args, "secret of web");
    assert.equal(code, 74);
    assert.match(errors.join(), /the token is not that of an admin\. Pass a/);
  }
});

Deno.test("an admin command explains that a server has no admins", async () => {
  await using server = serveQuietly();
  for (const args of [["clients"], ["rooms"]]) {
    const { code, errors } = await runAdmin(server, args, "test");
    assert.equal(code, 69);
    assert.match(errors.join(), /it has no admins\. Give one of its 'tokens'/);
  }
});

Deno.test("an admin command rejects data that no admin contract allows", async () => {
  await using server = serveQuietly();
  server.operation("other", () => {});
  const { code } = await runAdmin(
    server,
    ["broadcast", "news", "oops"],
    "test",
  );
  assert.equal(code, 2);
});

Deno.test("the names of other programs lead to the admin commands", async () => {
  const { code, errors } = await run(["admin", "kick"]);
  assert.equal(code, 2);
  assert.match(errors.join(), /Did you mean 'admin disconnect'\?/);
  const misspelt = await run(["admin", "clinets"]);
  assert.match(misspelt.errors.join(), /Did you mean 'admin clients'\?/);
});
