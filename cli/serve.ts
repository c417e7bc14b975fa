/**
 * The command `serve`, which starts a server.
 *
 * @module
 */

import { debug, serve, type ServeOptions } from "../server.ts";
import { defined, type ServeFlags, withFlagNames } from "./arguments.ts";
import { describeError } from "./program.ts";

/** What a command needs from the process that runs it. */
export interface CommandContext {
  /** Writes a line to standard output */
  print(line: string): void;
  /** Writes a line to standard error */
  printError(line: string): void;
  /** Reads a file */
  readTextFile(path: string): Promise<string>;
  /** Returns the variable `HOIST_TOKEN`, if it exists and the program can read it */
  readTokenVariable(): string | undefined;
  /** Aborts when the user wants the program to end */
  readonly signal: AbortSignal;
}

/**
 * Serves until the signal aborts.
 *
 * @returns The exit code: 0 after a signal, 2 for an invalid option, 1 for another error
 */
export async function runServer(
  flags: ServeFlags,
  context: CommandContext,
): Promise<number> {
  try {
    if (flags.debug) debug({ trace: flags.trace, http: true });
    const token = await readToken(flags, context);
    const options = await readOptions(flags, context);
    await using server = serve(token, { ...options, signal: context.signal });
    await server.finished;
    return 0;
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) return 0;
    return report(error, context);
  }
}

function report(error: unknown, context: CommandContext): number {
  // `serve` throws these for an invalid option, which is an invalid flag here.
  if (error instanceof TypeError || error instanceof RangeError) {
    context.printError(withFlagNames(`error: ${error.message}`));
    return 2;
  }
  context.printError(withFlagNames(describeError(error)));
  return 1;
}

async function readToken(
  { token, tokenFile }: ServeFlags,
  context: CommandContext,
): Promise<string | undefined> {
  if (token !== undefined) return token;
  if (tokenFile === undefined) return context.readTokenVariable();
  // Editors and `echo` end a file with a line break.
  return (await readFile(tokenFile, context)).trimEnd();
}

async function readOptions(
  flags: ServeFlags,
  context: CommandContext,
): Promise<ServeOptions> {
  const { hostname, port, minimumVersion, tokenLength, tokenAlphabet } = flags;
  const cert = flags.cert && await readFile(flags.cert, context);
  const key = flags.key && await readFile(flags.key, context);
  const { hideToken, logLevel } = flags;
  return {
    hideToken,
    ...defined({ hostname, port, minimumVersion, tokenLength, tokenAlphabet }),
    ...defined({ cert, key, logLevel }),
  };
}

async function readFile(
  path: string,
  context: CommandContext,
): Promise<string> {
  try {
    return await context.readTextFile(path);
  } catch (cause) {
    throw explain(cause, path);
  }
}

/** Returns an error of the same class whose message says what to do. */
function explain(cause: unknown, path: string): unknown {
  const { NotCapable, NotFound } = Deno.errors;
  const subject = `Cannot read ${path}`;
  if (cause instanceof NotFound) {
    return new NotFound(
      `${subject}: the file does not exist. Check the path.`,
      { cause },
    );
  }
  if (cause instanceof NotCapable) {
    return new NotCapable(
      `${subject}: the permission is missing. Run with --allow-read=${path}`,
      { cause },
    );
  }
  return cause;
}
