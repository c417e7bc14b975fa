/**
 * Two nodes with an engine, and a reader at the second node.
 *
 * @module
 */

import { installNats, NatsEngine } from "../../engines/nats.ts";
import { installRedis, RedisEngine } from "../../engines/redis.ts";
import type { EngineName } from "../../chaos/commands.ts";
import { Process } from "../../lib/process.ts";
import { PACKAGES } from "../packages.ts";
import { Window } from "../load/window.ts";
import type { Measurement } from "../load/commands.ts";
import type {
  NodeCommand,
  NodeKind,
  NodeSettings,
  ReadAnswer,
  ReaderSettings,
} from "./commands.ts";

/** The longest start of a node, in milliseconds. */
const START_TIMEOUT = 30_000;

/** The longest wait for the answer to a command, in milliseconds. */
const COMMAND_TIMEOUT = 60_000;

/**
 * The number of messages after which the publisher waits for the reader. A server closes a
 * client that reads too slowly.
 */
const SLICE = 2_000;

const HERE = decodeURIComponent(new URL(".", import.meta.url).pathname);

const CONFIG = decodeURIComponent(
  new URL("../../../tests/deno.json", import.meta.url).pathname,
);

/** The files of the nodes. */
const PROGRAMS: Readonly<Record<NodeKind, string>> = {
  hoist: "hoist_node.ts",
  engine: "engine_node.ts",
  unacknowledged: "engine_node.ts",
  "socket.io": "socket_io_node.mjs",
};

/** What the nodes of a cluster run, and with which engine. */
export interface ClusterOptions {
  readonly kind: NodeKind;
  readonly engine: EngineName;
  /** Whether the engine keeps the messages */
  readonly isKept: boolean;
}

/** Two nodes with an engine, and a reader at the second node. */
export class Cluster implements AsyncDisposable {
  readonly #engine: NatsEngine | RedisEngine;
  readonly #processes: Process[] = [];

  private constructor(engine: NatsEngine | RedisEngine) {
    this.#engine = engine;
  }

  /** Starts all processes. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(await startEngine(options.engine));
    try {
      await cluster.#start(options);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Publishes messages at the first node until the reader has them all. */
  async measure(command: NodeCommand): Promise<Measurement> {
    const [publisher, receiver] = this.#processes;
    const window = new Window([publisher!.pid, receiver!.pid]);
    const times: number[] = [];
    for (let rest = command.count; rest > 0; rest -= SLICE) {
      times.push(
        ...await this.#send({ ...command, count: Math.min(rest, SLICE) }),
      );
    }
    return { ...window.close(), units: command.count, times };
  }

  /** Publishes messages; returns the times until they arrived. */
  async #send(command: NodeCommand): Promise<readonly number[]> {
    const [publisher, , reader] = this.#processes;
    const { count } = command;
    const [{ times }] = await Promise.all([
      reader!.request<ReadAnswer>({ do: "read", count }, COMMAND_TIMEOUT),
      publisher!.request(command, COMMAND_TIMEOUT),
    ]);
    return times;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) {
      await process[Symbol.asyncDispose]();
    }
    await this.#engine[Symbol.asyncDispose]();
  }

  async #start({ kind, engine, isKept }: ClusterOptions): Promise<void> {
    const isAcknowledged = kind !== "unacknowledged";
    const settings = {
      engine,
      isKept,
      isAcknowledged,
      port: this.#engine.port,
    };
    await this.#startNode(kind, settings);
    const port = await this.#startNode(kind, settings);
    const reader = startDeno("reader.ts", { kind, port });
    this.#processes.push(reader);
    await reader.next(START_TIMEOUT);
  }

  /** Starts a node; returns its port. */
  async #startNode(kind: NodeKind, settings: NodeSettings): Promise<number> {
    const node = kind === "socket.io"
      ? startNode(PROGRAMS[kind], settings)
      : startDeno(PROGRAMS[kind], settings);
    this.#processes.push(node);
    return Number(await node.next(START_TIMEOUT));
  }
}

async function startEngine(
  name: EngineName,
): Promise<NatsEngine | RedisEngine> {
  if (name === "nats") {
    await installNats();
    return await NatsEngine.start();
  }
  await installRedis();
  return await RedisEngine.start();
}

function startDeno(
  file: string,
  settings: NodeSettings | ReaderSettings,
): Process {
  const options = ["--allow-all", "--no-check", "--config", CONFIG];
  return new Process({
    command: Deno.execPath(),
    args: ["run", ...options, HERE + file, JSON.stringify(settings)],
  });
}

function startNode(file: string, settings: NodeSettings): Process {
  const args = [HERE + file, JSON.stringify(settings), PACKAGES];
  return new Process({ command: "node", args });
}
