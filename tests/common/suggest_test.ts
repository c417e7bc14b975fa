/** Tests of `common/suggest.ts`. */

import assert from "node:assert/strict";
import { nearestName, suggestName } from "../../common/suggest.ts";
import { quote } from "../../common/text.ts";

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

for (
  const [name, expected] of [
    ["host", "hostname"],
    ["HOST", "hostname"],
    ["time", "timeout"],
    ["min", "minDelay"],
    ["serverPort", "port"],
    ["origins", "allowedOrigins"],
    ["maxConn", "maxConnections"],
    // Several names begin with it, and none of them is more probable than the others.
    ["max", undefined],
    // Too short to say anything
    ["ho", undefined],
  ] as const
) {
  Deno.test(`nearestName finds ${expected} for ${name}, which is a part of it or contains it`, () => {
    const names = [
      "hostname",
      "port",
      "timeout",
      "loginTimeout",
      "minDelay",
      "allowedOrigins",
      "maxConnectionsPerAddress",
      "maxConnections",
      "maxPayload",
    ];
    assert.equal(nearestName(name, names), expected);
  });
}

Deno.test("nearestName prefers a typing error to a part of a name", () => {
  assert.equal(nearestName("token", ["tokenLength", "tokens"]), "tokens");
});

Deno.test("suggestName returns the nearest name, or a list of all names", () => {
  const names = ["news", "ask"];
  assert.equal(
    suggestName("newz", names, "names", quote),
    'Did you mean "news"?',
  );
  assert.equal(
    suggestName("timout", ["timeout"], "options"),
    "Did you mean 'timeout'?",
  );
  assert.equal(suggestName("", names, "names"), "The names are news, ask.");
  assert.equal(suggestName("a", [], "names"), "There are no names.");
  const many = Array.from({ length: 50 }, (_, n) => `name${n}`);
  assert.match(suggestName("?", many, "names"), / name39 and 10 more\.$/);
});
