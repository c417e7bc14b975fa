/**
 * A program that carries out what the lines of its standard input say.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";

/** What a line is answered with, unless it could not be carried out. */
interface Problem {
  readonly error: string;
}

/**
 * Answers each line of standard input with a line, one after the other, and ends the
 * program with the input: it never outlives who commands it.
 */
export async function answerLines<Command, Answer>(
  carryOut: (command: Command) => Promise<Answer>,
): Promise<never> {
  const answer = async (line: string): Promise<Answer | Problem> => {
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
