/** Clients that renew their login. */

import assert from "node:assert/strict";
import { settlesAtOnce } from "../../../tests/support/timing.ts";
import { FrameChecker } from "./frame_checker.ts";
import { awaitRenewal } from "./renewer.ts";
import { Tally } from "./tally.ts";

/** Longer than a test takes, in milliseconds. */
const HOUR = 3_600_000;

/** Creates a checker of a client whose token the server has not answered. */
function renew() {
  const problems: string[] = [];
  const report = (problem: string) => void problems.push(problem);
  const checker = new FrameChecker({ tally: new Tally(), report });
  const answer = (id: number) =>
    checker.received(JSON.stringify({ success: true, message: null, id }));
  checker.sent('{"id": 0, "token": "a", "version": "1.0.0"}');
  answer(0);
  checker.received('{"success": true, "id": null, "message": "renew"}');
  checker.sent('{"id": 1, "action": "renew", "data": {"token": "b"}}');
  return { answer, checker, problems };
}

Deno.test("awaitRenewal() waits for the answer to a new token", async () => {
  const { answer, checker, problems } = renew();
  const waiting = awaitRenewal(checker, HOUR);
  assert.equal(await settlesAtOnce(waiting), false);
  answer(1);
  await waiting;
  checker.finish();
  assert.deepEqual(problems, []);
});

Deno.test("a new token without an answer is a problem", async () => {
  const { checker, problems } = renew();
  await awaitRenewal(checker, 1);
  checker.finish();
  assert.deepEqual(problems, ["renewal (1) was never answered"]);
});

Deno.test("awaitRenewal() does not wait without a new token", async () => {
  const { answer, checker } = renew();
  answer(1);
  assert.equal(await settlesAtOnce(awaitRenewal(checker, HOUR)), true);
});
