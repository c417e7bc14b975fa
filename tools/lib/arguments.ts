/**
 * The command lines of the tools, with the parser and the help of the package.
 *
 * @module
 */

import { helpOf } from "../../cli/help.ts";
import {
  type FlagTable,
  type FlagValues,
  parse,
  type Syntax,
} from "../../cli/parse.ts";

/** What a tool does with its arguments. It returns the exit code. */
export type Tool<Flags extends FlagTable> = (
  flags: FlagValues<Flags>,
  words: readonly string[],
) => number | Promise<number>;

/**
 * Runs a tool, or prints its help or what is wrong with its arguments.
 *
 * @param program How to start the tool, such as `deno task bench`
 * @param syntax Its arguments
 * @param args The arguments of the process
 * @param run Runs the tool
 * @returns The exit code: 2 for invalid arguments
 */
export async function runTool<const Flags extends FlagTable>(
  program: string,
  syntax: Syntax<Flags>,
  args: readonly string[],
  run: Tool<Flags>,
): Promise<number> {
  const parsed = parse(syntax, args);
  switch (parsed.kind) {
    case "run":
      return await run(parsed.flags, parsed.words);
    case "usage":
      console.error(
        `error: ${parsed.problem} Run with --help to list the options.`,
      );
      return 2;
    default:
      // The types of flags do not matter to the help.
      console.log(helpOf(syntax as unknown as Syntax, { program }));
      return 0;
  }
}

/** The largest seed of the random choices. */
export const MAX_SEED = 2 ** 32 - 1;

/** Returns a seed for a run whose random choices are new. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
