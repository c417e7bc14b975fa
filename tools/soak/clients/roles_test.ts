/** Who there is in the group. */

import assert from "node:assert/strict";
import { Random } from "../random.ts";
import { pickRole, ROLES } from "./roles.ts";

Deno.test("the shares of all roles are the whole", () => {
  assert.equal(ROLES.reduce((sum, [, share]) => sum + share, 0), 1_000);
});

Deno.test("the first visits of a group have all roles, the later ones any", () => {
  const random = new Random(1);
  const first = ROLES.map((_, client) => pickRole(random, client, 0));
  assert.deepEqual(first, ROLES.map(([role]) => role));
  const later = Array.from({ length: 2_000 }, () => pickRole(random, 0, 1));
  assert.deepEqual(new Set(later), new Set(first));
});
