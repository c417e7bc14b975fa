/** An engine in memory that a test can break. */

import { memory } from "../../broker/memory.ts";
import type { Engine, EngineConnection } from "../../broker/engine.ts";
import { FaultyNode } from "./faulty_node.ts";

/** Connects servers of this process, and breaks as an engine over a network does. */
export class FaultyEngine implements Engine {
  readonly name = "faulty memory";
  /** The nodes, in the order in which the servers were created */
  readonly nodes: FaultyNode[] = [];
  #engine = memory();
  #isDown = false;

  open(): EngineConnection {
    const node = new FaultyNode(() => this.#engine);
    if (this.#isDown) node.cut();
    this.nodes.push(node);
    return node;
  }

  /** Ends the engine. The nodes notice it. */
  stop(): void {
    this.#isDown = true;
    for (const node of this.nodes) node.cut();
  }

  /** Starts the engine again. */
  async start(): Promise<void> {
    this.#isDown = false;
    for (const node of this.nodes) await node.mend();
  }

  /** Loses the history and the shared state. The engine must be stopped. */
  async wipe(): Promise<void> {
    this.#engine = memory();
    for (const node of this.nodes) await node.replace();
  }
}
