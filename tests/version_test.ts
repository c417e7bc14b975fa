/** Tests of `version.ts`. */

import assert from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { isVersion, meetsMinimum, VERSION } from "../version.ts";

const VERSIONS = [
  "0.0.0",
  "1.2.3",
  "1.10.0",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-0.3.7",
  "1.0.0-x-y-z.-",
  "1.0.0+20130313144700",
  "1.0.0-beta+exp.sha.5114f85",
];

const NO_VERSIONS: readonly [what: string, text: string][] = [
  ["an empty string", ""],
  ["a space", " "],
  ["a word", "latest"],
  ["one number", "1"],
  ["two numbers", "1.0"],
  ["four numbers", "1.0.0.0"],
  ["a missing number", "1..0"],
  ["a letter instead of a number", "1.0.x"],
  ["a sign", "-1.0.0"],
  ["a leading zero", "01.0.0"],
  ["an empty pre-release", "1.0.0-"],
  ["a leading zero in a pre-release", "1.0.0-01"],
  ["a letter outside ASCII", "1.0.0-ä"],
  ["digits outside ASCII", "１.0.0"],
  ["an operator", ">=1.0.0"],
  ["a number that JavaScript rounds", "9007199254740993.0.0"],
  ["the name of an inherited property", "__proto__"],
  ["a leading v", "v1.0.0"],
  ["surrounding spaces", " 1.0.0 "],
  ["a trailing line break", "1.0.0\n"],
];

/** From low to high, mostly from Semantic Versioning 2.0.0, section 11. */
const ASCENDING = [
  "0.9.9",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.9",
  "1.0.10",
  "1.9.0",
  "1.10.0-rc.1",
  "1.10.0",
  "2.0.0",
  "10.0.0",
];

Deno.test("VERSION equals the version in deno.json", () => {
  assert.equal(VERSION, config.version);
  assert(isVersion(VERSION));
});

for (const version of VERSIONS) {
  Deno.test(`isVersion() accepts ${version}`, () => {
    assert.equal(isVersion(version), true);
  });
}

for (const [what, text] of NO_VERSIONS) {
  Deno.test(`isVersion() rejects ${what}: ${JSON.stringify(text)}`, () => {
    assert.equal(isVersion(text), false);
  });
}

Deno.test("isVersion() rejects very long strings quickly", () => {
  // Each string would be slow in a regular expression with backtracking.
  const size = 1_000_000;
  assert.equal(isVersion("1".repeat(size)), false);
  assert.equal(isVersion(`${"1".repeat(size)}.0.0`), false);
  assert.equal(isVersion(`1.0.0-${"a-".repeat(size)}`), false);
  assert.equal(isVersion(`1.0.0-${"0.".repeat(size)}!`), false);
  assert.equal(isVersion(`${" ".repeat(size)}!`), false);
});

Deno.test("meetsMinimum() uses the precedence of Semantic Versioning", () => {
  for (const [index, version] of ASCENDING.entries()) {
    for (const [minimumIndex, minimum] of ASCENDING.entries()) {
      const expected = index >= minimumIndex;
      assert.equal(
        meetsMinimum(version, minimum),
        expected,
        `${version}, ${minimum}`,
      );
    }
  }
});

Deno.test("meetsMinimum() ignores build metadata", () => {
  assert.equal(meetsMinimum("1.0.0+a", "1.0.0+b"), true);
  assert.equal(meetsMinimum("1.0.0+b", "1.0.0+a"), true);
});

for (const text of ["", "1.0", "garbage"]) {
  Deno.test(`meetsMinimum() rejects ${JSON.stringify(text)} on either side`, () => {
    const error = {
      name: "TypeError",
      message: `Cannot compare versions: ${
        JSON.stringify(text)
      } is not a version. Use a version such as "1.2.3".`,
    };
    assert.throws(() => meetsMinimum(text, "1.0.0"), error);
    assert.throws(() => meetsMinimum("1.0.0", text), error);
  });
}
