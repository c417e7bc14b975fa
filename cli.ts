/**
 * The command line: what a command does.
 *
 * @module
 */

import { type Command, parseCommand } from "./cli/arguments.ts";
import { Interruption } from "./cli/program.ts";
import { Outside, read, runServer } from "./cli/serve.ts";
import { serve } from "./server.ts";
import { debug } from "./server/log.ts";
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
      --cert <path>              Certificate mapMaybePromise for TLS, as PEM (needs -R)
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
export function tokenVariable(): string | undefined {
  const variable = "HOIST_TOKEN";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}
