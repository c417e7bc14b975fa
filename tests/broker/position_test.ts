/** Positions in the history of a room, which clients send back. */

import assert from "node:assert/strict";
import {
  checkOf,
  comparePositions,
  formatPosition,
  isPosition,
  MAX_POSITION,
  orderPositions,
  parseClientPosition,
  parsePosition,
} from "../../broker/position.ts";

const AT = { epoch: "e", offset: 5, check: "abc" };

Deno.test("parses what it formats", () => {
  const positions = [
    AT,
    { epoch: "E-_9", offset: 0, check: "" },
    {
      epoch: "e".repeat(40),
      offset: 999_999_999_999_999,
      check: "c".repeat(7),
    },
  ];
  for (const position of positions) {
    assert.deepEqual(parsePosition(formatPosition(position)), position);
    assert(isPosition(formatPosition(position)));
  }
});

Deno.test("rejects everything else", () => {
  const longest = `${"e".repeat(40)}.1.${"c".repeat(8)}`;
  assert(longest.length <= MAX_POSITION);
  assert.notEqual(parsePosition(longest), undefined);
  const invalid: unknown[] = [
    ...["", "e", "e.1", "e.1.a.b", ".1.a", "e..a", "e.-1.a", "e.1.5.a"],
    ...["e.01.a", "e.1e3.a", "e.9007199254740993.a", " e.1.a", "e.1.a\n"],
    ...["e.1.é", "é.1.a", `${"e".repeat(41)}.1.a`, `e.1.${"c".repeat(9)}`],
    ...[null, undefined, 1, {}, ["e.1.a"], "e.1.a".repeat(1_000_000)],
  ];
  for (const each of invalid) {
    assert.equal(parsePosition(each), undefined);
    if (typeof each === "string") assert(!isPosition(each), each);
  }
});

Deno.test("demands a check from clients except at the start", () => {
  for (const valid of ["e.0.", "e.1.a"]) assert(parseClientPosition(valid));
  for (const invalid of ["e.1.", "e.0.a", "e"]) {
    assert.equal(parseClientPosition(invalid), undefined);
  }
});

Deno.test("orders positions by their offset, and compares the checks", () => {
  assert.equal(comparePositions(AT, AT), "same");
  assert.equal(comparePositions(AT, { ...AT, offset: 6 }), "before");
  assert.equal(comparePositions({ ...AT, offset: 6 }, AT), "after");
  assert.equal(comparePositions(AT, { ...AT, check: "" }), "same");
  assert.equal(comparePositions(AT, { ...AT, check: "abd" }), "unrelated");
  assert.equal(comparePositions(AT, { ...AT, epoch: "f" }), "unrelated");
});

Deno.test("orders strings like the positions that they contain", () => {
  const strings = [
    ...["e.5.abc", "e.5.", "e.5.ab", "e.5", "e.", "e", "", ".", "..", "e.5.."],
    ...["e.50.abc", "e.5.abc.", "f.5.abc", "e.0.", "e.0", "e.0.a", "ee.5.abc"],
    ...["e.9007199254740993.", "e.9007199254740993.a", `${"e".repeat(41)}.1.`],
  ];
  for (const a of strings) {
    for (const b of strings) {
      const [first, second] = [parsePosition(a), parsePosition(b)];
      const order = first === undefined || second === undefined
        ? "unrelated"
        : comparePositions(first, second);
      assert.equal(orderPositions(a, b), order, `${a} ${b}`);
    }
  }
});

Deno.test("makes a different check for almost all keys", () => {
  const checks = new Set<string>();
  for (let n = 0; n < 1_000; n++) {
    const check = checkOf(`publisher.${n}`);
    assert.match(check, /^[a-z0-9]{5}$/);
    checks.add(check);
  }
  assert(checks.size >= 998);
});
