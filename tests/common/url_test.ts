/** Tests of `common/url.ts`. */

import assert from "node:assert/strict";
import { cutUrl, hidePasswords } from "../../common/url.ts";

for (
  const [url, expected] of [
    ["htp://ada:s3same@a/b?key=s3same#s3same", "htp://…@a/b?…"],
    ["http://a@b@c/d@e", "http://…@c/d@e"],
    ["a/b\n?c\nd", "a/b\n?…"],
    ["", ""],
    [7, 7],
    [undefined, undefined],
  ] as const
) {
  Deno.test(`cutUrl() returns ${Deno.inspect(expected)} for ${Deno.inspect(url)}`, () => {
    assert.equal(cutUrl(url), expected);
  });
}

Deno.test("hidePasswords() keeps the rest of the text", () => {
  assert.equal(
    hidePasswords("no answer from (ws://ada:s3same@a/b), http://c:d@e failed"),
    "no answer from (ws://a/b), http://e failed",
  );
});
