/**
 * The client of the streams. It carries out the commands on its standard input, and
 * answers each command with a line.
 *
 * @module
 */

import { connect, type Connection } from "@hoist/cli";
import { answerLines } from "../../lib/lines.ts";
import { Window } from "../load/window.ts";
import type {
  ClientOptions,
  Command,
  Marked,
  MarksCommand,
  Slow,
  SlowCommand,
  TakeCommand,
  Taken,
} from "./commands.ts";
import { type Memory, readBoth } from "./memory.ts";
import type { Row } from "./rows.ts";
import { Tally } from "./tally.ts";
import { getRows } from "./ways.ts";

/** The number of rows before the measurement, which run all code. */
const WARM_ROWS = 100_000;

/** The number of rows after which a slow client asks how many the server has produced. */
const LOOK_EVERY = 16;

const options: ClientOptions = JSON.parse(Deno.args[0] ?? "{}");
const url = `http://127.0.0.1:${options.port}`;
const connection: Connection = await connect("test", { url });

await answerLines(async (command: Command): Promise<Taken | Marked | Slow> => {
  switch (command.do) {
    case "take":
      return await measureTaking(command);
    case "marks":
      return await measureMarks(command);
    case "slow":
      return await measureSlow(command);
  }
});

async function measureTaking({ way, rows }: TakeCommand): Promise<Taken> {
  await getRows(connection, way, WARM_ROWS, () => {});
  const tally = new Tally();
  const window = new Window([options.server]);
  await getRows(connection, way, rows, (row) => tally.take(row));
  const span = window.close();
  tally.assertAll(rows);
  return { ...span, rows };
}

async function measureMarks({ way, marks }: MarksCommand): Promise<Marked> {
  const memories: Memory[] = [];
  const look = async () => {
    memories.push(await readBoth(connection, options.server));
  };
  const tally = new Tally(marks, look);
  const rows = Math.max(...marks);
  await getRows(connection, way, rows, (row) => tally.take(row));
  tally.assertAll(rows);
  return { memories };
}

async function measureSlow({ marks }: SlowCommand): Promise<Slow> {
  const memories: Memory[] = [];
  const look = async () => {
    memories.push(await readBoth(connection, options.server));
  };
  const tally = new Tally(marks, look);
  const rows = Math.max(...marks);
  let ahead = 0;
  const takeSlowly = async (row: Row) => {
    await tally.take(row);
    await turn();
    if (row.n % LOOK_EVERY > 0) return;
    const made = Number(await connection.operation("produced"));
    ahead = Math.max(ahead, made - (row.n + 1));
  };
  await getRows(connection, "stream", rows, takeSlowly);
  tally.assertAll(rows);
  return { ahead, memories };
}

/** Waits until the other tasks in the queue have run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
