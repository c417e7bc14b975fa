/** Tests of `common/suggest.ts`. */

import assert from "node:assert/strict";
import { nearestName, suggestName } from "../../common/suggest.ts";

Deno.test("nearestName returns nothing if no name is near", () => {
  assert.equal(nearestName("foo", ["bar", "timeout"]), undefined);
  assert.equal(nearestName("", ["a"]), undefined);
  assert.equal(
    nearestName("maxPayloud", ["maxPending", "maxPayload"]),
    "maxPayload",
  );
});

Deno.test("nearestName finds names with swapped letters and other separators", () => {
  const names = ["maxPayload", "timeout"];
  assert.equal(nearestName("max_payload", names), "maxPayload");
  assert.equal(nearestName("tiemout", names), "timeout");
});

Deno.test("suggestName returns the nearest name, or a list of all names", () => {
  const names = ["news", "ask"];
  assert.equal(suggestName("newz", names, "names"), "Did you mean 'news'?");
  assert.equal(suggestName("", names, "names"), "The names are news, ask.");
  assert.equal(suggestName("a", [], "names"), "There are no names.");
  const many = Array.from({ length: 50 }, (_, n) => `name${n}`);
  assert.match(suggestName("?", many, "names"), / name39 and 10 more\.$/);
});
