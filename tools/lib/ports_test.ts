/** Ports that tests choose themselves. */

import assert from "node:assert/strict";
import { canBeDrawn, freePort } from "./ports.ts";

Deno.test("the system gives no port of freePort() to a connection", () => {
  for (let n = 0; n < 1_000; n++) assert.equal(canBeDrawn(freePort()), false);
});

Deno.test("canBeDrawn() knows the ports that the system draws", () => {
  for (let n = 0; n < 100; n++) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    assert.equal(canBeDrawn(listener.addr.port), true);
  }
  for (const none of [-1, 0, 65_536, NaN]) {
    assert.equal(canBeDrawn(none), false);
  }
});
