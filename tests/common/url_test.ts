/** Tests of `common/url.ts`. */

import assert from "node:assert/strict";
import { cutUrl, hidePasswords } from "../../common/url.ts";

for (
  const [url, expected] of [
    ["htp://ada:s3same@a/b?key=s3same#s3same", "htp://…@a/b?…"],
    ["http://ada:s3@same@a/b", "http://…@a/b"],
    ["http://ada:s3/same@a/b", "http://…@a/b"],
    ["http://ada:s3#same@a/b", "http://…"],
    ["http://a b/?key=s3@same", "http://…"],
    ["ada:s3same@a:5000", "…@a:5000"],
    ["http:\\\\ada:s3same@a", "…@a"],
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
