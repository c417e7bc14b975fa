/**
 * Lets Deno check the types of a program that is in no cache.
 *
 * @module
 */

import { readEnded } from "../accounting.ts";
import { MAIN, type Modules, renew } from "./program.ts";

/** The configuration that has zod, which only tests and tools use. */
const CONFIG = decodeURIComponent(
  new URL("../../../tests/deno.json", import.meta.url).pathname,
);

/** The result of a check. */
export interface Check {
  /** The duration including the start of Deno, in milliseconds */
  readonly time: number;
  /** The CPU time, in milliseconds */
  readonly cpu: number;
  readonly success: boolean;
  /** The output of Deno */
  readonly report: string;
}

/**
 * Checks a program in a new process.
 *
 * @param modules The program. Deno does not check an unchanged program twice, so each
 * module gets a unique comment.
 * @param options More options of `deno check`
 */
export async function check(
  modules: Modules,
  options: readonly string[] = [],
): Promise<Check> {
  const folder = await Deno.makeTempDir({ prefix: "hoist-types-" });
  try {
    await write(folder, renew(modules));
    return await run([...options, `${folder}/${MAIN}`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function write(folder: string, modules: Modules): Promise<void> {
  for (const [name, text] of Object.entries(modules)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}

async function run(args: readonly string[]): Promise<Check> {
  const start = performance.now();
  const before = readEnded();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--config", CONFIG, "--no-lock", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const time = performance.now() - start;
  const cpu = (readEnded() - before) / 1e6;
  return { time, cpu, success, report: new TextDecoder().decode(stderr) };
}
