/**
 * A server under load, with its load generator.
 *
 * @module
 */

import { constants, setPriority } from "node:os";
import { family } from "./accounting.ts";
import type { Contender } from "./contenders.ts";
import type {
  Command,
  GeneratorOptions,
  Measurement,
} from "./load/commands.ts";
import { Process } from "../lib/process.ts";

/** The longest start of a server, in milliseconds. */
const START_TIMEOUT = 20_000;

/** The longest wait for the answer to a command, in milliseconds. */
const COMMAND_TIMEOUT = 60_000;

const GENERATOR = decodeURIComponent(
  new URL("./load/main.ts", import.meta.url).pathname,
);

/**
 * How many times as long the first warm-up with a load is. V8 compiles the code of a server
 * again for about two seconds, so that figures before it tell little about the time after it.
 */
export const FIRST_WARM_UP = 8;

/** A server, its load generator, and a probe that starts when it is needed. */
export class ServerUnderLoad implements AsyncDisposable {
  readonly #server: Process;
  readonly #options: GeneratorOptions;
  readonly #bun: string;
  readonly #generator: Process;
  #probe: Process | undefined;
  /** The loads that the server has had, without their times */
  readonly #loads = new Set<string>();

  private constructor(
    bun: string,
    server: Process,
    options: GeneratorOptions,
  ) {
    this.#bun = bun;
    this.#server = server;
    this.#options = options;
    this.#generator = this.#startGenerator();
  }

  /** Starts a server and its load generator. */
  static async start(
    contender: Contender,
    bun: string,
  ): Promise<ServerUnderLoad> {
    const { dialect, server: options } = contender;
    const server = new Process(options);
    try {
      const port = Number(await server.next(START_TIMEOUT));
      return new ServerUnderLoad(bun, server, { port, dialect });
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The ids of the processes of the server. */
  get pids(): number[] {
    return family(this.#server.pid);
  }

  /** Sends a command to the load generator. */
  command(command: Command): Promise<Measurement | null> {
    return this.#generator.request(command, COMMAND_TIMEOUT);
  }

  /** Lets the load generator measure something. The first warm-up with a load is longer. */
  async measure(command: Command): Promise<Measurement> {
    return assertMeasured(await this.command(this.#withWarmUp(command)));
  }

  /** Lets the probe measure something. */
  async probe(command: Command): Promise<Measurement> {
    if (this.#probe === undefined) {
      this.#probe = this.#startGenerator();
      // On a machine with two cores, the probe would otherwise wait for the generator.
      setPriority(this.#generator.pid, constants.priority.PRIORITY_LOW);
    }
    return assertMeasured(await this.#probe.request(command, COMMAND_TIMEOUT));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#generator[Symbol.asyncDispose]();
    await this.#probe?.[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  #withWarmUp(command: Command): Command {
    if (!("warmUp" in command)) return command;
    const { warmUp, duration: _, pids: __, ...load } = command;
    const key = JSON.stringify(load);
    if (this.#loads.has(key)) return command;
    this.#loads.add(key);
    return { ...command, warmUp: FIRST_WARM_UP * warmUp };
  }

  #startGenerator(): Process {
    const args = [GENERATOR, JSON.stringify(this.#options)];
    return new Process({ command: this.#bun, args });
  }
}

function assertMeasured(measurement: Measurement | null): Measurement {
  if (measurement !== null) return measurement;
  throw new Error("the load generator measured nothing");
}
