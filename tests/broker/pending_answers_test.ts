/** The questions to nodes that end. */

import assert from "node:assert/strict";
import { PendingAnswers } from "../../broker/pending_answers.ts";
import { NoNodeError } from "../../common/errors.ts";

Deno.test("a node that ends while the question is sent does not answer", async () => {
  const pending = new PendingAnswers();
  const send = () => Promise.resolve(pending.end("a"));
  await assert.rejects(pending.ask("a", 50, send), NoNodeError);
});

Deno.test("a survey does not wait for a node that ends while it is sent", async () => {
  const pending = new PendingAnswers();
  const survey = pending.survey(Infinity, (id) => {
    pending.end("a");
    pending.end("c");
    pending.receive(id, "b", "yes");
    return Promise.resolve(["a", "b"]);
  });
  const { answers, silent } = await survey;
  assert.deepEqual([...answers], [["b", "yes"]]);
  assert.deepEqual(silent, ["a"]);
});
