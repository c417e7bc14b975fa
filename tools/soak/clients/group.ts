/**
 * Clients that visit the server again and again.
 *
 * @module
 */

import type { GroupOptions } from "../commands.ts";
import type { Problems } from "../problems.ts";
import { Random } from "../random.ts";
import { fill } from "./fill.ts";
import { pickRole } from "./roles.ts";
import { Tally } from "./tally.ts";
import { idle, type Role, type Visit } from "./visit.ts";

/** The longest time between two visits, in milliseconds. */
const PAUSE = 500;

/** The clients of one process. */
export class ClientGroup {
  readonly tally = new Tally();
  readonly #options: GroupOptions;
  readonly #problems: Problems;
  #visitors: Promise<void>[] = [];
  #isOver = true;
  #starts = 0;

  constructor(options: GroupOptions, problems: Problems) {
    this.#options = options;
    this.#problems = problems;
  }

  /** Starts the visits. */
  start(): void {
    this.#isOver = false;
    this.#starts++;
    const { clients } = this.#options;
    this.#visitors = Array.from({ length: clients }, (_, index) => {
      return this.#visitAgain(index);
    });
  }

  /** Lets all clients finish their visits. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#visitors);
  }

  /** Opens all connections that the server allows, and closes them. */
  async fill(): Promise<void> {
    const { seed, name, capacity } = this.#options;
    const visit = this.#visitOf(`${name}.fill`, Random.of(seed, name, "fill"));
    await this.#play((visit) => fill(visit, capacity), visit);
  }

  /** Runs the visits of one client. */
  async #visitAgain(index: number): Promise<void> {
    const { seed, name } = this.#options;
    for (let visits = 0; !this.#isOver; visits++) {
      const path = [name, this.#starts, index, visits];
      const random = Random.of(seed, ...path);
      const role = pickRole(random, index, visits);
      await this.#play(role, this.#visitOf(path.join("."), random));
    }
  }

  #visitOf(name: string, random: Random): Visit {
    return {
      port: this.#options.port,
      name,
      random,
      tally: this.tally,
      isOver: () => this.#isOver,
      report: (problem) => this.#problems.add(problem),
    };
  }

  async #play(role: Role, visit: Visit): Promise<void> {
    await idle(visit, PAUSE);
    try {
      await role(visit);
    } catch (error) {
      const stack = error instanceof Error ? error.stack : Deno.inspect(error);
      visit.report(`${visit.name}: ${role.name} failed: ${stack}`);
    }
  }
}
