/** The roles of the clients in a group. */

import assert from "node:assert/strict";
import { Random } from "../random.ts";
import { pickRole, ROLES } from "./roles.ts";

Deno.test("has shares that add up to the whole", () => {
  assert.equal(ROLES.reduce((sum, [, share]) => sum + share, 0), 1_000);
});

Deno.test("gives all roles to the first visits, and random roles later", () => {
  const random = new Random(1);
  const first = ROLES.map((_, client) => pickRole(random, client, 0));
  assert.deepEqual(first, ROLES.map(([role]) => role));
  const later = Array.from({ length: 2_000 }, () => pickRole(random, 0, 1));
  assert.deepEqual(new Set(later), new Set(first));
});
