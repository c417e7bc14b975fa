/**
 * Clients that visit the server again and again.
 *
 * @module
 */

import { fill } from "./fill.ts";
import { Group } from "./group.ts";
import { pickRole } from "./roles.ts";
import { idle, type Role, type Visit } from "./visit.ts";

/** The longest time between two visits, in milliseconds. */
const PAUSE = 500;

/** The visitors in one process. */
export class VisitorGroup extends Group<void> {
  /** Opens all connections that the server allows, and closes them. */
  async fill(): Promise<void> {
    const { capacity } = this.options;
    await this.#play((visit) => fill(visit, capacity), this.visitOf("fill"));
  }

  protected override async run(index: number): Promise<void> {
    for (let visits = 0; !this.isOver; visits++) {
      const visit = this.visitOf(index, visits);
      await this.#play(pickRole(visit.random, index, visits), visit);
    }
  }

  protected override async finish(): Promise<void> {}

  async #play(role: Role, visit: Visit): Promise<void> {
    await idle(visit, PAUSE);
    await this.attempt(`${visit.name}: ${role.name}`, () => role(visit));
  }
}
