/** Tests of `auth.ts`. */

import assert from "node:assert/strict";
import { digestToken, findToken, tokensMatch } from "../auth.ts";
import { DEFAULT_TOKEN_ALPHABET } from "../token.ts";

const LONG = "x".repeat(1_000_000);

const EQUAL: readonly [what: string, token: string][] = [
  ["ASCII", "test"],
  ["an empty token", ""],
  ["spaces", "  "],
  ["letters with diacritics", "żółć é"],
  ["a character above U+FFFF", "😀"],
  ["a lone surrogate", "a\ud800"],
  ["a null character", "a\0b"],
  ["a million characters", LONG],
];

const UNEQUAL: readonly [what: string, expected: string, actual: string][] = [
  ["another letter", "test", "tesu"],
  ["another first letter", "test", "best"],
  ["another case", "test", "tesT"],
  ["a prefix", "test", "tes"],
  ["more than the token", "test", "test1"],
  ["an empty token", "test", ""],
  ["a token instead of an empty one", "", "test"],
  ["a space at the end", "test", "test "],
  ["a null character at the end", "test", "test\0"],
  ["another high surrogate", "\ud800", "\ud801"],
  ["another low surrogate", "\udc00", "\udfff"],
  ["the replacement character for a lone surrogate", "\ud800", "\ufffd"],
  ["surrogates in the other order", "\ud83d\ude00", "\ude00\ud83d"],
  ["the same letter in another composition", "\u00e9", "e\u0301"],
  ["the same low byte", "a", "\u0161"],
  ["one character more than a million", LONG, `${LONG}x`],
  ["another last character after a million", `${LONG}a`, `${LONG}b`],
];

for (const [what, token] of EQUAL) {
  Deno.test(`tokensMatch() accepts equal tokens: ${what}`, () => {
    // A copy, so that both are not the same string in memory.
    assert.equal(tokensMatch(token, [...token].join("")), true);
  });
}

for (const [what, expected, actual] of UNEQUAL) {
  Deno.test(`tokensMatch() rejects ${what} on either side`, () => {
    assert.equal(tokensMatch(expected, actual), false);
    assert.equal(tokensMatch(actual, expected), false);
  });
}

Deno.test("tokensMatch() finds a difference at any position", () => {
  const token = DEFAULT_TOKEN_ALPHABET;
  for (let index = 0; index < token.length; index++) {
    const other = `${token.slice(0, index)}?${token.slice(index + 1)}`;
    assert.equal(tokensMatch(token, other), false);
  }
});

Deno.test("findToken() uses the current token of a candidate", () => {
  const candidate = { token: "old" };
  assert.equal(findToken([candidate], "old"), candidate);
  candidate.token = "new";
  assert.equal(findToken([candidate], "old"), undefined);
  assert.equal(findToken([candidate], "new"), candidate);
});

Deno.test("findToken() finds a candidate by its digest", () => {
  const candidate = { token: "", digest: digestToken("secret") };
  assert.equal(findToken([candidate], "secret"), candidate);
  assert.equal(findToken([candidate], ""), undefined);
});

Deno.test("findToken() accepts no token for a digest that is not whole", () => {
  const digest = digestToken("secret");
  for (const part of ["", digest.slice(0, 1), digest.slice(0, -1)]) {
    for (const token of ["secret", "other", ""]) {
      assert.equal(findToken([{ token, digest: part }], token), undefined);
    }
  }
  const long = { token: "secret", digest: `${digest}0` };
  assert.equal(findToken([long], "secret"), undefined);
});
