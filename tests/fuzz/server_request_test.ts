/** What the host must be told, given what a client has said. */

import assert from "node:assert/strict";
import { LONG, Question } from "./server_request.ts";

const REPLY = { kind: "reply", n: 0 } as const;
const SILENCE = { kind: "silence" } as const;
const FAILURE = { kind: "failure" } as const;

function question(): Question {
  const question = new Question({ plan: "both" });
  question.hear();
  return question;
}

Deno.test("nothing comes of a question unless the client says something", () => {
  assert(!question().isRight(REPLY));
  assert(!question().isRight(SILENCE));
});

Deno.test("what the client says first counts", () => {
  const asked = question();
  asked.reply(0, true);
  asked.reply(1, true);
  asked.finish(false);
  assert(asked.isRight(REPLY));
  assert(!asked.isRight({ kind: "reply", n: 1 }));
  assert(!asked.isRight(SILENCE));

  const other = question();
  other.finish(true);
  other.reply(0, true);
  assert(other.isRight(FAILURE));
  assert(!other.isRight(REPLY));
});

Deno.test("a reply that a limit may have stopped may not count", () => {
  const asked = question();
  asked.reply(0, false);
  asked.finish(false);
  assert(asked.isRight(REPLY));
  assert(asked.isRight(SILENCE));
  assert(!asked.isRight(FAILURE));
});

Deno.test("nobody knows what a client has said that has not heard of it first", () => {
  const unheard = new Question({ plan: "both" });
  assert(unheard.isRight(FAILURE));
  assert(!unheard.isRight({ kind: "closed", hasLeft: false }));
});

Deno.test("nobody waits too short, or for who is still there", () => {
  const asked = question();
  assert(!asked.isRight({ kind: "timeout", elapsed: LONG / 2 }));
  assert(asked.isRight({ kind: "timeout", elapsed: LONG }));
  assert(!asked.isRight({ kind: "closed", hasLeft: false }));
  assert(asked.isRight({ kind: "closed", hasLeft: true }));
});
