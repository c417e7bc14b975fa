/** Which clients are admins, and what all others get. */

import assert from "node:assert/strict";
import { adminContract } from "../../admin/mod.ts";
import { connect } from "../../client.ts";
import { defineContract } from "../../mod.ts";
import type { AdminCandidate, ServeOptions } from "../../server.ts";
import {
  ADMIN_TOKEN,
  assertForbidden,
  connectAdmin,
  connectPlain,
  itemsOf,
  PLAIN_TOKEN,
  serveAdmin,
  TOKENS,
} from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { message, operation, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate, pause } from "../support/timing.ts";

/** Names of the admin contract, and names that it does not have. */
const NAMES = [
  ...Object.keys(adminContract.operations),
  ...["hoist.admin.", "hoist.admin.unknown", "hoist.admin.toString"],
];

Deno.test("a client that is no admin gets the same answer for all names", async () => {
  await using server = serveAdmin();
  await using raw = await RawClient.open(server);
  const features = ["stream", "done-id"];
  raw.send({ id: 0, token: PLAIN_TOKEN, version: "1.0.0", features });
  await raw.next();
  const answers = new Set<string>();
  let id = 0;
  for (const name of NAMES) {
    raw.send(operation(++id, name));
    raw.send(operation(++id, name, { client: 1, room: "a", name: 5 }));
    raw.send({
      id: ++id,
      action: "stream",
      data: { operation: name, data: {}, credit: 10 },
    });
    raw.send(message(++id, name));
    for (const frame of await raw.take(4)) {
      answers.add(JSON.stringify({ ...frame, id: 0 }));
    }
  }
  assert.equal(answers.size, 1, [...answers].join("\n"));
  assert.match([...answers][0]!, /"code":10,/);
});

Deno.test("a server without admins does not know the names", async () => {
  await using server = serveAdmin({
    tokens: TOKENS.map((token) => ({ ...token, admin: false })),
  });
  await using ops = await connectAdmin(server);
  for (const name of ["hoist.admin.health", "hoist.admin.limits"] as const) {
    await assert.rejects(ops.operation(name), { code: 5 });
  }
});

Deno.test("a wrong token and a token of another name are no admins", async () => {
  await using server = serveAdmin();
  await assert.rejects(connectAdmin(server, "wrong"), { name: "LoginError" });
  await using plain = await connectAdmin(server, PLAIN_TOKEN);
  await assertForbidden(plain.operation("hoist.admin.health"));
  await assertForbidden(itemsOf(plain.stream("hoist.admin.log")).next());
});

Deno.test("the token of the server is no admin", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  await using main = await connectAdmin(server, "test");
  await assertForbidden(main.operation("hoist.admin.health"));
});

/** Values that a login could take for rights. */
const IDENTITIES = [
  { admin: true },
  { name: "ops", admin: true, isAdmin: true, role: "admin" },
  { credential: { isAdmin: true }, identity: { admin: true } },
];

for (const identity of IDENTITIES) {
  const shown = JSON.stringify(identity);
  Deno.test(`a login that returns ${shown} makes no admin`, async () => {
    const options = { login: () => identity };
    await using without = serveQuietly(options);
    await using first = await connectAdmin(without, "any");
    await assert.rejects(first.operation("hoist.admin.health"), { code: 5 });
    const admin = () => false;
    await using server = serveQuietly({ ...options, admin });
    await using second = await connectAdmin(server, "any");
    await assertForbidden(second.operation("hoist.admin.health"));
  });
}

for (const isAsync of [false, true]) {
  const kind = isAsync ? "an asynchronous" : "a";
  Deno.test(`${kind} function 'admin' gets the client, and decides each time`, async () => {
    const asked: unknown[] = [];
    const names = new Set(["ada"]);
    const decide = ({ identity }: AdminCandidate) => {
      asked.push(identity);
      const { name } = identity as { name: string };
      return names.has(name);
    };
    const admin = isAsync
      ? (candidate: AdminCandidate) => Promise.resolve(decide(candidate))
      : decide;
    const login = (_server: unknown, token: string) => ({ name: token });
    await using server = serveQuietly({ login, admin });
    await using ada = await connectAdmin(server, "ada");
    await using bob = await connectAdmin(server, "bob");
    assert.deepEqual(asked, []);
    await ada.operation("hoist.admin.health");
    await assertForbidden(bob.operation("hoist.admin.health"));
    assert.deepEqual(asked, [{ name: "ada" }, { name: "bob" }]);
    const { joined } = await itemsOf(ada.stream("hoist.admin.clients")).next();
    assert.deepEqual(joined.map(({ name, isAdmin }) => [name, isAdmin]), [
      ["ada", true],
      ["bob", false],
    ]);
    names.clear();
    await assertForbidden(ada.operation("hoist.admin.health"));
  });
}

