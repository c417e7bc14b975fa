/** Compares `Broadcaster` with a simple model. */

import assert from "node:assert/strict";
import { type FakeRecipient, Stage } from "../support/fake_recipients.ts";
import { seededRandom } from "../support/random.ts";

/** What each recipient must receive, without turns and cursors. */
class Model {
  readonly #due = new Map<FakeRecipient, string[]>();
  readonly #got = new Map<FakeRecipient, string[]>();
  readonly #handed = new Map<string, number>();

  get recipients(): FakeRecipient[] {
    return [...this.#due.keys()];
  }

  join(recipient: FakeRecipient): void {
    this.#due.set(recipient, []);
    if (!this.#got.has(recipient)) this.#got.set(recipient, []);
  }

  send(frame: string): void {
    this.#handed.set(frame, 0);
    for (const due of this.#due.values()) due.push(frame);
  }

  /** Checks that the new frames of a recipient are the next ones that it lacks. */
  check(recipient: FakeRecipient): void {
    const got = this.#got.get(recipient)!;
    const due = this.#due.get(recipient) ?? [];
    const fresh = recipient.frames.slice(got.length);
    if (fresh.length === 0) return;
    assert.deepEqual(fresh, due.splice(0, fresh.length));
    for (const frame of fresh) {
      got.push(frame);
      this.#handed.set(frame, this.#handed.get(frame)! + 1);
    }
  }

  /** Checks that a recipient has received everything. */
  complete(recipient: FakeRecipient): void {
    this.check(recipient);
    assert.deepEqual(this.#due.get(recipient), []);
  }

  leave(recipient: FakeRecipient): void {
    this.check(recipient);
    this.#due.delete(recipient);
  }

  /** Returns the broadcasts that no recipient lacks. */
  through(): string[] {
    const lacking = new Set([...this.#due.values()].flat());
    return [...this.#handed]
      .filter(([frame]) => !lacking.has(frame))
      .map(([frame, handed]) => `${frame} ${handed}`);
  }
}

Deno.test("Broadcaster behaves like a simple model under random actions", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const below = (count: number) => Math.floor(random() * count);
    const stage = new Stage();
    const model = new Model();
    const away: FakeRecipient[] = [];
    const known: FakeRecipient[] = [];
    const enter = (recipient: FakeRecipient) => {
      known.push(recipient);
      model.join(recipient);
    };
    stage.join(below(200)).forEach(enter);
    for (let step = 0, sent = 0; step < 60; step++) {
      const present = model.recipients;
      const someone = present[below(present.length)];
      switch (below(9)) {
        case 0:
        case 1:
          for (let count = below(8); count >= 0; count--, sent++) {
            model.send(`f${sent}`);
            stage.send(`f${sent}`);
          }
          break;
        case 2:
          if (random() < 0.5 || away.length === 0) {
            stage.join(below(5)).forEach(enter);
          } else {
            const [back] = away.splice(below(away.length), 1);
            stage.broadcasts.join(back!);
            model.join(back!);
          }
          break;
        case 3:
          if (someone === undefined) break;
          stage.broadcasts.leave(someone);
          model.leave(someone);
          away.push(someone);
          break;
        case 4:
        case 5:
          if (someone === undefined) break;
          stage.broadcasts.catchUp(someone);
          model.complete(someone);
          break;
        case 6:
          await stage.settle();
          break;
        default:
          if (stage.isDue) await stage.turn();
      }
      known.forEach((recipient) => model.check(recipient));
    }
    await stage.settle();
    known.forEach((recipient) => model.check(recipient));
    assert.deepEqual(stage.through, model.through(), `seed ${seed}`);
    await stage.finish();
    for (const recipient of model.recipients) model.complete(recipient);
    assert.deepEqual(stage.through, model.through(), `seed ${seed}`);
  }
});
