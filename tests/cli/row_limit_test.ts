/** Tests how much the commands keep of a list of a server. */

import assert from "node:assert/strict";
import { RowLimit } from "../../cli/row_limit.ts";
import { HoistError } from "../../common/errors.ts";

Deno.test("a command keeps rows up to a length, and then fails", () => {
  const limit = new RowLimit("rooms", 1_048_576);
  const row = "x".repeat(998);
  for (let count = 0; count < 1_048; count++) limit.add([row]);
  assert.throws(() => limit.add([row]), (error) => {
    assert(error instanceof HoistError);
    assert.equal(
      error.message,
      "Cannot list the rooms: the server sent more than 1 MiB.",
    );
    return true;
  });
});
