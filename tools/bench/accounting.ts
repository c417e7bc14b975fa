/**
 * Reads the CPU time and the memory of processes from /proc. It runs on Linux, in Deno
 * and in Bun.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";

/** CPU time in nanoseconds, by thread. */
export type CpuReading = ReadonlyMap<string, number>;

/** The length of a tick in /proc/<pid>/stat, in nanoseconds: Linux has 100 a second. */
const TICK = 10_000_000;

/** Returns the CPU time that processes have used. */
export function readCpu(pids: readonly (number | "self")[]): CpuReading {
  return new Map(pids.flatMap((pid) => {
    const threads = readThreads(pid);
    return threads.length > 0 ? threads : readTicks(pid);
  }));
}

/** Returns the CPU time of the ended child processes of this process, in nanoseconds. */
export function readEnded(): number {
  return parseEnded(read("/proc/self/stat"));
}

/**
 * Returns the nanoseconds between two readings. A thread that ends in between does not
 * count, because the counter of its process has a resolution of only 10 ms.
 */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  let sum = 0;
  for (const [thread, time] of after) sum += time - (before.get(thread) ?? 0);
  return sum;
}

/** Returns the ids of a process and all its descendants. */
export function family(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((thread) => {
    const text = read(`/proc/${pid}/task/${thread}/children`);
    return text.split(" ").filter(Boolean).map(Number);
  });
  return [pid, ...children.flatMap(family)];
}

/** Returns the resident memory of processes, in bytes. */
export function readMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    // The sum over the mappings is exact, but the counter in `status` is late.
    const text = read(`/proc/${pid}/smaps_rollup`) ||
      read(`/proc/${pid}/status`);
    return sum + parseMemory(text);
  }, 0);
}

/** Parses `smaps_rollup` or `status`, and returns the resident memory in bytes. */
export function parseMemory(text: string): number {
  const [, kibibytes] = text.match(/^(?:Rss|VmRSS):\s*(\d+) kB$/m) ?? [];
  return Number(kibibytes ?? 0) * 1_024;
}

/** Parses `schedstat`, and returns the CPU time in nanoseconds. */
export function parseSchedstat(text: string): number {
  return Number(text.split(" ", 1)[0]);
}

/** Parses `stat`, and returns the CPU time in nanoseconds. */
export function parseStat(text: string): number {
  return sumTicks(text, 14);
}

/** Parses `stat`, and returns the CPU time of the ended children in nanoseconds. */
export function parseEnded(text: string): number {
  return sumTicks(text, 16);
}

/** Adds user and system time, which are adjacent; `man proc` numbers the fields. */
function sumTicks(text: string, field: number): number {
  // The second field can contain anything, even a parenthesis.
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

// A thread or a process can end before its file is read. It then counts as empty.
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
