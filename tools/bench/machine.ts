/**
 * Describes the machine of the measurements.
 *
 * @module
 */

import type { Tools } from "./packages.ts";
import { output } from "../lib/process.ts";

/** The machine, and the versions of the programs on it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Returns a description of this machine. */
export async function describeMachine(tools: Tools): Promise<Machine> {
  const cpuInfo = await Deno.readTextFile("/proc/cpuinfo");
  const model = cpuInfo.match(/^(?:model name|Model)\s*: (.+)$/m)?.[1];
  const { total } = Deno.systemMemoryInfo();
  return {
    cpu: model ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(total / 2 ** 30),
    kernel: Deno.osRelease(),
    versions: await listVersions(tools),
  };
}

/** Returns the number of files that a process can open. */
export async function maxOpenFiles(): Promise<number> {
  const limits = await Deno.readTextFile("/proc/self/limits");
  const [, hard] = limits.match(/^Max open files\s+\S+\s+(\S+)/m) ?? [];
  return hard === "unlimited" ? Infinity : Number(hard);
}

async function listVersions(tools: Tools): Promise<Record<string, string>> {
  const { bun, packages, python } = tools;
  const versions = {
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    bun: await output(bun, ["--version"]),
    node: await output("node", ["--version"]),
    ws: await packageVersion(packages, "ws"),
    "socket.io": await packageVersion(packages, "socket.io"),
    python: python && await output(python, ["--version"]),
    "hoist-http": python && await output(python, ["-c", HOIST_VERSION]),
  };
  return Object.fromEntries(
    Object.entries(versions).flatMap(([name, version]) =>
      version === undefined ? [] : [[name, version]]
    ),
  );
}

const HOIST_VERSION =
  "from importlib.metadata import version; print(version('hoist-http'))";

async function packageVersion(
  packages: string | undefined,
  name: string,
): Promise<string | undefined> {
  if (packages === undefined) return undefined;
  const path = `${packages}/node_modules/${name}/package.json`;
  return JSON.parse(await Deno.readTextFile(path)).version;
}
