/**
 * Connects several servers of one process, for the tests of an application that runs on
 * several machines.
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import { memory } from "@hoist/cli/memory";
 * import assert from "node:assert/strict";
 *
 * const options = { hostname: "127.0.0.1", port: 0, broker: memory() };
 * await using first = serve("test", options);
 * await using second = serve("test", options);
 * await using _connection = await connect("test", { url: second.url });
 * const { delivered } = await first.broadcast("news", {}, { ledger: true });
 * assert.equal(delivered, 1);
 * ```
 *
 * @module
 */

import { checkKeys, checkNumber } from "../common/check.ts";
import type { Engine, EngineConnection } from "./engine.ts";
import { MemoryBroker } from "./memory_broker.ts";
import { MemoryCluster } from "./memory_cluster.ts";
import { MemoryDirectory } from "./memory_directory.ts";
import { MemoryStore } from "./memory_store.ts";

export type { Engine } from "./engine.ts";

/** Options of {@linkcode memory} */
export interface MemoryOptions {
  /**
   * The maximum memory of the history of all rooms, in bytes, from 1,024
   *
   * @default {67_108_864}
   */
  readonly maxHistory?: number | undefined;
}

const MEMORY = "Cannot create the broker";

const MAX_HISTORY = { min: 1_024, integer: true };

/**
 * Creates an engine in the memory of this process. It ends with the process.
 *
 * @param options The limit of the history
 * @returns The value of the option `broker` of each server
 *
 * @throws {TypeError} If an option is unknown or has the wrong type
 * @throws {RangeError} If `maxHistory` is out of range
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 * import { memory } from "@hoist/cli/memory";
 *
 * const broker = memory({ maxHistory: 1_048_576 });
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0, broker });
 * await server.cluster.ready;
 * ```
 */
export function memory(options: MemoryOptions = {}): Engine {
  checkKeys(MEMORY, options, { maxHistory: true });
  const { maxHistory = 67_108_864 } = options;
  checkNumber(MEMORY, "maxHistory", maxHistory, MAX_HISTORY);
  return new MemoryEngine(maxHistory);
}

class MemoryEngine implements Engine {
  readonly name = "memory";
  readonly #store: MemoryStore;
  readonly #directory = new MemoryDirectory();

  constructor(maxHistory: number) {
    this.#store = new MemoryStore({ maxHistory });
  }

  open(): EngineConnection {
    return {
      broker: new MemoryBroker(this.#store),
      cluster: new MemoryCluster(this.#directory),
    };
  }
}
