/**
 * The child's side of a dialogue in lines of JSON: `Process.request` is the other side.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";

/**
 * Carries out the commands on standard input one after the other, and answers each
 * command with one line. Ends this process at the end of the input, so that it never
 * outlives its parent process.
 */
export async function answerLines<Command>(
  carryOut: (command: Command) => unknown,
): Promise<never> {
  const answer = async (line: string): Promise<unknown> => {
    try {
      return await carryOut(JSON.parse(line));
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
  process.exit();
}
