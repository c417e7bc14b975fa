/** Runs `--workers` in real processes, and finds the workers. */

import { freePort } from "../../tools/lib/ports.ts";
import { Program, ROOT } from "./program.ts";

/** The permissions that the process needs which starts the workers. */
export const PERMISSIONS = ["--no-prompt", "--allow-net", "--allow-run"];

/** Only Linux shares a port between processes, and shows processes in `/proc`. */
export const WITHOUT_WORKERS = Deno.build.os !== "linux";

const TIMEOUT = 30_000;

/**
 * Starts workers on a free port of the loopback interface. With `--port 0`, the system could give
 * the port to a connection before the first worker listens on it.
 */
export function startWorkers(
  count: number,
  args: readonly string[] = [],
  { permissions = PERMISSIONS, env = {} }: {
    readonly permissions?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Program {
  const where = ["--hostname", "127.0.0.1", "--port", String(freePort())];
  const workers = ["--workers", String(count)];
  const all = [`${ROOT}/mod.ts`, ...where, ...workers, ...args];
  return new Program([...permissions, ...all], env);
}

/** Returns the ids of the workers that run, without those that are ending. */
export async function workersOf({ process }: Program): Promise<number[]> {
  const ids: number[] = [];
  const tasks = `/proc/${process.pid}/task`;
  for await (const { name } of Deno.readDir(tasks)) {
    const children = await read(`${tasks}/${name}/children`);
    ids.push(...children.split(" ").filter(Boolean).map(Number));
  }
  return ids;
}

/** Waits until a number of workers runs, apart from some that ran before. */
export async function newWorkersOf(
  program: Program,
  count: number,
  before: readonly number[] = [],
): Promise<number[]> {
  return await poll(async () => {
    const ids = await workersOf(program);
    const found = ids.filter((id) => !before.includes(id));
    return found.length >= count ? found : undefined;
  });
}

/** Waits until a process has ended. */
export async function ended(pid: number): Promise<void> {
  // A process that nobody has waited for yet is a zombie.
  await poll(async () => {
    const state = (await read(`/proc/${pid}/stat`)).replace(/.*\) /s, "")[0];
    return state === undefined || state === "Z" ? true : undefined;
  });
}

/** Returns what other users of the machine see of a process, and what its owner sees. */
export async function visibleOf(pid: number): Promise<string> {
  const files = [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`];
  return (await Promise.all(files.map(read))).join("\n");
}

/** Reads a file; returns an empty string if it is gone. */
async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}

/** Calls a function again until it returns a value. */
export async function poll<Value>(
  find: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> {
  const end = performance.now() + TIMEOUT;
  while (performance.now() < end) {
    const value = await find();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("The processes did not get into the expected state.");
}
