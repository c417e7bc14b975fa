/** Presence in rooms: users, lost connections, and what a definition shows. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import type { RoomOptions, ServeOptions } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick } from "../support/timing.ts";

/** Starts a server whose tokens are users, and records who joins and leaves. */
function serveUsers(room: RoomOptions = {}, options: ServeOptions = {}) {
  const log: string[] = [];
  const logger = new LogRecorder();
  const wake = new Set<() => void>();
  const add = (line: string) => {
    log.push(line);
    for (const resolve of wake) resolve();
  };
  const server = serveQuietly({
    logger,
    login: (_server, token, context) => {
      if (token !== "test") context.setUser(token);
      return true;
    },
    ...options,
  });
  server.defineRoom("a", {
    authorize: () => true,
    onJoin: ({ user = "?" }) => add(`+${user}`),
    onLeave: ({ user = "?" }) => add(`-${user}`),
    ...room,
  });
  /** Waits for a number of lines. */
  const logged = async (count: number) => {
    while (log.length < count) {
      await new Promise<void>((resolve) => wake.add(resolve));
    }
    return log;
  };
  return { server, log, logged, logger };
}

Deno.test("two tabs of a user are one member", async () => {
  const { server, log } = serveUsers();
  await using _server = server;
  using tab = await RoomPeer.open(server, { token: "ada" });
  using other = await RoomPeer.open(server, { token: "ada" });
  using bob = await RoomPeer.open(server, { token: "bob" });
  const first = await tab.join("a");
  const second = await other.join("a");
  const { members } = await bob.join("a");
  assert.equal(first.member, second.member);
  assert.notEqual(first.connection, second.connection);
  assert.deepEqual([members.count, members.list.length], [2, 3]);
  assert.deepEqual(
    server.room("a").members().map(({ user, connections }) => [
      user,
      connections.length,
    ]),
    [["ada", 2], ["bob", 1]],
  );
  await tab.goodbye();
  assert.equal((await bob.ask("members", { room: "a" })).data.count, 2);
  await other.goodbye();
  assert.equal((await bob.ask("members", { room: "a" })).data.count, 1);
  assert.deepEqual(log, ["+ada", "+bob", "-ada"]);
});

Deno.test("a lost connection leaves after the grace period, and not before", async () => {
  const { server, log, logged } = serveUsers();
  await using _server = server;
  const begin = performance.now();
  using bob = await RoomPeer.open(server, { token: "bob" });
  {
    using ada = await RoomPeer.open(server, { token: "ada" });
    await ada.join("a");
    await bob.join("a");
  }
  while (server.user("ada").clients.size > 0) await endOfTick();
  assert.deepEqual(log, ["+ada", "+bob"]);
  assert.equal(server.room("a").members().length, 2);
  await logged(3);
  assert(performance.now() - begin >= 3_000);
  assert.deepEqual(log, ["+ada", "+bob", "-ada"]);
  assert.equal(server.room("a").members().length, 1);
});

Deno.test("a client that returns with its secret has never left", async () => {
  const { server, log } = serveUsers();
  await using _server = server;
  using bob = await RoomPeer.open(server, { token: "bob" });
  await bob.join("a");
  let peer = await RoomPeer.open(server, { token: "ada" });
  const { member, connection, secret } = await peer.join("a");
  await bob.take(1, "presence");
  bob.events.length = 0;
  for (const isLost of [true, false, true]) {
    if (isLost) peer[Symbol.dispose]();
    const options = { token: "ada", member: secret };
    const next = await RoomPeer.open(server, options);
    const joined = await next.join("a");
    assert.deepEqual([joined.member, joined.connection], [member, connection]);
    assert.equal(joined.members.list.length, 2);
    if (!isLost) {
      assert.equal(await peer.closed(), 1001);
      peer[Symbol.dispose]();
    }
    peer = next;
  }
  using _peer = peer;
  assert.deepEqual(log, ["+bob", "+ada"]);
  await bob.assertQuiet("presence");
});

for (
  const [end, finish] of [
    ["a goodbye", (peer: RoomPeer) => peer.goodbye()],
    ["a close of the server", (peer: RoomPeer, close: () => void) => {
      close();
      return peer.closed();
    }],
    ["a revoked token", async (peer: RoomPeer, _, revoke: () => void) => {
      revoke();
      assert.equal(await peer.closed(), 1008);
    }],
  ] as [
    string,
    (peer: RoomPeer, close: () => void, revoke: () => void) => Promise<unknown>,
  ][]
) {
  Deno.test(`${end} removes a client from its rooms at once`, async () => {
    const tokens = [{ name: "ada", token: "a long secret" }];
    await using server = serveQuietly({ tokens });
    server.defineRoom("a", { authorize: () => true });
    using ada = await RoomPeer.open(server, { token: "a long secret" });
    await ada.join("a");
    const [client] = server.clients;
    await finish(ada, () => client!.close(), () => server.revoke("ada"));
    assert.deepEqual(server.room("a").members(), []);
  });
}

const TOO_LARGE = { x: "x".repeat(4_096 - '{"x":""}'.length + 1) };

