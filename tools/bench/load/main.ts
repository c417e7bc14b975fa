/**
 * The load generator: a program for Bun that carries out the commands on its standard
 * input, one after the other, and answers each with a line.
 *
 * @module
 */

import process from "node:process";
import { measureBroadcast } from "./broadcast.ts";
import type { Command, Measurement } from "./commands.ts";
import { measureConnections } from "./connections.ts";
import { Crowd } from "./crowd.ts";
import { answerLines } from "./lines.ts";
import { measureProbe } from "./probe.ts";
import { measureRoundTrips } from "./round_trips.ts";

const crowd = new Crowd(JSON.parse(process.argv[2] ?? "{}"));

async function carryOut(command: Command): Promise<Measurement | null> {
  switch (command.do) {
    case "round trips":
      return await measureRoundTrips(crowd, command);
    case "broadcast":
      return await measureBroadcast(crowd, command);
    case "connections":
      return await measureConnections(crowd, command);
    case "probe":
      return await measureProbe(crowd, command);
    case "connect":
      await crowd.grow(command.count);
      return null;
    case "collect":
      await crowd.ask("collect");
      return null;
  }
}

await answerLines(
  async (command: Command) => ({ measurement: await carryOut(command) }),
);
