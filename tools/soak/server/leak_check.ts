/**
 * Finding out which clients something still holds after they have gone.
 *
 * @module
 */

import type { Client } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";

/** How often garbage is collected in any case: what holds other garbage goes first. */
const ROUNDS = 4;

/** How often it is collected before what is left counts as held. */
const ATTEMPTS = 50;

/** All clients there ever were, of which it holds none. */
export class LeakCheck {
  #references: WeakRef<Client>[] = [];
  readonly #known = new WeakSet<Client>();

  /** Notes those who are there. */
  note(clients: Iterable<Client>): void {
    for (const client of clients) {
      if (this.#known.has(client)) continue;
      this.#known.add(client);
      this.#references.push(new WeakRef(client));
    }
  }

  /** Collects garbage until nobody is held, or until more of it does not help. */
  async collect(): Promise<number> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      collectGarbage();
      // Whoever is looked at stays until the end of the turn.
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

/** Collects all garbage, if this process runs with `--v8-flags=--expose-gc`. */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?(options: unknown): void };
  if (gc === undefined) {
    throw new Error("Cannot collect garbage: run with --v8-flags=--expose-gc");
  }
  // As if nothing were left: it gives pages back, too, that it would keep otherwise.
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}
