/**
 * The command line: what a command does.
 *
 * @module
 */

import {
  type Command,
  defined,
  parseCommand,
  type ServeFlags,
} from "./arguments.ts";
import { debug } from "./log.ts";
import { Interruption, readable } from "./main.ts";
import { serve, type ServeOptions } from "./serve.ts";
import { VERSION } from "./version.ts";

const HELP =
  `Hoist ${VERSION}: a token-protected WebSocket server for named messages

Usage: deno run -N jsr:@hoist/cli [serve] [options]

Options:
  -t, --token <token>            Token of the clients [default: made at random]
                                 Anyone on this machine can read it in the list
                                 of processes: prefer the next, or HOIST_TOKEN
      --token-file <path>        Read the token from a file (needs -R)
  -H, --hostname <address>       Address to listen on [default: 0.0.0.0]
  -p, --port <port>              Port to listen on, 0 for any [default: 5000]
  -m, --minimum-version <x.y.z>  Lowest version that a client may have
      --token-length <number>    Length of a random token [default: 25]
      --token-alphabet <text>    Characters of a random token [default: a-zA-Z]
      --hide-token               Leave the token out of the startup line
      --cert <path>              Certificate chain for TLS, as PEM (needs -R)
      --key <path>               Private key for TLS, as PEM (needs -R)
  -l, --log-level <level>        debug, info, warn or error [default: info]
      --debug                    Show everything, payloads included
      --trace                    As --debug, with the name of the function
  -v, --version                  Print the version
  -h, --help                     Print this help

Environment:
  HOIST_TOKEN    Token of the clients (needs --allow-env=HOIST_TOKEN)

Examples:
  deno run -N jsr:@hoist/cli -t test
  deno run -NR jsr:@hoist/cli --token-file token.txt -H 127.0.0.1 -p 8080
  deno run -N --allow-env=HOIST_TOKEN jsr:@hoist/cli`;

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

/** Carries out a command; returns the exit code. */
export async function runCommand(
  command: Command,
  outside: Outside,
): Promise<number> {
  switch (command.kind) {
    case "help":
      outside.print(HELP);
      return 0;
    case "version":
      outside.print(`hoist ${VERSION}`);
      return 0;
    case "usage":
      outside.complain(`error: ${command.problem}; --help shows what there is`);
      return 2;
    case "serve":
      return await runServer(command.flags, outside);
  }
}

/** Serves until the signal aborts. */
async function runServer(flags: ServeFlags, outside: Outside): Promise<number> {
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

async function read(path: string, outside: Outside): Promise<string> {
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

/** Runs the command line of this process; returns the exit code. */
export async function runCommandLine(): Promise<number> {
  const interruption = new Interruption();
  try {
    return await runCommand(parseCommand(Deno.args), {
      print: (text) => console.log(text),
      complain: (text) => console.error(text),
      readTextFile: (path) => Deno.readTextFile(path),
      tokenVariable,
      signal: interruption.signal,
    });
  } finally {
    interruption.ignore();
  }
}

/** HOIST_TOKEN, without asking the user for a permission that few will need. */
function tokenVariable(): string | undefined {
  const variable = "HOIST_TOKEN";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}
