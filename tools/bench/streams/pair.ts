/**
 * A server of rows and its client, each a process of its own.
 *
 * @module
 */

import { Process } from "../../lib/process.ts";
import type {
  ClientOptions,
  Marked,
  MarksCommand,
  Slow,
  SlowCommand,
  TakeCommand,
  Taken,
} from "./commands.ts";

/** How long a server may take to start, in milliseconds. */
const START_TIMEOUT = 20_000;

/** How long the client may take for a command, in milliseconds. */
const COMMAND_TIMEOUT = 120_000;

const ROOT = decodeURIComponent(new URL("../../..", import.meta.url).pathname);

/** A server and its client. */
export class Pair implements AsyncDisposable {
  readonly #server: Process;
  readonly #client: Process;

  private constructor(server: Process, options: ClientOptions) {
    this.#server = server;
    this.#client = start("client.ts", JSON.stringify(options));
  }

  /** Starts both. */
  static async start(): Promise<Pair> {
    const server = start("server.ts");
    try {
      const port = Number(await server.next(START_TIMEOUT));
      return new Pair(server, { port, server: server.pid });
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Tells the client to do something. */
  tell(command: TakeCommand): Promise<Taken>;
  tell(command: MarksCommand): Promise<Marked>;
  tell(command: SlowCommand): Promise<Slow>;
  async tell(command: unknown): Promise<unknown> {
    return await this.#client.request(command, COMMAND_TIMEOUT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Starts one of the programs of this folder, which may look at all processes. */
function start(file: string, ...args: readonly string[]): Process {
  const options = ["--allow-all", "--v8-flags=--expose-gc"];
  return new Process({
    command: Deno.execPath(),
    args: ["run", ...options, `${ROOT}tools/bench/streams/${file}`, ...args],
    cwd: ROOT,
  });
}
