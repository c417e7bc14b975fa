/**
 * Measures joins, messages to a room without members, and the heap of the server.
 *
 * @module
 */

import { textFrame } from "../../lib/frames.ts";
import type { ClientPool } from "./client_pool.ts";
import type { JoinCommand, Measurement, PublishCommand } from "./commands.ts";
import { takeChunks } from "./conversation.ts";
import { Counter } from "./counter.ts";
import { Window } from "./window.ts";

/** The longest time of all joins, in milliseconds. */
const TIMEOUT = 30_000;

/** The id of the first join: no other request of the bench has larger ids. */
const FIRST_ID = 1_000_000;

/** The number of messages in one call. */
const MESSAGES = 1_000;

let lastId = FIRST_ID;

/** Lets the first clients join rooms, and waits until they have. */
export async function measureJoins(
  pool: ClientPool,
  { members, rooms, pids }: JoinCommand,
): Promise<Measurement> {
  const { dialect } = pool;
  const wires = pool.wires.slice(0, members);
  const units = wires.length * rooms.length;
  let missing = units;
  const joined = new Promise<void>((resolve) => {
    for (const wire of wires) {
      const counter = new Counter(dialect.joined);
      takeChunks(wire, dialect, (chunk) => {
        missing -= counter.count(chunk);
        if (missing === 0) resolve();
      });
    }
  });
  const window = new Window(pids);
  for (const room of rooms) {
    for (const [client, wire] of wires.entries()) {
      const name = room.replace("{client}", String(client));
      wire.write(textFrame(dialect.join(++lastId, name)));
    }
    // A client reads between its joins, as the load generator must.
    await new Promise((resolve) => setTimeout(resolve));
  }
  await pool.wait(joined, TIMEOUT, () => `${missing} joins are missing`);
  pool.rest();
  return { ...window.close(), units, times: [] };
}

/** Lets the server send messages to a room without members. */
export async function measurePublications(
  pool: ClientPool,
  { pids, times, isKept }: PublishCommand,
): Promise<Measurement> {
  const data = { times: MESSAGES, isKept: isKept ? 1 : 0 };
  await pool.callAndWait("publish", data);
  const window = new Window(pids);
  for (let sent = 0; sent < times; sent += MESSAGES) {
    await pool.callAndWait("publish", data);
  }
  return { ...window.close(), units: times, times: [] };
}

/** Returns the heap of the server after garbage collection, in bytes. */
export async function measureHeap(pool: ClientPool): Promise<Measurement> {
  // The second collection frees the objects that the first one finalized.
  await pool.callAndWait("heap");
  const text = await pool.callAndWait("heap");
  const [, bytes] = /"result":(\d+)/.exec(text) ?? [];
  const span = { seconds: 0, serverCpu: 0, ownCpu: 0 };
  return { ...span, units: Number(bytes), times: [] };
}
