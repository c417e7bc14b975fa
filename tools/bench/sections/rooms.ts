/**
 * Rooms: deliveries, joins, the memory of members, and the cost of a history.
 *
 * @module
 */

import type { Contender } from "../contenders.ts";
import type { BroadcastOperation, JoinCommand } from "../load/commands.ts";
import { pause } from "../../lib/deadline.ts";
import type { ServerUnderLoad } from "../server_under_load.ts";
import type { Sides } from "../sides.ts";
import {
  type Cell,
  interleave,
  LOAD,
  type Row,
  takeTurns,
  type Values,
  valuesOf,
} from "./cell.ts";
import type { Context } from "./context.ts";
import { cpuFor } from "./metrics.ts";

/** The number of members of the room, and of clients in the broadcast. */
const MEMBERS = 1_000;

/** The clients that join many rooms, and the rooms of each. */
const JOINING = { clients: 100, rooms: 100 };

/** The members whose memory is measured: so many that the rest of the heap does not matter. */
const KEEPING = { clients: 400, rooms: 100 };

/** The time that a server gets to become idle, in milliseconds. */
const SETTLE = 250;

/** The messages to a room without members. */
const MESSAGES = 20_000;

const DELIVERY_SIDES: Sides = {
  ours: "room",
  base: "broadcast",
  others: ["kept-room", "socket.io"],
};

const OTHER_SIDES: Sides = { ours: "hoist", base: "socket.io", others: [] };

/** A way to reach the same number of clients. */
type DeliveryWay = "room" | "kept-room" | "broadcast" | "socket.io";

/** Returns the cells of this section. */
export function rooms(context: Context): Cell[] {
  return [
    ...deliveries(context),
    ...joins(context),
    ...memories(context),
    ...histories(context),
  ];
}

function deliveries(context: Context): Cell[] {
  const { rounds, roomClients } = context.scale;
  const row: Row = {
    section: "Rooms",
    label: `${count(MEMBERS)} members of ${count(roomClients)} clients`,
    metrics: [
      cpuFor("delivery"),
      { key: "p50", label: "until the last client, p50", unit: "ms" },
    ],
    targets: { cpu: 1.05 },
    sides: DELIVERY_SIDES,
  };
  const [hoist] = context.choose(["hoist"]);
  const [socketIo] = context.scale.allPeers
    ? context.choose(["socket.io"])
    : [];
  const ways: DeliveryWay[] = ["room", "broadcast", "kept-room"];
  if (socketIo !== undefined) ways.push("socket.io");
  return takeTurns(ways, () => rounds).map(({ subject, round }): Cell => ({
    row,
    contender: subject,
    round,
    measure: () => {
      const contender = subject === "socket.io" ? socketIo : hoist;
      return measureDelivery(context, contender!, subject);
    },
  }));
}

async function measureDelivery(
  context: Context,
  contender: Contender,
  way: DeliveryWay,
): Promise<Values> {
  const { warmUp, broadcastDuration: duration } = context.scale;
  const server = await audienceOf(context, contender, way);
  const timing = { warmUp, duration, pids: server.pids };
  const burst = { times: 1, least: 3, members: MEMBERS };
  const operation = operationOf(way);
  return valuesOf(
    await server.measure({ do: "broadcast", operation, ...burst, ...timing }),
  );
}

/** Returns a server with its clients, some of which are in a room. */
async function audienceOf(
  context: Context,
  contender: Contender,
  way: DeliveryWay,
): Promise<ServerUnderLoad> {
  const isRoom = way !== "broadcast";
  const key = `${contender.name} ${isRoom ? "rooms" : "broadcast"}`;
  const isRunning = context.isRunning(key);
  const server = await context.server(contender, key);
  if (isRunning) return server;
  const { roomClients } = context.scale;
  const size = isRoom ? roomClients : MEMBERS;
  await server.command({ do: "connect", count: size });
  if (!isRoom) return server;
  await server.command(joinOf(server, MEMBERS, ["live", "kept"]));
  return server;
}

function operationOf(way: DeliveryWay): BroadcastOperation {
  if (way === "kept-room") return "kept room";
  return way === "broadcast" ? "broadcast" : "room";
}

