/**
 * Clients that are in the rooms of the server until the end.
 *
 * @module
 */

import type { Attendance } from "./attendance.ts";
import { attend } from "./attendee.ts";
import { Group } from "./group.ts";
import { callRoll } from "./roll_call.ts";

/** The members of rooms in one process. */
export class MemberGroup extends Group<Attendance | undefined> {
  protected override run(index: number): Promise<Attendance | undefined> {
    const visitOf = (visits: number) => this.visitOf(index, visits);
    return this.attempt("a member", () => attend(index, visitOf));
  }

  /** Checks what the clients have, and whom they see, and disconnects them. */
  protected override async finish(
    attending: readonly (Attendance | undefined)[],
  ): Promise<void> {
    const all = attending.filter((each) => each !== undefined);
    await this.#each(all, (attendance) => attendance.settle());
    const roll = () => callRoll(all, this.tally, this.report);
    await this.attempt("the roll call", roll);
    await this.#each(all, (attendance) => attendance[Symbol.asyncDispose]());
  }

  async #each(
    all: readonly Attendance[],
    use: (attendance: Attendance) => Promise<void>,
  ): Promise<void> {
    const attempts = all.map((attendance) =>
      this.attempt(attendance.name, () => use(attendance))
    );
    await Promise.all(attempts);
  }
}
