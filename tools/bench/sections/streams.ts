/**
 * Streams: their speed, their memory, and how far a server produces ahead.
 *
 * @module
 */

import type { Sides } from "../sides.ts";
import type { Taken } from "../streams/commands.ts";
import type { Memory } from "../streams/memory.ts";
import { Pair } from "../streams/pair.ts";
import type { RowsWay } from "../streams/ways.ts";
import {
  type Cell,
  LOAD,
  type Metric,
  type Row,
  takeTurns,
  type Values,
} from "./cell.ts";
import { cpuFor, rateOf } from "./metrics.ts";
import type { Context } from "./context.ts";

const SIDES: Sides = { ours: "stream", base: "calls", others: ["chunks"] };

const SECTION = { section: "Streams", targets: {}, sides: SIDES };

/** The largest good growth of resident memory, in MiB; it varies by this much anyway. */
const MOST_MEMORY = 8;

/** The largest good growth of the heap, in MiB. */
const MOST_HEAP = 0.5;

/** The items in flight, plus some that are produced but not yet sent or received. */
const MOST_AHEAD = 256 + 8;

/** Returns the cells of this section. */
export function streams({ scale }: Context): Cell[] {
  const { streamRounds, streamRows, streamMarks, slowMarks } = scale;
  return [
    ...cellsOf(
      speedOf(streamRows),
      ["stream", "calls", "chunks"],
      streamRounds,
      (way) => measureSpeed(way, streamRows),
    ),
    ...cellsOf(
      memoryRow(streamMarks),
      ["stream", "calls"],
      streamRounds,
      (way) => measureMemory(way, streamMarks),
    ),
    ...cellsOf(
      slowRow(slowMarks),
      ["stream"],
      streamRounds,
      () => measureSlow(slowMarks),
    ),
  ];
}

// Each cell starts new processes, because a process keeps memory that it once had.
function cellsOf(
  row: Row,
  ways: readonly RowsWay[],
  rounds: number,
  measure: (way: RowsWay) => Promise<Values>,
): Cell[] {
  return takeTurns(ways, () => rounds).map(({ subject, round }) => ({
    row,
    contender: subject,
    round,
    measure: () => measure(subject),
  }));
}

async function measureSpeed(way: RowsWay, rows: number): Promise<Values> {
  await using pair = await Pair.start();
  return speedValues(await pair.request({ do: "take", way, rows }));
}

function speedValues({ rows, seconds, serverCpu, ownCpu }: Taken): Values {
  return {
    cpu: serverCpu / rows * 1e6,
    clientCpu: ownCpu / rows * 1e6,
    rate: rows / seconds,
    [LOAD]: ownCpu / seconds,
  };
}

async function measureMemory(
  way: RowsWay,
  marks: readonly number[],
): Promise<Values> {
  await using pair = await Pair.start();
  const { memories } = await pair.request({ do: "marks", way, marks });
  return growthOf(memories, marks);
}

async function measureSlow(marks: readonly number[]): Promise<Values> {
  await using pair = await Pair.start();
  const { ahead, memories } = await pair.request({ do: "slow", marks });
  return { ahead, ...growthOf(memories, marks) };
}

/** Returns the growth since the first reading, by name and number of rows. */
function growthOf(
  [first, ...later]: readonly Memory[],
  [, ...marks]: readonly number[],
): Values {
  const entries = later.flatMap((memory, index) =>
    NAMES.map((name): [string, number] => [
      `${name} ${marks[index]}`,
      memory[name] - (first?.[name] ?? NaN),
    ])
  );
  return Object.fromEntries(entries);
}

const NAMES = ["server", "client", "serverHeap", "clientHeap"] as const;

const TITLES: Readonly<Record<keyof Memory, string>> = {
  server: "server memory",
  client: "client memory",
  serverHeap: "server heap",
  clientHeap: "client heap",
};

/** Returns the metrics of the growth at each reading but the first. */
function growthMetrics([, ...marks]: readonly number[]): Metric[] {
  return NAMES.flatMap((name) =>
    marks.map((mark): Metric => ({
      key: `${name} ${mark}`,
      label: `${TITLES[name]}, to ${mark.toLocaleString("en")}`,
      unit: "MiB",
    }))
  );
}

function growthBounds(marks: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    growthMetrics(marks).map(({ key }) => [
      key,
      key.includes("Heap") ? MOST_HEAP : MOST_MEMORY,
    ]),
  );
}

function speedOf(rows: number): Row {
  return {
    ...SECTION,
    label: `${rows.toLocaleString("en")} rows`,
    metrics: [
      cpuFor("row"),
      { key: "clientCpu", label: "client CPU per row", unit: "us" },
      rateOf("rows"),
    ],
  };
}

function memoryRow(marks: readonly number[]): Row {
  return {
    ...SECTION,
    label: `growth after ${marks[0]?.toLocaleString("en")} rows`,
    metrics: growthMetrics(marks),
    bounds: growthBounds(marks),
  };
}

function slowRow(marks: readonly number[]): Row {
  return {
    ...SECTION,
    label: `a slow client, after ${marks[0]?.toLocaleString("en")} rows`,
    metrics: [
      { key: "ahead", label: "most items ahead", unit: "rows" },
      ...growthMetrics(marks),
    ],
    bounds: { ahead: MOST_AHEAD, ...growthBounds(marks) },
  };
}
