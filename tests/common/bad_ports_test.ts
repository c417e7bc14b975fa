/** The ports that `fetch` refuses to connect to. */

import assert from "node:assert/strict";
import { isBadPort } from "../../common/bad_ports.ts";

/** Every bad port is below this one. */
const END = 11_000;

const ALL_PORTS = Array.from({ length: END }, (_, port) => port);

/** Returns whether `fetch` refuses a port. */
async function isBlocked(port: number): Promise<boolean> {
  try {
    // The system refuses this reserved address immediately.
    await fetch(`http://255.255.255.255:${port}`);
    return false;
  } catch (error) {
    return /blocked/.test(String(error));
  }
}

Deno.test("isBadPort() agrees with fetch", async () => {
  const blocked: number[] = [];
  for (const port of ALL_PORTS) if (await isBlocked(port)) blocked.push(port);
  assert.deepEqual(ALL_PORTS.filter(isBadPort), blocked);
  assert(blocked.length > 0);
});
