/** What clients claim about themselves, while it is being checked. */

import assert from "node:assert/strict";
import type { PresenceClaim } from "../../protocol/room_fields.ts";
import { PresenceClaims } from "../../server/join_decisions.ts";

/** Claims that are being checked, and those that are shown. */
class Stage {
  readonly claims = new PresenceClaims();
  readonly shown: PresenceClaim[] = [];

  check(room: string) {
    const { promise, ...settle } = Promise.withResolvers<PresenceClaim>();
    const show = (claim: PresenceClaim) => void this.shown.push(claim);
    return { ended: this.claims.check(room, promise, show), ...settle };
  }
}

Deno.test("only the newest claim of a room is shown", async () => {
  const stage = new Stage();
  const [first, second, other] = ["a", "a", "b"].map((room) =>
    stage.check(room)
  );
  second!.resolve({ n: 2 });
  first!.resolve({ n: 1 });
  other!.resolve(false);
  for (const { ended } of [first!, second!, other!]) await ended;
  assert.deepEqual(stage.shown, [{ n: 2 }, false]);
  assert.equal(stage.claims.size, 0);
});

Deno.test("a claim that is dropped is not shown", async () => {
  const stage = new Stage();
  const { resolve, ended } = stage.check("a");
  stage.claims.drop("a");
  resolve({ n: 1 });
  await ended;
  assert.deepEqual(stage.shown, []);
});

Deno.test("a claim whose check fails leaves nothing behind", async () => {
  const stage = new Stage();
  const { reject, ended } = stage.check("a");
  const error = new Error("invalid");
  reject(error);
  await assert.rejects(ended, error);
  assert.equal(stage.claims.size, 0);
});
