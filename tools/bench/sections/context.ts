/**
 * What all sections measure with: who takes part, how long and how often, and the
 * servers that run.
 *
 * @module
 */

import type { Contender, ContenderName } from "../contenders.ts";
import { OURS } from "../contenders.ts";
import { ServerUnderLoad } from "../server_under_load.ts";

/** How much is measured. */
export interface Scale {
  /** Rounds of this library and of bare Deno */
  readonly rounds: number;
  /** Rounds of the other peers */
  readonly peerRounds: number;
  /** The same for the idle memory */
  readonly memoryRounds: number;
  /** The same for the start-up */
  readonly startUpRounds: number;
  /** The same for the types */
  readonly typesRounds: number;
  /** The same for the streams */
  readonly streamRounds: number;
  /** How long servers run warm before each cell, in milliseconds */
  readonly warmUp: number;
  /** How long a cell of round trips or connections measures, in milliseconds */
  readonly duration: number;
  readonly broadcastDuration: number;
  readonly fairnessDuration: number;
  readonly broadcastSizes: readonly number[];
  readonly memorySizes: readonly number[];
  readonly fairnessSize: number;
  /** How many operations the contracts have, each twice as many as the one before */
  readonly contractSizes: readonly number[];
  /** How many rows are taken to measure how fast they come */
  readonly streamRows: number;
  /** After how many rows memory is looked at */
  readonly streamMarks: readonly number[];
  /** The same for a client that takes its time */
  readonly slowMarks: readonly number[];
  /** The most connections that round trips run over */
  readonly connections: number;
  /** Whether the other peers take part in everything, or in the round trips only */
  readonly allPeers: boolean;
}

/** What `deno task bench` measures. */
export const FULL: Scale = {
  rounds: 5,
  peerRounds: 3,
  memoryRounds: 5,
  startUpRounds: 10,
  typesRounds: 5,
  streamRounds: 3,
  warmUp: 250,
  duration: 700,
  broadcastDuration: 450,
  fairnessDuration: 1_800,
  broadcastSizes: [100, 1_000, 5_000],
  memorySizes: [1_000, 5_000, 10_000],
  fairnessSize: 4_000,
  contractSizes: [50, 100, 200, 400],
  streamRows: 200_000,
  streamMarks: [100_000, 500_000, 1_000_000],
  slowMarks: [1_000, 5_000],
  connections: 256,
  allPeers: true,
};

/** What `deno task bench --quick` measures. */
export const QUICK: Scale = {
  rounds: 3,
  peerRounds: 1,
  memoryRounds: 2,
  startUpRounds: 5,
  typesRounds: 2,
  streamRounds: 1,
  warmUp: 100,
  duration: 220,
  broadcastDuration: 200,
  fairnessDuration: 700,
  broadcastSizes: [1_000],
  memorySizes: [1_000],
  fairnessSize: 4_000,
  contractSizes: [100, 200],
  streamRows: 50_000,
  streamMarks: [20_000, 100_000, 200_000],
  slowMarks: [1_000, 5_000],
  connections: 32,
  allPeers: false,
};

/** What sections measure with. */
export class Context implements AsyncDisposable {
  readonly scale: Scale;
  readonly #contenders: ReadonlyMap<ContenderName, Contender>;
  readonly #bun: string;
  readonly #servers = new Map<string, ServerUnderLoad>();

  constructor(
    scale: Scale,
    contenders: ReadonlyMap<ContenderName, Contender>,
    bun: string,
  ) {
    this.scale = scale;
    this.#contenders = contenders;
    this.#bun = bun;
  }

  /** A context like this one, of another scale. */
  with(changes: Partial<Scale>): Context {
    return new Context(
      { ...this.scale, ...changes },
      this.#contenders,
      this.#bun,
    );
  }

  /** Those of the names who can take part on this machine. */
  choose(names: readonly ContenderName[]): Contender[] {
    return names.flatMap((name) => this.#contenders.get(name) ?? []);
  }

  /** How many rounds somebody takes part in. */
  rounds(name: ContenderName): number {
    const { rounds, peerRounds } = this.scale;
    if (name === "bare" || OURS.includes(name)) return rounds;
    // It is so much slower that more rounds say no more.
    return Math.min(rounds, name === "python" ? 2 : peerRounds);
  }

  /** The server of a contender, started if it does not run; `key` tells two apart. */
  async server(
    contender: Contender,
    key: string = contender.name,
  ): Promise<ServerUnderLoad> {
    const running = this.#servers.get(key);
    if (running !== undefined) return running;
    const server = await ServerUnderLoad.start(contender, this.#bun);
    this.#servers.set(key, server);
    return server;
  }

  /** Ends a server, if it runs. */
  async drop(key: string): Promise<void> {
    const server = this.#servers.get(key);
    this.#servers.delete(key);
    await server?.[Symbol.asyncDispose]();
  }

  /** Ends all servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((key) => this.drop(key)));
  }
}
