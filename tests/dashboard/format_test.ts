import assert from "node:assert/strict";
import {
  age,
  block,
  bytes,
  duration,
  json,
  perSecond,
  safe,
  withoutZeros,
} from "../../dashboard/format.ts";

for (
  const [value, expected] of [
    [0, "0 B"],
    [1_023, "1,023 B"],
    [1_024, "1.00 KiB"],
    [1_572_864, "1.50 MiB"],
    [1_047_552, "1,023 KiB"],
    [2 ** 60, "1,048,576 TiB"],
  ] as const
) {
  Deno.test(`bytes(${value}) is ${expected}`, () => {
    assert.equal(bytes(value), expected);
  });
}

for (
  const [value, expected] of [
    [0, "0"],
    [0.25, "0.25"],
    [0.998, "1"],
    [3.99, "4"],
    [9.96, "10"],
    [12.34, "12.3"],
    [21_494, "21.5K"],
  ] as const
) {
  Deno.test(`perSecond(${value}) is ${expected}`, () => {
    assert.equal(perSecond(value), expected);
  });
}

for (
  const [value, expected] of [
    [0, "0 ms"],
    [0.1234, "0.12 ms"],
    [0.0001, "< 0.01 ms"],
    [9.994, "9.99 ms"],
    [9.995, "10.0 ms"],
    [99.94, "99.9 ms"],
    [99.95, "100 ms"],
    [999, "999 ms"],
    [999.6, "1.00 s"],
    [1_500, "1.50 s"],
    [24_000, "24.0 s"],
    [24_100, "24.1 s"],
    [59_999, "1 min"],
    [60_000, "1 min"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [90_061_000, "1 d 1 h"],
  ] as const
) {
  Deno.test(`duration(${value}) is ${expected}`, () => {
    assert.equal(duration(value), expected);
  });
}

for (
  const [value, expected] of [
    [0, "0 s"],
    [24_000, "24 s"],
    [24_100, "24 s"],
    [59_999, "1 min"],
    [61_000, "1 min 1 s"],
    [90_061_000, "1 d 1 h"],
  ] as const
) {
  Deno.test(`age(${value}) is ${expected}`, () => {
    assert.equal(age(value), expected);
  });
}

for (
  const [value, expected] of [
    ["24.0 s", "24 s"],
    ["1.50 KiB", "1.5 KiB"],
    ["1.05 ms", "1.05 ms"],
    ["0.10 ms", "0.1 ms"],
    ["100 ms", "100 ms"],
    ["1,000 ms", "1,000 ms"],
    ["0 B", "0 B"],
  ] as const
) {
  Deno.test(`the label ${value} of an axis is ${expected}`, () => {
    assert.equal(withoutZeros(value), expected);
  });
}

for (
  const [value, expected] of [
    ["Ada Lovelace", "Ada Lovelace"],
    ["<b>bold</b>", "<b>bold</b>"],
    ["a\u202egnp.exe", "a\\u{202e}gnp.exe"],
    ["a\nb\u0000c\u001b[31m", "a\\u{a}b\\u{0}c\\u{1b}[31m"],
    ["a\u2066b\u2069\u200b\ufeff", "a\\u{2066}b\\u{2069}\\u{200b}\\u{feff}"],
    ["👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"],
    ["Ada\u200d", "Ada\\u{200d}"],
    ["A\u{e0041}\ufe01", "A\\u{e0041}\\u{fe01}"],
    ["\ud800", "\\u{d800}"],
    [undefined, "undefined"],
    [{ toString: () => "\u202e" }, "\\u{202e}"],
  ] as const
) {
  Deno.test(`safe() shows ${JSON.stringify(value)}`, () => {
    assert.equal(safe(value), expected);
  });
}

Deno.test("safe() shortens a string before it escapes the rest", () => {
  assert.equal(safe("x".repeat(65_536)).length, 201);
  assert.equal(safe("\u202e".repeat(65_536), 2), "\\u{202e}\\u{202e}…");
});

Deno.test("json() and block() keep line breaks, and nothing else that is hidden", () => {
  assert.equal(json({ a: "\u202e" }), '{\n  "a": "\\u{202e}"\n}');
  assert.equal(block("a\nb\u2028c\rd"), "a\nb\\u{2028}c\\u{d}d");
  assert.equal(block("x".repeat(200_000)).length, 100_001);
});
