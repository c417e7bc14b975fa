/**
 * A server with a load generator of its own.
 *
 * @module
 */

import { constants, setPriority } from "node:os";
import { family } from "./accounting.ts";
import type { Contender } from "./contenders.ts";
import type {
  Answer,
  Command,
  GeneratorOptions,
  Measurement,
} from "./load/commands.ts";
import { Process } from "./process.ts";

/** How long a server may take to start, in milliseconds. */
const START_LIMIT = 20_000;

/** How long a command may take beyond what it measures, in milliseconds. */
const COMMAND_LIMIT = 60_000;

const GENERATOR = decodeURIComponent(
  new URL("./load/main.ts", import.meta.url).pathname,
);

/** A server with a load generator, and with a probe once one is needed. */
export class Rig implements AsyncDisposable {
  readonly #server: Process;
  readonly #options: GeneratorOptions;
  readonly #bun: string;
  readonly #generator: Process;
  #probe: Process | undefined;

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

  /** Starts a server and a generator that will speak to it. */
  static async start(contender: Contender, bun: string): Promise<Rig> {
    const { dialect, server: options } = contender;
    const server = new Process(options);
    try {
      const port = Number(await server.next(START_LIMIT));
      return new Rig(bun, server, { port, dialect });
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The processes of the server. */
  get pids(): number[] {
    return family(this.#server.pid);
  }

  /** Tells the generator to do something. */
  command(command: Command): Promise<Measurement | null> {
    return tell(this.#generator, command);
  }

  /** Tells the generator to measure something. */
  async measure(command: Command): Promise<Measurement> {
    return assertMeasured(await this.command(command));
  }

  /** Tells the probe to measure something. */
  async probe(command: Command): Promise<Measurement> {
    if (this.#probe === undefined) {
      this.#probe = this.#startGenerator();
      // Else, on a machine of two cores, the probe would wait for the generator.
      setPriority(this.#generator.pid, constants.priority.PRIORITY_LOW);
    }
    return assertMeasured(await tell(this.#probe, command));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#generator[Symbol.asyncDispose]();
    await this.#probe?.[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  #startGenerator(): Process {
    const args = [GENERATOR, JSON.stringify(this.#options)];
    return new Process({ command: this.#bun, args });
  }
}

async function tell(
  process: Process,
  command: Command,
): Promise<Measurement | null> {
  const line = await process.ask(JSON.stringify(command), COMMAND_LIMIT);
  const answer: Answer = JSON.parse(line);
  if ("error" in answer) throw new Error(answer.error);
  return answer.measurement;
}

function assertMeasured(measurement: Measurement | null): Measurement {
  if (measurement !== null) return measurement;
  throw new Error("the generator measured nothing");
}
