/**
 * The servers that the bench compares, and the protocols that their clients speak.
 *
 * @module
 */

import type { ProcessOptions } from "../lib/process.ts";
import type { DialectChoice } from "./load/dialects.ts";
import type { Tools } from "./packages.ts";

/** This library, in several ways to use it. */
export const OURS = [
  /** With a client that sends arrays of up to 1,024 bytes, as ours with Deno's `WebSocket` */
  "hoist",
  /** With a client that sends arrays of up to 16,384 bytes, as ours with other classes */
  "hoist-16k",
  /** With a Hoist 1 client, which negotiates no extension */
  "hoist-1",
  /** With the default log level */
  "hoist-log",
  /** Started by the command line */
  "hoist-cli",
] as const;

/** A way to use this library. */
export type OurName = typeof OURS[number];

/** A way to use the library of the checkout in `--versus`. */
export type OtherName = `other ${OurName}`;

/** The name of a server in the comparison. */
export type ContenderName =
  | OurName
  | OtherName
  /** A bare `Deno.serve` */
  | "bare"
  | "ws"
  | "socket.io"
  | "bun"
  | "python";

/** A server in the comparison. */
export interface Contender {
  readonly name: ContenderName;
  readonly dialect: DialectChoice;
  /** The command of a server that chooses its port and prints it as the first line */
  readonly server: ProcessOptions;
  /** The command of a server on a given port, as an application starts it */
  readonly startUp: (port: number) => ProcessOptions;
}

/** The other libraries, in the order of the table. */
export const PEERS: readonly ContenderName[] = [
  "ws",
  "socket.io",
  "bun",
  "python",
];

const OUR_LABELS: Readonly<Record<OurName, string>> = {
  hoist: "Hoist",
  "hoist-16k": "arrays of 16 KiB",
  "hoist-1": "a Hoist 1 client",
  "hoist-log": "default log",
  "hoist-cli": "the command line",
};

/** The labels of the servers in the table. */
export const LABELS: Readonly<Record<ContenderName, string>> = {
  ...OUR_LABELS,
  ...labelOthers(),
  bare: "bare Deno",
  ws: "ws",
  "socket.io": "socket.io",
  bun: "Bun",
  python: "Python",
};

const HERE = decodeURIComponent(new URL("../..", import.meta.url).pathname);

/** The folders in which a checkout can have the servers of the bench. */
const PEER_FOLDERS = ["tools/bench/peers", "bench/peers"] as const;

/** Returns the servers that these tools can start. */
export function listContenders(
  tools: Tools,
): ReadonlyMap<ContenderName, Contender> {
  return byName([
    ...listOurs(HERE),
    bare(),
    ...listNodePeers(tools),
    bun(tools),
    ...listPython(tools),
  ]);
}

/**
 * Returns the servers of this checkout and of another one, and bare Deno.
 *
 * @param other The root of the other checkout
 */
export function listVersus(
  other: string,
): ReadonlyMap<ContenderName, Contender> {
  const others = listOurs(other).map((contender): Contender => {
    const name = otherName(contender.name as OurName);
    return { ...contender, name, dialect: lenient(contender.dialect) };
  });
  return byName([...listOurs(HERE), bare(), ...others]);
}

/** Returns the name of the same server in the other checkout. */
export function otherName(name: OurName): OtherName {
  return `other ${name}`;
}

/** Returns whether a name stands for this library. */
export function isOurs(name: string): name is OurName {
  return OURS.some((each) => each === name);
}

function byName(
  contenders: readonly Contender[],
): ReadonlyMap<ContenderName, Contender> {
  return new Map(contenders.map((contender) => [contender.name, contender]));
}

function labelOthers(): Record<OtherName, string> {
  const entries = OURS.map((name) => [
    otherName(name),
    `${OUR_LABELS[name]} of the other checkout`,
  ]);
  return Object.fromEntries(entries) as Record<OtherName, string>;
}

function listOurs(root: string): Contender[] {
  const commandLine = (port: number) => {
    const address = ["-H", "127.0.0.1", "-p", String(port)];
    return deno(root, "mod.ts", ...address, "--hide-token");
  };
  return [
    hoist(root, "hoist", hoistDialect(1_024)),
    hoist(root, "hoist-16k", hoistDialect(16_384)),
    hoist(root, "hoist-1", HOIST_1),
    hoist(root, "hoist-log", hoistDialect(1_024), "info"),
    { ...hoist(root, "hoist-cli", hoistDialect(1_024)), startUp: commandLine },
  ];
}

/** Returns the protocol of our client, which sends arrays up to a limit in bytes. */
function hoistDialect(limit: number): DialectChoice {
  return { name: "hoist", features: true, limit };
}

/** Returns the protocol for a server that can lack the newest extensions. */
function lenient(dialect: DialectChoice): DialectChoice {
  return dialect.name === "hoist" ? { ...dialect, isLenient: true } : dialect;
}

const HOIST_1: DialectChoice = { name: "hoist", features: false, limit: 0 };

function hoist(
  root: string,
  name: OurName,
  dialect: DialectChoice,
  logLevel = "warn",
): Contender {
  const script = findPeer(root, "hoist.ts");
  return {
    name,
    dialect,
    server: {
      ...deno(root, "--v8-flags=--expose-gc", script, "0", logLevel),
      // The log is discarded, because reading it would occupy a core.
      silent: logLevel !== "warn",
    },
    startUp: (port) => deno(root, script, String(port)),
  };
}

function bare(): Contender {
  const server = findPeer(HERE, "bare_deno.ts");
  const least = findPeer(HERE, "start_up_deno.ts");
  return {
    name: "bare",
    dialect: HOIST_1,
    server: deno(HERE, "--v8-flags=--expose-gc", server),
    startUp: (port) => deno(HERE, least, String(port)),
  };
}

function listNodePeers({ packages }: Tools): Contender[] {
  if (packages === undefined) return [];
  const node = (script: string) => (port: number) => ({
    command: "node",
    args: ["--expose-gc", findPeer(HERE, script), String(port), packages],
  });
  return [
    simple("ws", HOIST_1, node("ws_node.mjs")),
    simple("socket.io", { name: "socket.io" }, node("socket_io_node.mjs")),
  ];
}

function bun({ bun }: Tools): Contender {
  return simple("bun", HOIST_1, (port) => ({
    command: bun,
    args: [findPeer(HERE, "bun_native.mjs"), String(port)],
  }));
}

function listPython({ python }: Tools): Contender[] {
  if (python === undefined) return [];
  return [simple("python", HOIST_1, (port) => ({
    command: python,
    args: [findPeer(HERE, "python_hoist.py"), String(port)],
  }))];
}

function simple(
  name: ContenderName,
  dialect: DialectChoice,
  startUp: (port: number) => ProcessOptions,
): Contender {
  return { name, dialect, server: startUp(0), startUp };
}

function deno(root: string, ...args: readonly string[]): ProcessOptions {
  const command = Deno.execPath();
  return { command, args: ["run", "--allow-net", ...args], cwd: root };
}

/** Returns the path of a server script in a checkout. */
function findPeer(root: string, file: string): string {
  const paths = PEER_FOLDERS.map((folder) => `${root}/${folder}/${file}`);
  const path = paths.find(exists);
  if (path !== undefined) return path;
  throw new Error(
    `Cannot measure ${root}: it has no server for the bench. Name the root of a checkout.`,
  );
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
