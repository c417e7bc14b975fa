/** The errors of Redis, which must show neither a password nor a message. */

import assert from "node:assert/strict";
import { failureOf } from "../../broker/redis_errors.ts";

/** An answer of Redis, as the library throws it. */
function answerOf(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError" });
}

for (
  const message of [
    "ERR unknown command 'AUTH', with args beginning with: 'ada' 's3cret' ",
    "ERR unknown command `AUTH`, with args beginning with: `ada`, `s3cret`, ",
    "ERR unknown command 'EVALSHA', with args beginning with: 'a\nb' 's3cret'",
  ]
) {
  Deno.test(`a failure shows no arguments: ${message}`, () => {
    const failure = failureOf(answerOf(message));
    assert.equal(failure.kind, "refused");
    assert.match(failure.message, /^Redis is too old \(ERR unknown command/);
    assert.doesNotMatch(Deno.inspect(failure), /s3cret|ada|args/);
  });
}
