/**
 * The processes of a run: a server, groups of clients, and one more of these that is
 * killed from time to time.
 *
 * @module
 */

import { Process } from "../lib/process.ts";
import type { Options } from "./arguments.ts";
import {
  type GroupCommand,
  type GroupOptions,
  type GroupReport,
  PATIENCE,
  type ServerCommand,
  type ServerReport,
  type ServerSettings,
} from "./commands.ts";
import { maxConnections } from "./limits.ts";
import { sum } from "./clients/tally.ts";
import { merge, Problems } from "./problems.ts";
import { Random } from "./random.ts";
import type { Snapshot } from "./run.ts";

/** How many groups of clients live as long as the run. */
const GROUPS = 3;

/** The share of the clients that are in the group that is killed. */
const DOOMED = 0.15;

/** The chance, at each look, that it is. */
const KILLED = 0.2;

/** How long a child may take to answer: all else that takes long gives up before. */
const TIMEOUT = 3 * PATIENCE;

/** All processes of a run. */
export class Processes implements AsyncDisposable {
  readonly #random: Random;
  readonly #server: Process;
  readonly #groups: Process[] = [];
  readonly #doomedOptions: GroupOptions;
  #doomed: Process;
  #killed = 0;
  /** What those said who were killed. */
  #past: GroupReport = { counts: sum([]), found: new Problems().finding };

  private constructor(server: Process, port: number, options: Options) {
    const { seed, clients } = options;
    this.#server = server;
    this.#random = Random.of(seed, "cast");
    const capacity = maxConnections(clients);
    const doomed = Math.ceil(clients * DOOMED);
    this.#doomedOptions = { port, seed, capacity, name: "d", clients: doomed };
    this.#doomed = startGroup({ ...this.#doomedOptions, name: "d0" });
    for (let group = 1; group <= GROUPS; group++) {
      const size = Math.ceil((clients - doomed) / GROUPS);
      const name = `g${group}`;
      const options = { port, seed, capacity, name, clients: size };
      this.#groups.push(startGroup(options));
    }
  }

  /** Starts all processes; the clients do not come yet. */
  static async start(options: Options): Promise<Processes> {
    const capacity = maxConnections(options.clients);
    const server = startServer({ capacity });
    try {
      return new Processes(server, Number(await server.next(TIMEOUT)), options);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lets the clients come. */
  async begin(): Promise<void> {
    await this.#tellAll("start");
  }

  /** Something may happen. */
  async act(): Promise<void> {
    if (this.#random.happens(KILLED)) await this.#replace();
  }

  /** Lets the clients go, with all that is due to them. */
  async finish(): Promise<void> {
    await this.#tellAll("stop");
  }

  /** The server when everyone has gone and the garbage is out. */
  rest(): Promise<ServerReport> {
    return this.#ask("collect");
  }

  /** Sees whether all connections that the server allows are free. */
  async fill(): Promise<void> {
    await tell(this.#doomed, "fill");
  }

  /** Closes the server; its process lives on. */
  async close(): Promise<void> {
    await this.#ask("close");
  }

  /** How everyone is. */
  async look(): Promise<Omit<Snapshot, "phase">> {
    const [server, groups] = await Promise.all([
      this.#ask("status"),
      this.#tellAll("status"),
    ]);
    return { server, groups: [...groups, this.#past], killed: this.#killed };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#groups, this.#doomed, this.#server];
    await Promise.all(all.map((process) => process[Symbol.asyncDispose]()));
  }

  /** Kills a group of clients amid all that it does, and lets another one come. */
  async #replace(): Promise<void> {
    const last = await tell(this.#doomed, "status");
    this.#past = mergeReports(this.#past, last);
    await this.#doomed[Symbol.asyncDispose]();
    const name = `d${++this.#killed}`;
    this.#doomed = startGroup({ ...this.#doomedOptions, name });
    await tell(this.#doomed, "start");
  }

  #tellAll(command: GroupCommand): Promise<GroupReport[]> {
    const all = [...this.#groups, this.#doomed];
    return Promise.all(all.map((group) => tell(group, command)));
  }

  #ask(command: ServerCommand): Promise<ServerReport> {
    return this.#server.request(command, TIMEOUT);
  }
}

function mergeReports(one: GroupReport, other: GroupReport): GroupReport {
  return {
    counts: sum([one.counts, other.counts]),
    found: merge(one.found, other.found),
  };
}

function tell(group: Process, command: GroupCommand): Promise<GroupReport> {
  return group.request(command, TIMEOUT);
}

function startServer(settings: ServerSettings): Process {
  return startScript("./server/main.ts", JSON.stringify(settings));
}

function startGroup(options: GroupOptions): Process {
  return startScript("./clients/main.ts", JSON.stringify(options));
}

function startScript(path: string, ...args: readonly string[]): Process {
  const script = new URL(path, import.meta.url).href;
  return new Process({
    command: Deno.execPath(),
    args: ["run", "--allow-all", "--v8-flags=--expose-gc", script, ...args],
  });
}
