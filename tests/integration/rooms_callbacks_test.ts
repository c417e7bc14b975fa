/** The functions of a room definition, which can do anything. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import { PublishError } from "../../common/errors.ts";
import type { Client, RoomOptions } from "../../server.ts";
import { fail, HOSTILE, REVOKED } from "../support/attacks.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick, gate, pause } from "../support/timing.ts";

/** Starts a server with the rooms `a`, `b` and so on. */
function serveRooms(options: RoomOptions) {
  const logger = new LogRecorder();
  const server = serveQuietly({ logger });
  server.defineRoom("{name}", { authorize: () => true, ...options });
  return { server, logger };
}

Deno.test("a query builder that 'onLeave' returns runs once when the server closes", async () => {
  let runs = 0;
  const query = {
    then: (resolve: () => void) => {
      runs++;
      setTimeout(resolve);
    },
  };
  const { server } = serveRooms({ onLeave: () => query });
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  await server.close();
  assert.equal(runs, 1);
});

/** An error of the application that cannot be read. */
class PublishErrorWithTrap extends PublishError {
  constructor() {
    super("no", "none");
    Object.defineProperty(this, "outcome", { get: fail });
  }
}

const NONSENSE: readonly unknown[] = [
  ...[undefined, null, false, 0, 1, "", "yes", [], [true], () => true],
  ...[{ histry: false }, { history: 0 }, { publish: "yes" }],
  ...[new Error("no"), Promise.resolve(new Map()), new Response()],
];

Deno.test("a client joins only if 'authorize' returns true or valid rights", async () => {
  let result: unknown;
  const { server } = serveRooms({ authorize: () => result as never });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  for (result of NONSENSE) {
    const { code } = await ada.ask("join", { room: "a" });
    assert.notEqual(code, 0, String(result));
    assert.deepEqual(server.room("a").members(), []);
    assert.deepEqual([...server.clients][0]?.rooms, []);
  }
  for (result of [true, {}, { history: true }, { publish: false }]) {
    assert.equal((await ada.join("a")).publish, false);
  }
  result = Promise.resolve({ publish: true, history: undefined });
  assert.equal((await ada.join("a")).publish, true);
});

Deno.test("an 'authorize' that fails is logged, and the connection stays", async () => {
  let fail = (): never => {
    throw new Error("synchronous");
  };
  const { server, logger } = serveRooms({ authorize: () => fail() });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  assert.equal(
    (await ada.ask("join", { room: "a" })).code,
    ErrorCode.SERVER_ERROR,
  );
  await logger.line(/join of room "a" failed.*synchronous/s);
  fail = () => Promise.reject(new Error("asynchronous")) as never;
  assert.equal(
    (await ada.ask("join", { room: "a" })).code,
    ErrorCode.SERVER_ERROR,
  );
  await logger.line(/join of room "a" failed.*asynchronous/s);
  fail = () => ({ histry: false }) as never;
  await ada.ask("join", { room: "a" });
  await logger.line(/unknown option 'histry'/);
});

Deno.test("a client gets an answer, whatever 'authorize' and 'publish' throw", async () => {
  let decide = (): unknown => true;
  const call = () => decide() as true;
  const { server } = serveRooms({ authorize: call, publish: call });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  const message = { room: "a", message: "m", data: {}, key: "k" };
  for (const thrown of [HOSTILE, REVOKED, null, new PublishErrorWithTrap()]) {
    const decisions = [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ];
    for (decide of decisions) {
      const published = await ada.ask("publish", message);
      assert.equal(published.code, ErrorCode.SERVER_ERROR);
      const joined = await ada.ask("join", { room: "b" });
      assert.equal(joined.code, ErrorCode.SERVER_ERROR);
    }
  }
});

