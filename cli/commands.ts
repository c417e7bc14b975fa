/**
 * The command line: the table of all commands. Parsing, the help, the completions and the tests of
 * the documentation use it.
 *
 * @module
 */

import {
  BENCH_FLAGS,
  COMPLETION_FLAGS,
  DATA,
  DATA_FLAGS,
  DISCONNECT_FLAGS,
  DOCTOR_FLAGS,
  JOIN_FLAGS,
  LISTEN_FLAGS,
  NAME,
  PING_FLAGS,
  refineServerFlags,
  SERVER_FLAGS,
  SHELLS,
  STREAM_FLAGS,
  TOKEN_FLAGS,
  TOP_FLAGS,
} from "./client_flags.ts";
import { type Command, defineCommand } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { flagName, type FlagTable } from "./parse.ts";
import { runInProcess, runRequest } from "./run.ts";
import { refineServeFlags, SERVE_FLAGS, WORKER } from "./serve_flags.ts";

/** Returns what a command needs that talks to a server. */
function permissionsFor(flags: FlagTable, ...others: string[]): string {
  const paths = Object.entries(flags).flatMap(([key, { placeholder }]) =>
    placeholder === "path" ? [`--${flagName(key)}`] : []
  );
  const data = "data" in flags ? ["-d @path"] : [];
  const files = [...paths, ...data, ...others];
  const last = files.pop();
  return `-N; -R for ${
    files.join(", ")
  } and ${last}; --allow-env=HOIST_TOKEN,HOIST_URL for the variables`;
}

/** What to write instead of the flags of Python Hoist. */
const PYTHON_HINTS = {
  "--execute": "Write the name after the command: call NAME.",
  "-e": "Write the name after the command: call NAME.",
  "--payload": "Did you mean --data?",
  "-p": "Did you mean --data?",
};

