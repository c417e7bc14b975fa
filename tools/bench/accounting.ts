/**
 * What the operating system knows of a process: the CPU time it used and the memory
 * it has. For Linux; for Deno and Bun alike, as both sides of the bench ask.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";

/** CPU time in nanoseconds, for each thread of the processes. */
export type CpuReading = ReadonlyMap<string, number>;

/** The length of a tick in /proc/<pid>/stat: 100 a second on all Linux there is. */
const TICK = 10_000_000;

/** What processes have used until now. */
export function readCpu(pids: readonly (number | "self")[]): CpuReading {
  return new Map(pids.flatMap((pid) => {
    const threads = readThreads(pid);
    return threads.length > 0 ? threads : readTicks(pid);
  }));
}

/** The nanoseconds on a CPU that those children of this process took that have ended. */
export function readEnded(): number {
  return parseEnded(read("/proc/self/stat"));
}

/**
 * The nanoseconds between two readings. A thread that has ended in between counts
 * nothing: the counter of its process would know, but only in steps of 10 ms.
 */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  let sum = 0;
  for (const [thread, time] of after) sum += time - (before.get(thread) ?? 0);
  return sum;
}

/** The process and all that it has started, and what those have. */
export function family(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((thread) => {
    const text = read(`/proc/${pid}/task/${thread}/children`);
    return text.split(" ").filter(Boolean).map(Number);
  });
  return [pid, ...children.flatMap(family)];
}

/** The bytes of memory that processes have in RAM. */
export function readMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    // The sum over the mappings is exact; the counter in `status` lags behind.
    const text = read(`/proc/${pid}/smaps_rollup`) ||
      read(`/proc/${pid}/status`);
    return sum + parseMemory(text);
  }, 0);
}

/** The bytes in RAM, from `smaps_rollup` or `status`. */
export function parseMemory(text: string): number {
  const [, kibibytes] = text.match(/^(?:Rss|VmRSS):\s*(\d+) kB$/m) ?? [];
  return Number(kibibytes ?? 0) * 1_024;
}

/** The nanoseconds on a CPU, from `schedstat`. */
export function parseSchedstat(text: string): number {
  return Number(text.split(" ", 1)[0]);
}

/** The nanoseconds on a CPU, from `stat`. */
export function parseStat(text: string): number {
  return sumTicks(text, 14);
}

/** The nanoseconds of the children that have ended, from `stat`. */
export function parseEnded(text: string): number {
  return sumTicks(text, 16);
}

/** User and system time, which are beside each other: fields as `man proc` counts. */
function sumTicks(text: string, field: number): number {
  // The second field may hold anything, even a parenthesis.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[field - 3]) + Number(fields[field - 2])) * TICK;
}

function readThreads(pid: number | "self"): [string, number][] {
  return list(`/proc/${pid}/task`).flatMap((thread): [string, number][] => {
    const text = read(`/proc/${pid}/task/${thread}/schedstat`);
    return text === "" ? [] : [[`${pid}/${thread}`, parseSchedstat(text)]];
  });
}

function readTicks(pid: number | "self"): [string, number][] {
  const text = read(`/proc/${pid}/stat`);
  return text === "" ? [] : [[String(pid), parseStat(text)]];
}

// Threads and processes may end between the list and the look: they have nothing then.
function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
