/**
 * The command `token`, which generates a token.
 *
 * @module
 */

import { generateToken } from "../token.ts";
import type { TOKEN_FLAGS } from "./client_flags.ts";
import type { CommandInput } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { exitCodeOf } from "./exit_code.ts";

/** Prints a token. */
export async function run(
  { flags: { tokenLength: length, tokenAlphabet: alphabet } }: CommandInput<
    typeof TOKEN_FLAGS
  >,
  context: CommandContext,
): Promise<number> {
  return await exitCodeOf(context, () => {
    context.print(generateToken({ length, alphabet }));
    return Promise.resolve();
  });
}
