import { tokenVariable } from "../cli.ts";
import { defined, type ServeFlags } from "./arguments.ts";
import { readable } from "./program.ts";
import { serve, type ServeOptions } from "../server.ts";
import { debug } from "../server/log.ts";
/** The outside, as far as a command needs it. */
export interface Outside {
  /** Writes a line to standard output */
  print(text: string): void;
  /** Writes a line to standard error */
  complain(text: string): void;
  /** Reads a file */
  readTextFile(path: string): Promise<string>;
  /** The variable HOIST_TOKEN, if there is one and it may be read */
  tokenVariable(): string | undefined;
  /** Aborts when the user wants the program to end */
  readonly signal: AbortSignal;
}

/** Serves until the signal aborts. */
export async function runServer(
  flags: ServeFlags,
  outside: Outside,
): Promise<number> {
  try {
    if (flags.debug) debug({ trace: flags.trace, http: true });
    const token = await tokenOf(flags, outside);
    const options = await optionsOf(flags, outside);
    await using server = serve(token, { ...options, signal: outside.signal });
    await server.finished;
    return 0;
  } catch (error) {
    if (outside.signal.aborted && error === outside.signal.reason) return 0;
    // What `serve` says of an argument is for the user of the flag, too.
    const isArgument = error instanceof TypeError ||
      error instanceof RangeError;
    outside.complain(isArgument ? `error: ${error.message}` : readable(error));
    return isArgument ? 2 : 1;
  }
}

async function tokenOf(
  { token, tokenFile }: ServeFlags,
  outside: Outside,
): Promise<string | undefined> {
  if (token !== undefined) return token;
  if (tokenFile === undefined) return outside.tokenVariable();
  // Editors and `echo` end a file with a line break.
  return (await read(tokenFile, outside)).trimEnd();
}

async function optionsOf(
  flags: ServeFlags,
  outside: Outside,
): Promise<ServeOptions> {
  const { hostname, port, minimumVersion, tokenLength, tokenAlphabet } = flags;
  const cert = flags.cert && await read(flags.cert, outside);
  const key = flags.key && await read(flags.key, outside);
  const { hideToken, logLevel } = flags;
  return {
    hideToken,
    ...defined({ hostname, port, minimumVersion, tokenLength, tokenAlphabet }),
    ...defined({ cert, key, logLevel }),
  };
}

export async function read(path: string, outside: Outside): Promise<string> {
  try {
    return await outside.readTextFile(path);
  } catch (cause) {
    const { NotCapable, NotFound } = Deno.errors;
    if (cause instanceof NotFound) {
      throw new NotFound(`Cannot read ${path}: there is no such file`, {
        cause,
      });
    }
    if (cause instanceof NotCapable) {
      throw new NotCapable(
        `Cannot read ${path}: the permission is missing, run with --allow-read`,
        { cause },
      );
    }
    throw cause;
  }
}
