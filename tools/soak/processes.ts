/**
 * The processes of a run: a server, some groups of clients, the members of its rooms, and
 * one more group of clients that is killed and replaced from time to time.
 *
 * @module
 */

import { Process } from "../lib/process.ts";
import type { Options } from "./arguments.ts";
import {
  type GroupCommand,
  type GroupOptions,
  type GroupReport,
  type ServerCommand,
  type ServerReport,
  type ServerSettings,
  TIMEOUT,
} from "./commands.ts";
import { maxConnections } from "./limits.ts";
import { sum } from "./clients/tally.ts";
import { merge, Problems } from "./problems.ts";
import { Random } from "./random.ts";
import type { Snapshot } from "./run.ts";

/** The number of groups of visitors that live until the end. */
const GROUPS = 3;

/** The share of the clients that are in the group that is killed. */
const VICTIM_SHARE = 0.15;

/** The probability that the group is killed at a check. */
const KILL_PROBABILITY = 0.2;

/** The longest wait for an answer; everything else in a process has shorter timeouts. */
const COMMAND_TIMEOUT = 3 * TIMEOUT;

/** All processes of a run. */
export class Processes implements AsyncDisposable {
  readonly #random: Random;
  readonly #server: Process;
  readonly #groups: Process[] = [];
  readonly #victimOptions: GroupOptions;
  #victim: Process;
  #killed = 0;
  /** The reports of the killed groups */
  #killedReport: GroupReport = {
    counts: sum([]),
    found: new Problems().finding,
  };

  private constructor(server: Process, port: number, options: Options) {
    const { seed, clients } = options;
    this.#server = server;
    this.#random = Random.of(seed, "processes");
    const capacity = maxConnections(clients);
    const victim = Math.ceil(clients * VICTIM_SHARE);
    const shared = { port, seed, capacity, kind: "visitors" } as const;
    this.#victimOptions = { ...shared, name: "d", clients: victim };
    this.#victim = startGroup({ ...this.#victimOptions, name: "d0" });
    for (let group = 1; group <= GROUPS; group++) {
      const size = Math.ceil((clients - victim) / GROUPS);
      const name = `g${group}`;
      this.#groups.push(startGroup({ ...shared, name, clients: size }));
    }
    const members = { ...shared, kind: "members", name: "m", clients } as const;
    this.#groups.push(startGroup(members));
  }

  /** Starts all processes. The clients do not connect yet. */
  static async start(options: Options): Promise<Processes> {
    const capacity = maxConnections(options.clients);
    const server = startServer({ capacity });
    try {
      return new Processes(
        server,
        Number(await server.next(COMMAND_TIMEOUT)),
        options,
      );
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the clients. */
  async start(): Promise<void> {
    await this.#requestAll("start");
  }

  /** Kills a group now and then. */
  async maybeKill(): Promise<void> {
    if (this.#random.happens(KILL_PROBABILITY)) await this.#replace();
  }

  /** Lets all clients finish and disconnect. */
  async finish(): Promise<void> {
    await this.#requestAll("stop");
  }

  /** Returns the report of the server without clients and garbage. */
  collect(): Promise<ServerReport> {
    return this.#requestServer("collect");
  }

  /** Checks that all connections that the server allows are free. */
  async fill(): Promise<void> {
    await request(this.#victim, "fill");
  }

  /** Closes the server. Its process continues. */
  async close(): Promise<void> {
    await this.#requestServer("close");
  }

  /** Returns the reports of all processes. */
  async report(): Promise<Omit<Snapshot, "phase">> {
    const [server, groups] = await Promise.all([
      this.#requestServer("status"),
      this.#requestAll("status"),
    ]);
    return {
      server,
      groups: [...groups, this.#killedReport],
      killed: this.#killed,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#groups, this.#victim, this.#server];
    await Promise.all(all.map((process) => process[Symbol.asyncDispose]()));
  }

  /** Kills a group of clients in the middle of its work, and starts another group. */
  async #replace(): Promise<void> {
    const last = await request(this.#victim, "status");
    this.#killedReport = mergeReports(this.#killedReport, last);
    await this.#victim[Symbol.asyncDispose]();
    const name = `d${++this.#killed}`;
    this.#victim = startGroup({ ...this.#victimOptions, name });
    await request(this.#victim, "start");
  }

  #requestAll(command: GroupCommand): Promise<GroupReport[]> {
    const all = [...this.#groups, this.#victim];
    return Promise.all(all.map((group) => request(group, command)));
  }

  #requestServer(command: ServerCommand): Promise<ServerReport> {
    return this.#server.request(command, COMMAND_TIMEOUT);
  }
}

function mergeReports(one: GroupReport, other: GroupReport): GroupReport {
  return {
    counts: sum([one.counts, other.counts]),
    found: merge(one.found, other.found),
  };
}

function request(group: Process, command: GroupCommand): Promise<GroupReport> {
  return group.request(command, COMMAND_TIMEOUT);
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
