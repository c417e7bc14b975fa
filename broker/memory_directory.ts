/**
 * The nodes of one process, and the state that they share.
 *
 * @module
 */

import type { ClusterEvents } from "./cluster.ts";

/** A node of the process. */
export interface MemoryNode {
  readonly id: string;
  readonly events: ClusterEvents;
  /** Aborts when the node has ended, with the error of the requests to it */
  readonly ended: AbortSignal;
}

/** The nodes of one process, by their ids, and their state. */
export class MemoryDirectory {
  readonly state = new Map<string, string>();
  readonly #nodes = new Map<string, MemoryNode>();

  /** Adds a node, and reports it to the others. */
  add(node: MemoryNode): void {
    this.#nodes.set(node.id, node);
    this.#report();
  }

  /** Removes a node, and reports it to the others. */
  remove(node: MemoryNode): void {
    if (this.#nodes.delete(node.id)) this.#report();
  }

  /** Returns a node; `undefined` if there is none. */
  find(id: string): MemoryNode | undefined {
    return this.#nodes.get(id);
  }

  /** Returns all nodes but one. */
  othersOf(id: string): readonly MemoryNode[] {
    return [...this.#nodes.values()].filter((node) => node.id !== id);
  }

  /** Returns the ids of all nodes but one. */
  namesWithout(id: string): ReadonlySet<string> {
    return new Set(this.othersOf(id).map((node) => node.id));
  }

  #report(): void {
    for (const { id, events } of [...this.#nodes.values()]) {
      events.onNodes(this.namesWithout(id));
    }
  }
}
