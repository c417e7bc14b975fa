/**
 * The child's side of the lines between it and the orchestrator.
 *
 * @module
 */

import { createInterface } from "node:readline";
import process from "node:process";

/**
 * Answers each line of the standard input with a line, one after the other, and ends
 * this process with its input: it never outlives who commands it.
 */
export async function obey(
  answer: (command: string) => unknown,
): Promise<never> {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(line)));
  }
  Deno.exit();
}