Deno.test("a named admin needs no function, and the function can add others", async () => {
  await using server = serveAdmin({
    admin: ({ user }) => user === "plain",
  });
  await using ops = await connectAdmin(server);
  await using plain = await connectAdmin(server, PLAIN_TOKEN);
  await ops.operation("hoist.admin.health");
  await plain.operation("hoist.admin.health");
});

/** Functions that decide nothing. */
const FAULTY: Readonly<Record<string, () => unknown>> = {
  "throws": () => {
    throw new Error("no database");
  },
  "rejects": () => Promise.reject(new Error("no database")),
  "returns undefined": () => undefined,
  "returns 1": () => 1,
  'returns "true"': () => "true",
  "resolves to an object": () => Promise.resolve({ admin: true }),
  "returns a hostile thenable": () => ({
    then: () => {
      throw new Error("no database");
    },
  }),
};

for (const [what, admin] of Object.entries(FAULTY)) {
  Deno.test(`if 'admin' ${what}, the client is no admin, and the log shows it`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, admin } as ServeOptions);
    await using client = await connectAdmin(server, "test");
    await assertForbidden(client.operation("hoist.admin.health"));
    await assertForbidden(itemsOf(client.stream("hoist.admin.log")).next());
    const lines = logger.lines.filter((line) =>
      line.includes("the function 'admin' failed")
    );
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /^error error: 127\.0\.0\.1:\d+: /);
  });
}

Deno.test("if 'admin' does not decide, the client is no admin", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    admin: () => new Promise<boolean>(() => {}),
    limits: { loginTimeout: 500 },
  });
  await using client = await connectAdmin(server, "test");
  await assertForbidden(client.operation("hoist.admin.health"));
  await logger.line(/'admin' has not decided within 500 ms/);
});

Deno.test("a client that fails again and again cannot flood the log", async () => {
  const logger = new LogRecorder();
  const admin = () => {
    throw new Error("no database");
  };
  await using server = serveQuietly({ logger, admin });
  await using client = await connectAdmin(server, "test");
  const requests = Array.from(
    { length: 200 },
    () => assertForbidden(client.operation("hoist.admin.health")),
  );
  await Promise.all(requests);
  assert(logger.lines.length < 100, `${logger.lines.length} lines`);
});

Deno.test("authorize, middleware, limits and listeners do not see admin requests", async () => {
  const seen: string[] = [];
  await using server = serveAdmin({
    authorize: (_client, { name }) => {
      seen.push(`authorize ${name}`);
      return false;
    },
  });
  server.use(async ({ name }, next) => {
    seen.push(`middleware ${name}`);
    return await next();
  });
  server.receive(({ name }) => void seen.push(`listener ${name}`));
  await using ops = await connectAdmin(server);
  await using plain = await connectPlain(server);
  await ops.operation("hoist.admin.health");
  await itemsOf(ops.stream("hoist.admin.stats")).next();
  await assertForbidden(plain.message("hoist.admin.health"));
  await assertForbidden(plain.operation("hoist.admin.health"));
  assert.deepEqual(seen, []);
});

Deno.test("an admin can use the contract of the application, and its own", async () => {
  const contract = defineContract({ operations: { add: {} } });
  await using server = serveAdmin({ contract } as object);
  server.operation("add", () => 3);
  await using ops = await connect(ADMIN_TOKEN, { url: server.url });
  assert.equal(await ops.operation("add"), 3);
  const health = await ops.operation("hoist.admin.health");
  assert.equal(Object(health).status, "ok");
});

Deno.test("a revoked admin loses its connection and its streams", async () => {
  await using server = serveAdmin();
  const ops = await connectAdmin(server);
  const stats = itemsOf(ops.stream("hoist.admin.stats", { interval: 100 }));
  await stats.next();
  await server.revoke("ops");
  assert.equal((await ops.closed).code, 1008);
  await assert.rejects(async () => {
    while (true) await stats.next();
  }, { name: "ConnectionClosedError" });
  await assert.rejects(connectAdmin(server), { name: "LoginError" });
});

Deno.test("the requests of one client wait for the same decision", async () => {
  const { opened, open } = gate();
  let count = 0;
  await using server = serveQuietly({
    admin: async () => {
      count++;
      await opened;
      return true;
    },
  });
  await using client = await connectAdmin(server, "test");
  const requests = Array.from(
    { length: 50 },
    () => client.operation("hoist.admin.health"),
  );
  while (count === 0) await pause(10);
  await pause(50);
  open();
  await Promise.all(requests);
  assert.equal(count, 1);
  await client.operation("hoist.admin.health");
  assert.equal(count, 2);
});
