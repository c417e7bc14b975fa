/**
 * The load generator, a program for Bun. It carries out the commands on its standard
 * input one after the other, and answers each command with a line.
 *
 * @module
 */

import process from "node:process";
import { measureBroadcast } from "./broadcast.ts";
import type { Command, Measurement } from "./commands.ts";
import { measureConnections } from "./connections.ts";
import { ClientPool } from "./client_pool.ts";
import { answerLines } from "../../lib/lines.ts";
import { measureProbe } from "./probe.ts";
import { measureHeap, measureJoins, measurePublications } from "./rooms.ts";
import { measureRoundTrips } from "./round_trips.ts";

const pool = new ClientPool(JSON.parse(process.argv[2] ?? "{}"));

async function carryOut(command: Command): Promise<Measurement | null> {
  switch (command.do) {
    case "round trips":
      return await measureRoundTrips(pool, command);
    case "broadcast":
      return await measureBroadcast(pool, command);
    case "connections":
      return await measureConnections(pool, command);
    case "join":
      return await measureJoins(pool, command);
    case "publish":
      return await measurePublications(pool, command);
    case "heap":
      return await measureHeap(pool);
    case "probe":
      return await measureProbe(pool, command);
    case "connect":
      await pool.grow(command.count);
      return null;
    case "collect":
      await pool.callAndWait("collect");
      return null;
  }
}

await answerLines(carryOut);