/** All commands. The first one is the default. */
export const COMMANDS: readonly Command[] = [
  defineCommand({
    name: "serve",
    summary: "Start a server (the default command)",
    alsoKnownAs: ["start", "run", "server"],
    flags: SERVE_FLAGS,
    refine: refineServeFlags,
    examples: [
      "serve -H 127.0.0.1",
      "serve --token-file token.txt -p 8080",
    ],
    hints: {
      "--default-len": "Did you mean --token-length?",
      "--token-string": "Did you mean --token-alphabet?",
      "--fancy": "Omit it: log lines suit files and terminals alike.",
      "--support": "Register only the operations that you offer.",
      "--unsupport": "Register only the operations that you offer.",
    },
    permissions:
      "-N; -R for --token-file, --cert, --key and --admin-token-file; --allow-env=HOIST_TOKEN,HOIST_BROKER for the variables; --allow-run for --workers; --ignore-env for --broker redis:// without --workers",
    load: () => import("./serve.ts"),
  }),
  defineCommand({
    name: "call",
    summary: "Call an operation, and print its result",
    alsoKnownAs: ["connect", "invoke", "operation"],
    arguments: [{ ...NAME, help: "the name of the operation" }, DATA],
    flags: DATA_FLAGS,
    refine: refineServerFlags,
    examples: [
      "call add a:=1 b:=2",
      "call greet name=Ada -u https://example.com",
      "call import -d @data.json",
    ],
    hints: PYTHON_HINTS,
    permissions: permissionsFor(DATA_FLAGS),
    load: async () => ({ run: (await import("./requests.ts")).call }),
  }),
  defineCommand({
    name: "send",
    summary: "Send a message, and print the replies",
    description: [
      "Ends when the listeners of the server have finished. The command succeeds without a reply, too.",
    ],
    alsoKnownAs: ["message", "emit"],
    arguments: [{ ...NAME, help: "the name of the message" }, DATA],
    flags: DATA_FLAGS,
    refine: refineServerFlags,
    examples: ["send hello name=Ada", "send hello name=Ada --json"],
    hints: PYTHON_HINTS,
    permissions: permissionsFor(DATA_FLAGS),
    load: async () => ({ run: (await import("./requests.ts")).send }),
  }),
  defineCommand({
    name: "request",
    summary: "Send a message, and print the first reply",
    description: [
      "Ends at the first reply of a listener (server.receive), and fails if there is none. For an operation of the server (server.operation), use 'call'.",
    ],
    alsoKnownAs: ["ask"],
    arguments: [{ ...NAME, help: "the name of the message" }, DATA],
    flags: DATA_FLAGS,
    refine: refineServerFlags,
    examples: ["request hello name=Ada"],
    hints: PYTHON_HINTS,
    permissions: permissionsFor(DATA_FLAGS),
    load: async () => ({ run: (await import("./requests.ts")).request }),
  }),
  defineCommand({
    name: "stream",
    summary: "Call an operation that returns a stream, and print its items",
    alsoKnownAs: ["subscribe"],
    arguments: [{ ...NAME, help: "the name of the operation" }, DATA],
    flags: STREAM_FLAGS,
    refine: refineServerFlags,
    examples: ["stream rows table=users", "stream prices --resume --count 10"],
    hints: PYTHON_HINTS,
    permissions: permissionsFor(STREAM_FLAGS),
    load: async () => ({ run: (await import("./watch.ts")).stream }),
  }),
  defineCommand({
    name: "listen",
    summary: "Print the events that the server sends",
    alsoKnownAs: ["receive", "watch"],
    arguments: [{
      ...NAME,
      help: "the names of the events; all events if omitted",
      isOptional: true,
      isRepeated: true,
    }],
    flags: LISTEN_FLAGS,
    refine: refineServerFlags,
    examples: ["listen", "listen news prices --json"],
    permissions: permissionsFor(LISTEN_FLAGS),
    load: async () => ({ run: (await import("./watch.ts")).listen }),
  }),
  defineCommand({
    name: "join",
    summary: "Join a room, and print its messages",
    arguments: [{ name: "ROOM", help: "the name of the room" }],
    flags: JOIN_FLAGS,
    refine: refineServerFlags,
    examples: ["join lobby", "join lobby --last 20 --members"],
    permissions: permissionsFor(JOIN_FLAGS),
    load: async () => ({ run: (await import("./watch.ts")).join }),
  }),
  defineCommand({
    name: "publish",
    summary: "Publish a message in a room",
    arguments: [
      { name: "ROOM", help: "the name of the room" },
      { ...NAME, help: "the name of the message" },
      DATA,
    ],
    flags: DATA_FLAGS,
    refine: refineServerFlags,
    examples: ["publish lobby said text=Hello"],
    permissions: permissionsFor(DATA_FLAGS),
    load: async () => ({ run: (await import("./requests.ts")).publish }),
  }),
  defineCommand({
    name: "doctor",
    summary: "Find out why a client cannot connect",
    description: [
      "Checks step by step: the name, TCP, TLS, the server, the upgrade, the origin of a page, the login, the extensions, the round trip, a large frame, and proxies. At the first step that fails, it says what to do. Without a token, it ends before the login.",
    ],
    alsoKnownAs: ["check", "diagnose", "status", "test"],
    flags: DOCTOR_FLAGS,
    refine: refineServerFlags,
    examples: [
      "doctor -u https://example.org --token-file token.txt",
      "doctor -u https://example.org --origin https://app.example.org",
    ],
    permissions: permissionsFor(DOCTOR_FLAGS),
    load: () => import("./doctor.ts"),
  }),
  defineCommand({
    name: "ping",
    summary: "Measure the round trip to a server",
    description: [
      "Sends a heartbeat each second until Ctrl-C. Ends with 1 if a ping was not answered.",
    ],
    alsoKnownAs: ["latency"],
    flags: PING_FLAGS,
    refine: refineServerFlags,
    examples: ["ping", "ping -n 5 -i 200ms --json"],
    hints: { "-c": "Did you mean -n?", "-W": "Did you mean --timeout?" },
    permissions: permissionsFor(PING_FLAGS),
    load: () => import("./ping.ts"),
  }),
  defineCommand({
    name: "bench",
    summary: "Put a server under load, and measure it",
    description: [
      "Calls the operation NAME. Without NAME, it sends the message 'bench', which every server without a contract answers. One thread sends all requests, so a fast server can be faster than the result.",
    ],
    alsoKnownAs: ["benchmark", "load", "perf"],
    arguments: [
      { ...NAME, help: "the name of the operation", isOptional: true },
      DATA,
    ],
    flags: BENCH_FLAGS,
    refine: refineServerFlags,
    examples: [
      "bench --seconds 30",
      "bench add a:=1 b:=2 --rate 1000",
      "bench -u http://localhost:5000 --versus http://localhost:5001",
    ],
    permissions: permissionsFor(BENCH_FLAGS),
    load: () => import("./bench.ts"),
  }),
  defineCommand({
    name: "token",
    summary: "Generate a token",
    alsoKnownAs: ["generate", "keygen"],
    flags: TOKEN_FLAGS,
    examples: ["token", "token --token-length 40"],
    permissions: "none",
    load: () => import("./tokens.ts"),
  }),
  defineCommand({
    name: "contract show",
    summary: "Print the contract of a server",
    description: [
      "The server needs the options 'contract' and 'exposeContract'.",
    ],
    flags: SERVER_FLAGS,
    refine: refineServerFlags,
    examples: ["contract show", "contract show --json"],
    permissions: permissionsFor(SERVER_FLAGS),
    load: async () => ({ run: (await import("./contract.ts")).show }),
  }),
  defineCommand({
    name: "contract check",
    summary: "Check that a server still suits its clients",
    description: [
      "Compares the contract that clients were written for with the contract of the server. Lists the changes, and ends with 1 if one of them can break a client.",
    ],
    arguments: [{
      name: "FILE",
      help:
        "a module that exports the contract, or a file or URL with the output of 'contract show --json'",
    }],
    flags: SERVER_FLAGS,
    refine: refineServerFlags,
    examples: [
      "contract check contract.ts -u https://example.com",
      "contract check contract.json",
    ],
    permissions: permissionsFor(SERVER_FLAGS, "FILE"),
    load: async () => ({ run: (await import("./contract.ts")).check }),
  }),
  defineCommand({
    name: "admin clients",
    summary: "List the clients of a server",
    flags: SERVER_FLAGS,
    refine: refineServerFlags,
    examples: ["admin clients", "admin clients --json"],
    permissions: permissionsFor(SERVER_FLAGS),
    load: async () => ({ run: (await import("./admin.ts")).clients }),
  }),
  defineCommand({
    name: "admin rooms",
    summary: "List the rooms of a server",
    arguments: [{
      name: "PREFIX",
      help: "only rooms whose names begin with it",
      isOptional: true,
    }],
    flags: SERVER_FLAGS,
    refine: refineServerFlags,
    examples: ["admin rooms", "admin rooms chat:"],
    permissions: permissionsFor(SERVER_FLAGS),
    load: async () => ({ run: (await import("./admin.ts")).rooms }),
  }),
  defineCommand({
    name: "admin broadcast",
    summary: "Send an event to all clients of all servers",
    arguments: [{ ...NAME, help: "the name of the event" }, DATA],
    flags: DATA_FLAGS,
    refine: refineServerFlags,
    examples: ["admin broadcast news title=Maintenance"],
    permissions: permissionsFor(DATA_FLAGS),
    load: async () => ({ run: (await import("./admin.ts")).broadcast }),
  }),
  defineCommand({
    name: "admin disconnect",
    summary: "Close the connection of a client",
    alsoKnownAs: ["admin kick", "admin close"],
    arguments: [{
      name: "CLIENT",
      help: "its number in 'admin clients', or its globalId",
    }],
    flags: DISCONNECT_FLAGS,
    refine: refineServerFlags,
    examples: [
      "admin disconnect 12",
      "admin disconnect 12 --reason Maintenance",
    ],
    permissions: permissionsFor(DISCONNECT_FLAGS),
    load: async () => ({ run: (await import("./admin.ts")).disconnect }),
  }),
  defineCommand({
    name: "admin revoke",
    summary: "Stop accepting a named token, and disconnect its clients",
    arguments: [{ ...NAME, help: "the name of the token" }],
    flags: SERVER_FLAGS,
    refine: refineServerFlags,
    examples: ["admin revoke laptop"],
    permissions: permissionsFor(SERVER_FLAGS),
    load: async () => ({ run: (await import("./admin.ts")).revoke }),
  }),
  defineCommand({
    name: "admin top",
    summary: "Show the load and the clients of a server live",
    description: [
      "The key s changes the order, the arrows scroll, and q ends the view. If the output is no terminal, it prints a line for each interval.",
    ],
    flags: TOP_FLAGS,
    refine: refineServerFlags,
    examples: ["admin top", "admin top -i 5s --json"],
    permissions: permissionsFor(TOP_FLAGS),
    load: () => import("./top.ts"),
  }),
  defineCommand({
    name: "completions",
    summary: "Print a script that completes commands and flags in a shell",
    alsoKnownAs: ["completion"],
    arguments: [{ name: "SHELL", help: "bash, zsh or fish", values: SHELLS }],
    flags: COMPLETION_FLAGS,
    examples: ["completions bash", "completions zsh", "completions fish"],
    permissions: "none",
    load: () => import("./completions.ts"),
  }),
];

/**
 * Runs the command line of this process; returns the exit code.
 *
 * @param connect The client, which the main program has already loaded
 */
export function runCommandLine(
  connect: CommandContext["connect"],
): Promise<number> {
  return runInProcess(connect, (context) => runCommand(Deno.args, context));
}

/** Runs a command; returns the exit code. */
export async function runCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  if (args.length !== 1 || args[0] !== WORKER) {
    return await runRequest(COMMANDS, args, context);
  }
  const { runServeWorker } = await import("./serve.ts");
  return await runServeWorker(context);
}
