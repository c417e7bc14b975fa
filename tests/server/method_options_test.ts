/** Tests of `server/method_options.ts`. */

import assert from "node:assert/strict";
import { resolveGrace, resolveTimeout } from "../../server/method_options.ts";

Deno.test("close() and rotate() reject unknown options", () => {
  assert.throws(() => resolveTimeout({ timout: 5 } as never), {
    name: "TypeError",
    message: "Cannot close: unknown option 'timout'. Did you mean 'timeout'?",
  });
  assert.throws(() => resolveGrace({ grase: 5 } as never), {
    name: "TypeError",
    message:
      "Cannot rotate the token: unknown option 'grase'. Did you mean 'grace'?",
  });
});