function joins(context: Context): Cell[] {
  const { clients, rooms } = JOINING;
  const row: Row = {
    section: "Rooms",
    label: `joins of ${count(clients * rooms)} rooms of one member`,
    metrics: [
      cpuFor("join"),
      { key: "growth", label: "second half to first half", unit: "times" },
    ],
    targets: {},
    bounds: { growth: 1.2 },
    sides: OTHER_SIDES,
  };
  return onNewServers(context, row, clients, measureJoins);
}

async function measureJoins(server: ServerUnderLoad): Promise<Values> {
  // The first rooms load and run all code.
  const parts = [names("shared:warm", 10), ...halvesOf("own:{client}:")];
  const values: Values[] = [];
  for (const rooms of parts) {
    const command = joinOf(server, JOINING.clients, rooms);
    values.push(valuesOf(await server.measure(command)));
  }
  const [, first = {}, second = {}] = values;
  const [one = NaN, other = NaN] = [first.cpu, second.cpu];
  const load = Math.max(first[LOAD] ?? 0, second[LOAD] ?? 0);
  return { cpu: (one + other) / 2, growth: other / one, [LOAD]: load };
}

function memories(context: Context): Cell[] {
  const { clients, rooms } = KEEPING;
  const row: Row = {
    section: "Rooms",
    label: `${count(rooms)} rooms of ${count(clients)} members`,
    metrics: [{ key: "memory", label: "heap per member", unit: "B" }],
    targets: {},
    bounds: { memory: 200 },
    sides: OTHER_SIDES,
  };
  return onNewServers(context, row, clients, measureMemory);
}

async function measureMemory(server: ServerUnderLoad): Promise<Values> {
  const { clients, rooms } = KEEPING;
  const join = (rooms: readonly string[]) =>
    server.command(joinOf(server, clients, rooms));
  await join(names("shared:warm", 10));
  const before = await readHeap(server);
  await join(names("shared:a-room-of-the-bench-", rooms));
  const growth = await readHeap(server) - before;
  return { memory: growth / (clients * rooms) };
}

async function readHeap(server: ServerUnderLoad): Promise<number> {
  await pause(SETTLE);
  const { units } = await server.measure({ do: "heap" });
  return units;
}

function histories(context: Context): Cell[] {
  const row: Row = {
    section: "Rooms",
    label: "messages to a room without members",
    metrics: [cpuFor("message")],
    targets: {},
    sides: { ours: "kept-room", base: "room", others: [] },
  };
  const [hoist] = context.choose(["hoist"]);
  const ways = ["kept-room", "room"] as const;
  const { rounds } = context.scale;
  return takeTurns(ways, () => rounds).map(({ subject, round }): Cell => ({
    row,
    contender: subject,
    round,
    measure: async () => {
      const server = await context.server(hoist!, "histories");
      await server.command({ do: "connect", count: 1 });
      const rest = { times: MESSAGES, isKept: subject === "kept-room" };
      return valuesOf(
        await server.measure({ do: "publish", ...rest, pids: server.pids }),
      );
    },
  }));
}

/** Measures each contender with clients of a server that nothing else has used. */
function onNewServers(
  context: Context,
  row: Row,
  clients: number,
  measure: (server: ServerUnderLoad) => Promise<Values>,
): Cell[] {
  const contenders = ["hoist", "socket.io"] as const;
  return interleave(context, row, contenders, async (contender, round) => {
    const key = `${contender.name} ${row.label} ${round}`;
    try {
      const server = await context.server(contender, key);
      await server.command({ do: "connect", count: clients });
      return await measure(server);
    } finally {
      await context.drop(key);
    }
  });
}

/** Returns the command that lets the first clients join rooms. */
function joinOf(
  { pids }: ServerUnderLoad,
  members: number,
  rooms: readonly string[],
): JoinCommand {
  return { do: "join", members, rooms, pids };
}

/** Returns the names of rooms in two parts. */
function halvesOf(prefix: string): (readonly string[])[] {
  const all = names(prefix, JOINING.rooms);
  const middle = all.length / 2;
  return [all.slice(0, middle), all.slice(middle)];
}

function names(prefix: string, length: number): readonly string[] {
  return Array.from({ length }, (_, n) => `${prefix}${n}`);
}

function count(value: number): string {
  return value.toLocaleString("en");
}
