/** Rooms of a client with a contract: the names that it allows, and what it validates. */

import assert from "node:assert/strict";
import type { ClientRoom } from "../../client/room.ts";
import type { OpenContract } from "../../contract/infer.ts";
import { defineContract } from "../../contract/define.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { contract } from "../support/room_contract.ts";
import { startRooms } from "../support/room_server.ts";
import { schemaOf } from "../support/schemas.ts";

/**
 * Forgets the types of a contract, because the names of the tests are wrong, and adds the
 * operation with which a test waits.
 */
function untyped(contract: object): OpenContract {
  return { ...contract as OpenContract, operations: { barrier: {} as never } };
}

Deno.test("a client has only the rooms and the events of its contract", async () => {
  await using parts = await startRooms({ contract: untyped(contract) });
  const { connection, peer } = parts;
  const noRoom = {
    name: "TypeError",
    message:
      /^Cannot use the room "loby": the contract does not have this room\. Did you mean "lobby"\?/,
  };
  assert.throws(() => connection.room("loby"), noRoom);
  await assert.rejects(connection.join("loby"), /^TypeError: Cannot join/);
  const room = connection.room("chat:1");
  assert.throws(() => room.receive(["say", "sya"], () => {}), {
    name: "TypeError",
    message:
      /^Cannot receive message "sya" of room "chat:1": .* Did you mean "say"\?/,
  });
  await peer.admit(room.join());
  for (const name of ["closed", "whisper", "toString"]) {
    await assert.rejects(room.publish(name), {
      name: "TypeError",
      message: /^Cannot publish message "\w+" to room "chat:1": the contract/,
    });
  }
  await peer.settled(connection);
  assert.deepEqual(peer.actions, ["join", "operation"]);
});

Deno.test("a client that validates ignores events of rooms that do not match", async () => {
  const logger = new LogRecorder();
  await using parts = await startRooms({
    contract: untyped(contract),
    validate: "all",
    logger,
  });
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  const room = connection.room("chat:1");
  room.receive(({ name, data }) => void seen.push([name, data]));
  await peer.admit(room.join());
  peer.message("chat:1", "e.2", { data: { text: 1 } });
  peer.message("chat:1", "e.3", { message: "whisper" });
  peer.message("chat:1", "e.4", { data: { text: "hi", more: 1 } });
  await peer.settled(connection);
  assert.deepEqual(seen, [["say", { text: "hi", more: 1 }]]);
  assert.equal(room.position, "e.4");
  const warnings = logger.lines.filter((line) => line.startsWith("warn"));
  assert.equal(warnings.length, 2, warnings.join("\n"));
  assert.match(warnings[0]!, /"say".*its data does not match its schema/);
  assert.match(warnings[1]!, /"whisper".*not in the contract.*events of room/);
});

Deno.test("a client that trusts the server gets events that do not match", async () => {
  await using parts = await startRooms({ contract: untyped(contract) });
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  const room = connection.room("chat:1");
  room.receive(({ name }) => void seen.push(name));
  await peer.admit(room.join());
  peer.message("chat:1", "e.2", { data: { text: 1 } });
  peer.message("chat:1", "e.3", { message: "whisper" });
  await peer.settled(connection);
  assert.deepEqual(seen, ["say", "whisper"]);
});

Deno.test("events, gaps and the end of a room keep their order with a slow schema", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = defineContract({
    rooms: {
      "chat:{id}": {
        events: {
          say: schemaOf((value) => promise.then(() => ({ value }))),
          fast: {},
        },
      },
    },
  });
  await using parts = await startRooms({
    contract: untyped(slow),
    validate: "all",
  });
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  const room: ClientRoom = connection.room("chat:1");
  room.receive(({ position }) => void seen.push(position));
  room.onGap(({ reason }) => void seen.push(reason));
  room.onLeft(({ reason }) => void seen.push(reason));
  await peer.admit(room.join());
  peer.message("chat:1", "e.2");
  peer.gap("chat:1", "e.3", "expired");
  peer.message("chat:1", "e.4", { message: "fast" });
  await peer.settled(connection);
  // A rejoin must not repeat what waits.
  assert.equal(room.position, "e.4");
  peer.left("chat:1", "removed");
  await peer.settled(connection);
  assert.deepEqual(seen, []);
  resolve();
  while (seen.length < 4) await new Promise((next) => setTimeout(next));
  assert.deepEqual(seen, ["e.2", "expired", "e.4", "removed"]);
});

Deno.test("an event that a slow schema has still to read reaches no listener after close()", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const say = schemaOf((value) => promise.then(() => ({ value })));
  const slow = defineContract({ rooms: { "chat:{id}": { events: { say } } } });
  await using parts = await startRooms({
    contract: untyped(slow),
    validate: "all",
  });
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  const room: ClientRoom = connection.room("chat:1");
  room.receive(({ position }) => {
    seen.push(position);
    void connection.close();
  });
  room.onLeft(({ reason }) => void seen.push(reason));
  await peer.admit(room.join());
  peer.message("chat:1", "e.2");
  peer.message("chat:1", "e.3");
  await peer.settled(connection);
  resolve();
  while (seen.at(-1) !== "connection") {
    await new Promise((next) => setTimeout(next));
  }
  assert.deepEqual(seen, ["e.2", "connection"]);
});

for (const isClosed of [false, true]) {
  const end = isClosed ? "no listener after close()" : "its listeners";
  Deno.test(`an event of a room that arrived before the connection was lost reaches ${end}`, async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const say = schemaOf((value) => promise.then(() => ({ value })));
    const rooms = { "chat:{id}": { events: { say } } };
    await using parts = await startRooms({
      contract: untyped(defineContract({ rooms })),
      validate: "all",
      reconnect: false,
    });
    const { connection, peer } = parts;
    const seen: unknown[] = [];
    const room: ClientRoom = connection.room("chat:1");
    room.receive(({ position }) => void seen.push(position));
    const left = Promise.withResolvers<void>();
    room.onLeft(() => left.resolve());
    await peer.admit(room.join());
    peer.message("chat:1", "e.2");
    await peer.settled(connection);
    peer.close();
    await connection.closed;
    if (isClosed) await connection.close();
    resolve();
    await left.promise;
    assert.deepEqual(seen, isClosed ? [] : ["e.2"]);
  });
}

Deno.test("an event of a room that the server has chosen reaches only listeners to every message", async () => {
  const logger = new LogRecorder();
  const same = defineContract({
    events: { say: schemaOf((value) => ({ value })) },
    rooms: contract.rooms,
  });
  const options = { contract: untyped(same), validate: "all", logger } as const;
  await using parts = await startRooms(options);
  const { connection, peer } = parts;
  const seen: unknown[] = [];
  connection.receive("say", () => void seen.push("by name"));
  connection.receive(({ name, room }) => void seen.push([name, room]));
  peer.joined("chat:1");
  peer.message("chat:1", "e.2", { data: { text: "hi" } });
  peer.message("chat:1", "e.3", { data: { text: 1 } });
  peer.message("chat:1", "e.4", { message: "news" });
  await peer.settled(connection);
  assert.deepEqual(seen, [["say", "chat:1"]]);
  const warnings = logger.lines.filter((line) => line.startsWith("warn"));
  assert.equal(warnings.length, 2, warnings.join("\n"));
});
