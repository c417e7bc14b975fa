import assert from "node:assert/strict";
import { findToken, tokensMatch } from "../auth.ts";
import { DEFAULT_TOKEN_ALPHABET } from "../token.ts";

const LONG = "x".repeat(1_000_000);

const EQUAL: readonly [what: string, token: string][] = [
  ["ASCII", "test"],
  ["nothing", ""],
  ["spaces", "  "],
  ["letters with marks", "żółć é"],
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
  ["nothing", "test", ""],
  ["something for nothing", "", "test"],
  ["a space behind", "test", "test "],
  ["a null character behind", "test", "test\0"],
  ["another high surrogate", "\ud800", "\ud801"],
  ["another low surrogate", "\udc00", "\udfff"],
  ["the replacement character for a lone surrogate", "\ud800", "\ufffd"],
  ["surrogates in the other order", "\ud83d\ude00", "\ude00\ud83d"],
  ["the same letter composed in another way", "\u00e9", "e\u0301"],
  ["the same low byte", "a", "\u0161"],
  ["one letter more than a million", LONG, `${LONG}x`],
  ["another end of a million letters", `${LONG}a`, `${LONG}b`],
];

for (const [what, token] of EQUAL) {
  Deno.test(`tokensMatch() accepts the same token: ${what}`, () => {
    // A copy, so that the strings are not one and the same.
    assert.equal(tokensMatch(token, [...token].join("")), true);
  });
}

for (const [what, expected, actual] of UNEQUAL) {
  Deno.test(`tokensMatch() refuses ${what}, whichever side it is on`, () => {
    assert.equal(tokensMatch(expected, actual), false);
    assert.equal(tokensMatch(actual, expected), false);
  });
}

Deno.test("tokensMatch() sees a difference at any place of a token", () => {
  const token = DEFAULT_TOKEN_ALPHABET;
  for (let index = 0; index < token.length; index++) {
    const other = `${token.slice(0, index)}?${token.slice(index + 1)}`;
    assert.equal(tokensMatch(token, other), false);
  }
});

Deno.test("findToken() goes by the token that a candidate has now", () => {
  const candidate = { token: "old" };
  assert.equal(findToken([candidate], "old"), candidate);
  candidate.token = "new";
  assert.equal(findToken([candidate], "old"), undefined);
  assert.equal(findToken([candidate], "new"), candidate);
});
