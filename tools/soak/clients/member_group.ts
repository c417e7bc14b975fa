/**
 * Clients that are in the rooms of the server until the end.
 *
 * @module
 */

import type { GroupOptions } from "../commands.ts";
import type { Problems } from "../problems.ts";
import { Random } from "../random.ts";
import type { Attendance } from "./attendance.ts";
import { attend } from "./attendee.ts";
import { callRoll } from "./roll_call.ts";
import { Tally } from "./tally.ts";
import type { Visit } from "./visit.ts";

/** The members of rooms in one process. */
export class MemberGroup {
  readonly tally = new Tally();
  readonly #options: GroupOptions;
  readonly #problems: Problems;
  #attending: Promise<Attendance | undefined>[] = [];
  #isOver = true;
  #starts = 0;

  constructor(options: GroupOptions, problems: Problems) {
    this.#options = options;
    this.#problems = problems;
  }

  /** Lets all clients join rooms. */
  start(): void {
    this.#isOver = false;
    this.#starts++;
    const { clients } = this.#options;
    this.#attending = Array.from({ length: clients }, (_, index) => {
      const visitOf = (visits: number) => this.#visitOf(index, visits);
      return this.#attempt(() => attend(index, visitOf));
    });
  }

  /** Checks what the clients have, and whom they see, and disconnects them. */
  async stop(): Promise<void> {
    this.#isOver = true;
    const attending = await Promise.all(this.#attending);
    const all = attending.filter((each) => each !== undefined);
    await this.#each(all, (attendance) => attendance.settle());
    await this.#attempt(() => callRoll(all, this.tally, this.#report));
    await this.#each(all, (attendance) => attendance[Symbol.asyncDispose]());
  }

  /** Only the visitors use all connections of the server. */
  async fill(): Promise<void> {}

  async #each(
    all: readonly Attendance[],
    use: (attendance: Attendance) => Promise<void>,
  ): Promise<void> {
    await Promise.all(all.map((each) => this.#attempt(() => use(each))));
  }

  async #attempt<Result>(
    use: () => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await use();
    } catch (error) {
      const stack = error instanceof Error ? error.stack : Deno.inspect(error);
      this.#report(`a member failed: ${stack}`);
    }
  }

  #visitOf(index: number, visits: number): Visit {
    const { port, seed, name } = this.#options;
    const path = [name, this.#starts, index, visits];
    return {
      port,
      name: path.join("."),
      random: Random.of(seed, ...path),
      tally: this.tally,
      isOver: () => this.#isOver,
      report: this.#report,
    };
  }

  readonly #report = (problem: string): void => this.#problems.add(problem);
}
