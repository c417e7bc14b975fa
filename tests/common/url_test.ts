/** Tests of `common/url.ts`. */

import assert from "node:assert/strict";
import { cutUrl, hidePasswords, isBadPort } from "../../common/url.ts";

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
