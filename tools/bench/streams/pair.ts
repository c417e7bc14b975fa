/**
 * A server of rows and its client, in two processes.
 *
 * @module
 */

import { Process } from "../../lib/process.ts";
import type { Answers, ClientOptions, Command } from "./commands.ts";

/** The longest start of a server, in milliseconds. */
const START_TIMEOUT = 20_000;

/** The longest wait for the answer to a command, in milliseconds. */
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

  /** Starts both processes. */
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

  /** Sends a command to the client. */
  request<Sent extends Command>(command: Sent): Promise<Answers[Sent["do"]]> {
    return this.#client.request(command, COMMAND_TIMEOUT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Starts a program of this folder, with all permissions. */
function start(file: string, ...args: readonly string[]): Process {
  const options = ["--allow-all", "--v8-flags=--expose-gc"];
  return new Process({
    command: Deno.execPath(),
    args: ["run", ...options, `${ROOT}tools/bench/streams/${file}`, ...args],
    cwd: ROOT,
  });
}
