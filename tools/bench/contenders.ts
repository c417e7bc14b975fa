/**
 * Who is measured: servers, and how they are spoken to.
 *
 * @module
 */

import type { DialectChoice } from "./load/dialects.ts";
import type { Tools } from "./packages.ts";
import type { ProcessOptions } from "../lib/process.ts";

/** The names of those who are measured. */
export type ContenderName =
  /** This library and its own client */
  | "hoist"
  /** The same with a client that packs up to 16,384 bytes, as ours does elsewhere */
  | "hoist-16k"
  /** This library and a client of Hoist 1, which negotiates nothing */
  | "hoist-1"
  /** This library and its own client, at the log level that it has by default */
  | "hoist-log"
  /** This library as its command line starts it */
  | "hoist-cli"
  /** A bare `Deno.serve` */
  | "bare"
  | "ws"
  | "socket.io"
  | "bun"
  | "python";

/** Somebody who is measured. */
export interface Contender {
  readonly name: ContenderName;
  readonly dialect: DialectChoice;
  /** The server that writes its port first and takes 0 for any */
  readonly server: ProcessOptions;
  /** The server as a user starts it, on a port */
  readonly startUp: (port: number) => ProcessOptions;
}

/** This library and what it is compared with; everybody else is a peer. */
export const OURS: readonly ContenderName[] = [
  "hoist",
  "hoist-16k",
  "hoist-1",
  "hoist-log",
  "hoist-cli",
];

/** The others, in the order of the table. */
export const PEERS: readonly ContenderName[] = [
  "ws",
  "socket.io",
  "bun",
  "python",
];

/** What each is called. */
export const LABELS: Readonly<Record<ContenderName, string>> = {
  hoist: "Hoist",
  "hoist-16k": "arrays of 16 KiB",
  "hoist-1": "a Hoist 1 client",
  "hoist-log": "default log",
  "hoist-cli": "the command line",
  bare: "bare Deno",
  ws: "ws",
  "socket.io": "socket.io",
  bun: "Bun",
  python: "Python",
};

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname);

/** Everybody who can be measured with these tools. */
export function listContenders(
  tools: Tools,
): ReadonlyMap<ContenderName, Contender> {
  const all = [
    ...listOurs(),
    bare(),
    ...listNodePeers(tools),
    bun(tools),
    ...listPython(tools),
  ];
  return new Map(all.map((contender) => [contender.name, contender]));
}

function listOurs(): Contender[] {
  return [
    hoist("hoist", hoistDialect(1_024)),
    hoist("hoist-16k", hoistDialect(16_384)),
    hoist("hoist-1", HOIST_1),
    hoist("hoist-log", hoistDialect(1_024), "info"),
    { ...hoist("hoist-cli", hoistDialect(1_024)), startUp: commandLine },
  ];
}

/** What our client does: it negotiates, and packs arrays up to a limit in bytes. */
function hoistDialect(limit: number): DialectChoice {
  return { name: "hoist", features: true, limit };
}

const HOIST_1: DialectChoice = { name: "hoist", features: false, limit: 0 };

function hoist(
  name: ContenderName,
  dialect: DialectChoice,
  logLevel = "warn",
): Contender {
  return {
    name,
    dialect,
    server: {
      ...deno("--v8-flags=--expose-gc", peer("hoist.ts"), "0", logLevel),
      // What is logged by default goes nowhere: reading it would cost a core.
      silent: logLevel !== "warn",
    },
    startUp: (port) => deno(peer("hoist.ts"), String(port)),
  };
}

function commandLine(port: number): ProcessOptions {
  return deno("mod.ts", "-H", "127.0.0.1", "-p", String(port), "--hide-token");
}

function bare(): Contender {
  return {
    name: "bare",
    dialect: HOIST_1,
    server: deno("--v8-flags=--expose-gc", peer("bare_deno.ts")),
    startUp: (port) => deno(peer("start_up_deno.ts"), String(port)),
  };
}

function listNodePeers({ packages }: Tools): Contender[] {
  if (packages === undefined) return [];
  const node = (script: string) => (port: number) => ({
    command: "node",
    args: ["--expose-gc", peer(script), String(port), packages],
  });
  return [
    simple("ws", HOIST_1, node("ws_node.mjs")),
    simple("socket.io", { name: "socket.io" }, node("socket_io_node.mjs")),
  ];
}

function bun({ bun }: Tools): Contender {
  return simple("bun", HOIST_1, (port) => ({
    command: bun,
    args: [peer("bun_native.mjs"), String(port)],
  }));
}

function listPython({ python }: Tools): Contender[] {
  if (python === undefined) return [];
  return [simple("python", HOIST_1, (port) => ({
    command: python,
    args: [peer("python_hoist.py"), String(port)],
  }))];
}

function simple(
  name: ContenderName,
  dialect: DialectChoice,
  startUp: (port: number) => ProcessOptions,
): Contender {
  return { name, dialect, server: startUp(0), startUp };
}

function deno(...args: readonly string[]): ProcessOptions {
  const command = Deno.execPath();
  return { command, args: ["run", "--allow-net", ...args], cwd: ROOT };
}

function peer(file: string): string {
  return `${ROOT}tools/bench/peers/${file}`;
}
