/** Tokens of long names. */

import assert from "node:assert/strict";
import { shortTokenOf } from "../../broker/short_token.ts";
import { tokenOf } from "../../broker/token.ts";

Deno.test("a short name is its own token", () => {
  for (const name of ["", "a", "chat:1", "k".repeat(64), "!".repeat(21)]) {
    assert.equal(shortTokenOf(name), tokenOf(name));
  }
});

Deno.test("long names have short tokens, all of them different", () => {
  const names = [
    ...["k".repeat(65), "!".repeat(22), "!".repeat(200), "é".repeat(100)],
    ...["!".repeat(199) + "?", "?" + "!".repeat(199), "ab".repeat(100)],
  ];
  const tokens = names.map(shortTokenOf);
  for (const token of tokens) assert.match(token, /^==[\w-]{43}$/);
  assert.equal(new Set(tokens).size, names.length);
  assert.deepEqual(names.map(shortTokenOf), tokens);
});
