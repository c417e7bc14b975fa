/** Rooms of a server with a contract: what the contract allows, and what the server checks. */

import assert from "node:assert/strict";
import { defineContract } from "../../contract/define.ts";
import type { DataSchema } from "../../contract/contract.ts";
import { serve, type ServeOptions } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { contract, type RoomContract } from "../support/room_contract.ts";
import { RoomPeer } from "../support/room_peer.ts";
import { schemaOf } from "../support/schemas.ts";

const INVALID_CONTENT = 2;

const SERVER_ERROR = 6;

const FORBIDDEN = 10;

function serveRooms(options: ServeOptions<true, RoomContract> = {}) {
  const quiet = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  return serve("test", { ...quiet, contract, ...options });
}

Deno.test("a server has only the rooms and the events of its contract", async () => {
  await using server = serveRooms();
  const define = (pattern: string) => server.defineRoom(pattern as "lobby");
  const message = /the contract does not have it\. Did you mean "lobby"\?/;
  assert.throws(() => define("loby"), { name: "TypeError", message });
  assert.throws(() => define("chat:1"), TypeError);
  assert.throws(() => define("toString"), TypeError);
  define("lobby");
  define("chat:{id}");
  const room = (name: string) => server.room(name as "chat:1");
  assert.throws(() => room("loby"), {
    name: "TypeError",
    message: /the contract does not have this room\. Did you mean "lobby"\?/,
  });
  await assert.rejects(room("chat:1").broadcast("sya" as "closed"), {
    name: "TypeError",
    message: /^Cannot send message "sya" to room "chat:1": .*"say"/,
  });
  await assert.rejects(room("lobby").broadcast("closed"), TypeError);
  assert.equal((await room("chat:1").broadcast("closed")).delivered, 0);
});

Deno.test("a definition is not for rooms that the contract declares with another pattern", async () => {
  await using server = serveRooms();
  server.defineRoom("chat:{id}", { authorize: () => true });
  assert.throws(() => server.room("chat:private-1"), /no definition matches/);
  using peer = await RoomPeer.open(server);
  const refused = await peer.ask("join", { room: "chat:private-1" });
  assert.equal(refused.code, FORBIDDEN);
  server.defineRoom("chat:private-{id}", { authorize: () => true });
  await peer.join("chat:private-1");
  await peer.join("chat:1");
});

Deno.test("a published event is what its schema returns", async () => {
  await using server = serveRooms();
  const seen: unknown[] = [];
  server.defineRoom("chat:{id}", {
    authorize: () => true,
    publish: (_client, { message, data, params }) =>
      seen.push([message, data, params]) > 0,
    history: { size: 10 },
  });
  using peer = await RoomPeer.open(server);
  await peer.join("chat:1");
  const data = { text: "hi", other: 1 };
  const request = { room: "chat:1", message: "say", data, key: "1" };
  assert.equal((await peer.ask("publish", request)).code, 0);
  const [event] = await peer.take(1);
  assert.deepEqual(event.data, { text: "hi", loud: false });
  assert.deepEqual(seen, [["say", event.data, { id: "1" }]]);
  const [kept] = await server.room("chat:1").history();
  assert.deepEqual(kept!.data, event.data);
});

Deno.test("a client is not to blame for a schema whose output has no JSON form", async () => {
  const logger = new LogRecorder();
  const say = schemaOf(() => ({ value: { n: NaN } }));
  const rooms = { a: { events: { say }, publishes: ["say"] } } as const;
  const contract = defineContract({ rooms });
  await using server = serveRooms({ contract, logger } as never);
  server.defineRoom("a" as never, { authorize: () => true, publish: true });
  using peer = await RoomPeer.open(server);
  await peer.join("a");
  const request = { room: "a", message: "say", data: { n: 1 }, key: "1" };
  assert.equal((await peer.ask("publish", request)).code, SERVER_ERROR);
  assert.match(logger.lines.join("\n"), /data\.n is NaN/);
});