const CYCLIC: Record<string, unknown> = {};
CYCLIC.self = CYCLIC;

/** Results of `presence` that no member can have. */
const INVALID: readonly (readonly [unknown, RegExp])[] = [
  [undefined, /returned neither an object nor false/],
  [null, /returned neither an object nor false/],
  [true, /returned neither an object nor false/],
  ["ada", /returned neither an object nor false/],
  [[], /returned neither an object nor false/],
  [() => true, /returned neither an object nor false/],
  [Promise.resolve({}), /returned a promise, but nothing waits for it/],
  [TOO_LARGE, /returned more than 4096 bytes of JSON/],
  [CYCLIC, /'presence' of the room "a" failed/],
  [
    { n: [NaN] },
    /returned an object that JSON changes: presence\.n\[0\] is NaN/,
  ],
  [{ at: new Map() }, /returned an object that JSON changes: .*at is a Map/],
  [{ n: 1n }, /'presence' of the room "a" failed/],
];

for (const [result, pattern] of INVALID) {
  Deno.test(`a member has no presence if its function returns ${Deno.inspect(result).slice(0, 40)}`, async () => {
    const { server, logger } = serveUsers({ presence: () => result as never });
    await using _server = server;
    using ada = await RoomPeer.open(server);
    const { members, member, connection } = await ada.join("a");
    assert.deepEqual(members.list, [{ member, connection }]);
    const line = await logger.line(pattern);
    assert.match(line, /^error error: /);
  });
}

Deno.test("a member has no presence if its function throws, or returns a promise that rejects", async () => {
  let fail: () => never = () => {
    throw new Error("no");
  };
  const { server, logger } = serveUsers({ presence: () => fail() });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  assert.equal((await ada.join("a")).members.list[0].presence, undefined);
  await logger.line(/'presence' of the room "a" failed.*no/s);
  fail = () => Promise.reject(new Error("later")) as never;
  await ada.ask("presence", { room: "a", presence: {} });
  await logger.line(/returned a promise/);
});

Deno.test("presence is a copy of at most 4,096 bytes of what the function returns", async () => {
  const shown = { x: TOO_LARGE.x.slice(1) };
  const { server } = serveUsers({ presence: () => shown });
  await using _server = server;
  using ada = await RoomPeer.open(server);
  const { members } = await ada.join("a");
  assert.deepEqual(members.list[0].presence, shown);
  shown.x = "changed";
  const [member] = server.room("a").members();
  assert.notEqual(member?.connections[0]?.x, "changed");
});

Deno.test("the function decides about what clients claim", async () => {
  const claims: unknown[] = [];
  const { server, log } = serveUsers({
    presence: ({ user = "?" }, claimed) => {
      claims.push(claimed);
      return claimed && { user, status: claimed.status ?? null };
    },
  } as RoomOptions);
  await using _server = server;
  using ada = await RoomPeer.open(server, { token: "ada" });
  using bob = await RoomPeer.open(server, { token: "bob" });
  await bob.join("a", { presence: { status: "here", admin: true } });
  await ada.join("a", { presence: false });
  const list = async () =>
    (await ada.ask("members", { room: "a" })).data.list.map((
      { presence }: { presence: unknown },
    ) => presence);
  assert.deepEqual(await list(), [{ user: "bob", status: "here" }]);
  const change = (presence: unknown) =>
    ada.ask("presence", { room: "a", presence });
  assert.equal((await change({ status: "busy" })).code, 0);
  assert.deepEqual((await list())[1], { user: "ada", status: "busy" });
  assert.equal((await change(false)).code, 0);
  assert.deepEqual(await list(), [{ user: "bob", status: "here" }]);
  assert.deepEqual(log, ["+bob", "+ada", "-ada"]);
  assert.deepEqual(claims.slice(1), [false, { status: "busy" }, false]);
  assert.equal((await change(TOO_LARGE)).code, ErrorCode.INVALID_CONTENT);
  assert.equal((await change({ x: TOO_LARGE.x.slice(1) })).code, 0);
});

Deno.test("without a function, a member has only its id, and can hide", async () => {
  const { server, log } = serveUsers();
  await using _server = server;
  using ada = await RoomPeer.open(server, { token: "ada" });
  const { member, connection, members } = await ada.join("a", {
    presence: { name: "Root" },
  });
  assert.deepEqual(members.list, [{ member, connection }]);
  await ada.ask("presence", { room: "a", presence: false });
  assert.deepEqual(server.room("a").members(), []);
  await ada.ask("presence", { room: "a", presence: null });
  assert.equal(server.room("a").members().length, 1);
  assert.deepEqual(log, ["+ada", "-ada", "+ada"]);
  assert.equal((await server.room("a").broadcast("n")).delivered, 1);
});

Deno.test("presence of a room that the client is not in is forbidden", async () => {
  const { server } = serveUsers();
  await using _server = server;
  using ada = await RoomPeer.open(server);
  const { code } = await ada.ask("presence", { room: "a", presence: {} });
  assert.equal(code, ErrorCode.FORBIDDEN);
});
