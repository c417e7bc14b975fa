/**
 * Finds disconnected clients that are still in memory.
 *
 * @module
 */

import type { Client } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";

/** The smallest number of collections, because one collection can make others possible. */
const ROUNDS = 4;

/** The number of collections before a client counts as still in memory. */
const ATTEMPTS = 50;

/** Weak references to all clients of the past. */
export class LeakCheck {
  #references: WeakRef<Client>[] = [];
  readonly #known = new WeakSet<Client>();

  /** Remembers the connected clients. */
  note(clients: Iterable<Client>): void {
    for (const client of clients) {
      if (this.#known.has(client)) continue;
      this.#known.add(client);
      this.#references.push(new WeakRef(client));
    }
  }

  /** Collects garbage until no client is left, or until more collections do not help. */
  async collect(): Promise<number> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      collectGarbage();
      // A dereferenced client stays in memory until the end of the turn.
      await pause(10);
      if (attempt >= ROUNDS && this.#count() === 0) break;
      await pause(10);
    }
    return this.#count();
  }

  #count(): number {
    this.#references = this.#references.filter((each) =>
      each.deref() !== undefined
    );
    return this.#references.length;
  }
}

/** Collects all garbage. The process needs `--v8-flags=--expose-gc`. */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?(options: unknown): void };
  if (gc === undefined) {
    throw new Error("Cannot collect garbage: run with --v8-flags=--expose-gc");
  }
  // With `last-resort`, V8 also returns pages that it would otherwise keep.
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}
