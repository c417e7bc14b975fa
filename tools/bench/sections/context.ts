/**
 * The settings of the measurements and the running servers, which all sections share.
 *
 * @module
 */

import {
  type Contender,
  type ContenderName,
  isOurs,
  otherName,
  PEERS,
} from "../contenders.ts";
import type { SubjectName } from "../sides.ts";
import { ServerUnderLoad } from "../server_under_load.ts";

/** The settings of the measurements. */
export interface Scale {
  /** The number of rounds of this library and of bare Deno */
  readonly rounds: number;
  /** The number of rounds of the other libraries */
  readonly peerRounds: number;
  /** The number of rounds of the idle memory */
  readonly memoryRounds: number;
  /** The number of rounds of the start-up */
  readonly startUpRounds: number;
  /** The number of rounds of the types */
  readonly typesRounds: number;
  /** The number of rounds of the streams */
  readonly streamRounds: number;
  /** The load before each measurement, in milliseconds */
  readonly warmUp: number;
  /** The duration of a measurement of round trips or connections, in milliseconds */
  readonly duration: number;
  readonly broadcastDuration: number;
  readonly fairnessDuration: number;
  readonly broadcastSizes: readonly number[];
  readonly memorySizes: readonly number[];
  readonly fairnessSize: number;
  /** The number of clients of a server with rooms */
  readonly roomClients: number;
  /** The number of messages of the measurement of brokers */
  readonly brokerMessages: number;
  /** The numbers of operations of the contracts; each is twice its predecessor */
  readonly contractSizes: readonly number[];
  /** The number of rows in the measurement of the speed */
  readonly streamRows: number;
  /** The numbers of rows after which memory is read */
  readonly streamMarks: readonly number[];
  /** The numbers of rows after which memory is read, for a slow client */
  readonly slowMarks: readonly number[];
  /** The largest number of connections with round trips */
  readonly connections: number;
  /** Whether the other libraries take part in all sections, or only in round trips */
  readonly allPeers: boolean;
}

/** The settings of `deno task bench`. */
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
  roomClients: 10_000,
  brokerMessages: 20_000,
  contractSizes: [50, 100, 200, 400],
  streamRows: 200_000,
  streamMarks: [100_000, 500_000, 1_000_000],
  slowMarks: [1_000, 5_000],
  connections: 256,
  allPeers: true,
};

/** The settings of `deno task bench --quick`. */
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
  roomClients: 3_000,
  brokerMessages: 5_000,
  contractSizes: [100, 200],
  streamRows: 50_000,
  streamMarks: [20_000, 100_000, 200_000],
  slowMarks: [1_000, 5_000],
  connections: 32,
  allPeers: false,
};

/** The settings and the running servers. */
export class Context implements AsyncDisposable {
  readonly scale: Scale;
  readonly #contenders: ReadonlyMap<ContenderName, Contender>;
  readonly #bun: string;
  readonly #isFresh: boolean;
  readonly #servers = new Map<string, ServerUnderLoad>();

  /**
   * Constructs a `Context`.
   *
   * @param bun The path of Bun, which runs the load generators
   * @param isFresh Whether each measurement gets a new server, because two processes
   * of one program can differ by several percent
   */
  constructor(
    scale: Scale,
    contenders: ReadonlyMap<ContenderName, Contender>,
    bun: string,
    isFresh = false,
  ) {
    this.scale = scale;
    this.#contenders = contenders;
    this.#bun = bun;
    this.#isFresh = isFresh;
  }

  /** Returns a context with other settings. */
  with(changes: Partial<Scale>): Context {
    return new Context(
      { ...this.scale, ...changes },
      this.#contenders,
      this.#bun,
      this.#isFresh,
    );
  }

  /** Returns the servers that can run here, in this and in another checkout. */
  choose(names: readonly ContenderName[]): Contender[] {
    return names
      .flatMap((name) => isOurs(name) ? [name, otherName(name)] : [name])
      .flatMap((name) => this.#contenders.get(name) ?? []);
  }

  /** Returns the number of rounds of a server. */
  rounds(name: ContenderName): number {
    const { rounds, peerRounds } = this.scale;
    if (!PEERS.includes(name)) return rounds;
    // Python is so much slower that more rounds tell nothing new.
    return Math.min(rounds, name === "python" ? 2 : peerRounds);
  }

  /**
   * Returns the running server of a contender. Starts it if it does not run.
   *
   * @param key Distinguishes several servers of one contender
   */
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

  /** Returns whether the server with a key runs. */
  isRunning(key: string): boolean {
    return this.#servers.has(key);
  }

  /** Ends the server of a measurement, unless the next one uses it again. */
  async release(name: SubjectName): Promise<void> {
    if (this.#isFresh) await this.drop(name);
  }

  /** Ends a server if it runs. */
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

/** Returns a number of rounds for every section. */
export function withRounds(scale: Scale, rounds: number): Scale {
  return {
    ...scale,
    rounds,
    memoryRounds: rounds,
    startUpRounds: rounds,
    typesRounds: rounds,
    streamRounds: rounds,
  };
}