Deno.test("an event that does not match the contract is not published", async () => {
  await using server = serveRooms();
  let calls = 0;
  server.defineRoom("chat:{id}", {
    authorize: () => true,
    publish: () => ++calls > 0,
  });
  using peer = await RoomPeer.open(server);
  await peer.join("chat:1");
  const publish = (message: string, data: object) =>
    peer.ask("publish", { room: "chat:1", message, data, key: message });
  const invalid = await publish("say", { text: 1 });
  assert.equal(invalid.code, INVALID_CONTENT);
  assert.deepEqual(invalid.data.issues[0].path, ["text"]);
  for (const name of ["closed", "whisper", "news", "toString"]) {
    const unknown = await publish(name, {});
    assert.equal(unknown.code, INVALID_CONTENT, name);
    const [{ message }] = unknown.data.issues;
    assert.match(message, /no message "\w+" that clients can publish in room/);
  }
  await peer.assertQuiet();
  assert.equal(calls, 0);
});

Deno.test("a client without the right to publish learns nothing about the events", async () => {
  await using server = serveRooms();
  server.defineRoom("chat:{id}", { authorize: () => true });
  using peer = await RoomPeer.open(server);
  await peer.join("chat:1");
  const data = { room: "chat:1", message: "none", data: {}, key: "1" };
  assert.equal((await peer.ask("publish", data)).code, FORBIDDEN);
});

Deno.test("what a client claims has to match the contract", async () => {
  await using server = serveRooms();
  const claims: unknown[] = [];
  let isOpen = true;
  server.defineRoom("chat:{id}", {
    authorize: () => isOpen,
    presence: (_client, claimed) => {
      claims.push(claimed);
      return claimed === false ? false : {
        name: "ada",
        typing: claimed?.typing ?? false,
      };
    },
  });
  using peer = await RoomPeer.open(server);
  const room = "chat:1";
  const invalid = { room, presence: { typing: "yes" } };
  const refused = await peer.ask("join", invalid);
  assert.equal(refused.code, INVALID_CONTENT);
  assert.deepEqual(refused.data.issues[0].path, ["typing"]);
  isOpen = false;
  assert.equal((await peer.ask("join", invalid)).code, FORBIDDEN);
  isOpen = true;
  await peer.join(room, { presence: { more: 1 } });
  assert.equal((await peer.ask("presence", invalid)).code, INVALID_CONTENT);
  const valid = { room, presence: { typing: true } };
  assert.equal((await peer.ask("presence", valid)).code, 0);
  assert.equal((await peer.ask("presence", { room, presence: false })).code, 0);
  assert.equal((await peer.ask("presence", { room, presence: null })).code, 0);
  assert.deepEqual(claims, [{ typing: false }, { typing: true }, false, null]);
});

Deno.test("a claim whose schema is slow does not replace a newer one", async () => {
  const checks: (() => void)[] = [];
  const slow = schemaOf((value) =>
    Object(value).slow
      ? new Promise((resolve) => checks.push(() => resolve({ value })))
      : { value }
  ) as DataSchema;
  const slowly = defineContract({ rooms: { a: { claims: slow } } });
  const quiet = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  await using server = serve("test", { ...quiet, contract: slowly });
  const claims: unknown[] = [];
  server.defineRoom("a", {
    authorize: () => true,
    presence: (_client, claimed) => {
      claims.push(claimed);
      return {};
    },
  });
  using peer = await RoomPeer.open(server);
  await peer.join("a");
  const presenceOf = (n: number, slow: boolean) => ({
    room: "a",
    presence: { n, slow },
  });
  const first = await peer.send("presence", presenceOf(1, true));
  const second = await peer.send("presence", presenceOf(2, true));
  await peer.ask("presence", presenceOf(3, false));
  const last = await peer.send("presence", presenceOf(4, true));
  await peer.assertQuiet();
  for (const check of checks) check();
  for (const id of [first, second, last]) await peer.answer(id);
  const slower = await peer.send("presence", presenceOf(5, true));
  await peer.ask("presence", presenceOf(6, false));
  checks.at(-1)!();
  await peer.answer(slower);
  // A client that has left claims nothing any more.
  const late = await peer.send("presence", presenceOf(7, true));
  await peer.ask("leave", { room: "a" });
  checks.at(-1)!();
  await peer.answer(late);
  assert.deepEqual(claims.map((each) => Object(each).n), [undefined, 3, 4, 6]);
});

Deno.test("a server warns of the rooms of its contract that have no definition", async () => {
  const logger = new LogRecorder();
  await using server = serveRooms({ logger });
  server.defineRoom("lobby");
  const line = await logger.line(/rooms/);
  assert.match(
    line,
    /^warn .*rooms without a definition: chat:\{id\}, chat:private-\{id\}$/,
  );
});