Deno.test("'authorize' is called at each join, and a refusal ends the membership", async () => {
  let isAllowed = true;
  const calls: unknown[] = [];
  const left: unknown[] = [];
  const { server } = serveRooms({
    authorize: (_client, room) => {
      calls.push(room);
      return isAllowed;
    },
    onLeave: ({ id }) => void left.push(id),
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  const { member } = await ada.join("a");
  await ada.join("a");
  const info = { name: "a", params: { name: "a" } };
  assert.deepEqual(calls, [info, info]);
  isAllowed = false;
  const { code } = await ada.ask("join", { room: "a" });
  assert.equal(code, ErrorCode.FORBIDDEN);
  assert.deepEqual(left, [member]);
  assert.deepEqual([...server.clients][0]?.rooms, []);
  assert.equal((await server.room("a").broadcast("n")).delivered, 0);
});

Deno.test("a rejoin that is refused leaves no presence behind", async () => {
  let isAllowed = true;
  const left: unknown[] = [];
  const { server } = serveRooms({
    authorize: () => isAllowed,
    onLeave: ({ id }) => void left.push(id),
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  const { member } = await ada.join("a");
  isAllowed = false;
  using again = await RoomPeer.open(server, { member: ada.secret });
  assert.equal(server.room("a").members().length, 1);
  await again.ask("join", { room: "a" });
  assert.deepEqual(server.room("a").members(), []);
  assert.deepEqual(left, [member]);
});

Deno.test("a client that leaves does not wait for 'authorize'", async () => {
  const deciding = gate();
  const { server } = serveRooms({
    authorize: async () => {
      await deciding.opened;
      return true;
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  const joining = await ada.send("join", { room: "a" });
  const leaving = await ada.send("leave", { room: "a" });
  assert.equal((await ada.answer(leaving)).message, "left");
  assert.equal((await ada.answer(joining)).code, ErrorCode.INVALID_ACTION);
  deciding.open();
  await endOfTick();
  assert.deepEqual([...server.clients][0]?.rooms, []);
  assert.deepEqual(server.room("a").members(), []);
});

Deno.test("a client that is gone joins nothing when 'authorize' decides", async () => {
  const deciding = gate();
  const clients: Client[] = [];
  const { server, logger } = serveRooms({
    authorize: async (client) => {
      clients.push(client);
      await deciding.opened;
      return true;
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  await ada.send("join", { room: "a" });
  while (clients.length === 0) await endOfTick();
  ada[Symbol.dispose]();
  await clients[0]!.closed;
  deciding.open();
  await endOfTick();
  assert.deepEqual(server.room("a").members(), []);
  assert.equal((await server.room("a").broadcast("n")).delivered, 0);
  assert.equal(logger.lines.some((line) => /reject/.test(line)), false);
});

Deno.test("a server closes although 'authorize' hangs", async () => {
  const { server } = serveRooms({ authorize: () => new Promise(() => {}) });
  using ada = await RoomPeer.open(server);
  await ada.send("join", { room: "a" });
  await ada.ask("members", { room: "a" });
  const closing = server.close({ timeout: 1 });
  await ada.closed();
  ada[Symbol.dispose]();
  await closing;
});

Deno.test("'authorize' can close the client, put it into rooms and out of them", async () => {
  const { server } = serveRooms({
    authorize: async (client, { name }) => {
      if (name === "close") client.close(4_000);
      if (name === "put") await client.join("put");
      if (name === "out") client.leave("out");
      if (name === "other") await client.join("b");
      return true;
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  await ada.join("put");
  assert.equal((await ada.ask("leave", { room: "put" })).code, 10);
  assert.equal((await ada.ask("join", { room: "out" })).code, 8);
  await ada.join("other");
  assert.deepEqual([...server.clients][0]?.rooms, ["put", "b", "other"]);
  await ada.send("join", { room: "close" });
  assert.equal(await ada.closed(), 4_000);
  assert.deepEqual(server.room("close").members(), []);
});

Deno.test("'presence' can close the client, put it into rooms and out of them", async () => {
  const log: string[] = [];
  const { server } = serveRooms({
    onJoin: (_member, { name }) => void log.push(name),
    presence: (client, claimed) => {
      const { action } = claimed || {};
      if (action === "close") client.close(4_000);
      if (action === "put") void client.join("put");
      if (action === "out") client.leave("out");
      return {};
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  const join = (action: string) =>
    ada.ask("join", { room: action, presence: { action } });
  assert.equal((await join("put")).code, 0);
  assert.equal((await join("out")).code, 8);
  assert.deepEqual([...server.clients][0]?.rooms, ["put"]);
  assert.deepEqual(server.room("out").members(), []);
  await ada.send("join", { room: "close", presence: { action: "close" } });
  assert.equal(await ada.closed(), 4_000);
  assert.deepEqual(server.room("close").members(), []);
  assert.deepEqual(log, ["put"]);
});

Deno.test("only what 'publish' accepts is published", async () => {
  let result: unknown;
  const seen: unknown[] = [];
  const { server } = serveRooms({
    history: { size: 10 },
    publish: (_client, message) => {
      seen.push(message);
      return result as never;
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  assert.equal((await ada.join("a")).publish, true);
  let key = 0;
  const publish = () =>
    ada.ask("publish", { room: "a", message: "m", data: {}, key: `${++key}` });
  const rejected = Promise.reject(new Error("no"));
  rejected.catch(() => {});
  for (result of [undefined, null, 1, "yes", {}, Promise.resolve(false)]) {
    assert.equal((await publish()).code, ErrorCode.FORBIDDEN);
  }
  result = rejected;
  assert.equal((await publish()).code, ErrorCode.SERVER_ERROR);
  result = Promise.resolve(true);
  assert.equal((await publish()).code, 0);
  assert.equal((await server.room("a").history()).length, 1);
  assert.deepEqual(seen[0], {
    ...{ name: "a", params: { name: "a" }, message: "m", data: {} },
  });
});

Deno.test("a client that left while 'publish' decided publishes nothing", async () => {
  const deciding = gate();
  const asked = gate();
  const { server } = serveRooms({
    history: { size: 10 },
    publish: async () => {
      asked.open();
      await deciding.opened;
      return true;
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  const message = { room: "a", message: "m", data: {}, key: "1" };
  const publishing = await ada.send("publish", message);
  await asked.opened;
  await ada.ask("leave", { room: "a" });
  deciding.open();
  assert.equal((await ada.answer(publishing)).code, ErrorCode.FORBIDDEN);
  assert.deepEqual(await server.room("a").history(), []);
});

Deno.test("hooks that fail are logged, and the client is in the room", async () => {
  const { server, logger } = serveRooms({
    onJoin: () => {
      throw new Error("at the begin");
    },
    onLeave: () => Promise.reject(new Error("at the end")),
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  await ada.join("a");
  await server.room("a").broadcast("n", { n: 1 });
  assert.equal((await ada.take(1))[0].data.n, 1);
  await logger.line(/a hook of a room failed.*at the begin/s);
  await ada.ask("leave", { room: "a" });
  await logger.line(/a hook of a room failed.*at the end/s);
});

Deno.test("a client cannot fill the log with the exceptions of hooks", async () => {
  const { server, logger } = serveRooms({
    onJoin: () => {
      throw new Error("always");
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  for (let n = 0; n < 200; n++) {
    await ada.join("a");
    await ada.ask("leave", { room: "a" });
  }
  const lines = logger.lines.filter((line) => /a hook of a room/.test(line));
  // 100 at once, and one per second.
  assert(lines.length >= 100 && lines.length < 200, `${lines.length} lines`);
});

Deno.test("hooks can close the client, put it into rooms and out of them", async () => {
  const log: string[] = [];
  const find = () => [...server.clients][0]!;
  const { server } = serveRooms({
    onJoin: (_member, { name }) => {
      log.push(`+${name}`);
      if (name === "out") find().leave("out");
      if (name === "both") void find().join("b");
      if (name === "close") find().close();
    },
    onLeave: (_member, { name }) => {
      log.push(`-${name}`);
      if (name === "both" || name === "close") void find()?.join("again");
    },
  });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  assert.equal((await ada.ask("join", { room: "out" })).code, 8);
  await ada.join("both");
  await ada.ask("leave", { room: "both" });
  assert.deepEqual(find().rooms, ["b", "again"]);
  await ada.send("join", { room: "close" });
  assert.equal(await ada.closed(), 1_000);
  const names = ["+out", "-out", "+both", "+b", "-both", "+again", "+close"];
  assert.deepEqual(log.slice(0, 7), names);
  assert.deepEqual(log.slice(7).sort(), ["-again", "-b", "-close"]);
  for (const name of ["out", "both", "b", "again", "close"]) {
    assert.deepEqual(server.room(name).members(), [], name);
    assert.equal((await server.room(name).broadcast("n")).failed, 0, name);
  }
});

Deno.test("a server that closes reports that the members leave, and waits for it", async () => {
  const log: string[] = [];
  const { server } = serveRooms({
    onLeave: async ({ id }) => {
      await pause(50);
      log.push(id);
    },
  });
  using ada = await RoomPeer.open(server);
  using bob = await RoomPeer.open(server);
  const members = [await ada.join("a"), await bob.join("a")];
  bob[Symbol.dispose]();
  while (server.clients.size > 1) await endOfTick();
  const closing = server.close();
  await ada.closed();
  ada[Symbol.dispose]();
  await closing;
  assert.deepEqual(log.sort(), members.map(({ member }) => member).sort());
});
