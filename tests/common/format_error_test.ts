/** Tests of `common/format_error.ts`. */

import assert from "node:assert/strict";
import { formatError } from "../../common/format_error.ts";
import { CYCLE, DEEP, HOSTILE, REVOKED } from "../support/attacks.ts";

function linesOf(error: unknown): readonly string[] {
  return formatError(error).split("\n").filter((line) => !/^ +at /.test(line));
}

Deno.test("formatError() shows the stack of an error", () => {
  assert.match(
    formatError(new TypeError("no")),
    /^TypeError: no\n +at .*format_error_test\.ts/,
  );
});

Deno.test("formatError() shows the causes with their stacks", () => {
  const cause = new Error("middle", { cause: "inner" });
  const error = new Error("outer", { cause });
  assert.deepEqual(linesOf(error), [
    "Error: outer",
    "Caused by: Error: middle",
    "Caused by: inner",
  ]);
  assert.equal(formatError(error).split("format_error_test.ts").length, 3);
});

Deno.test("formatError() shows the members of an AggregateError, and the cause first", () => {
  const members = [
    new Error("first", { cause: new Error("why") }),
    new RangeError("second"),
  ];
  const error = new AggregateError(members, "both", { cause: "reason" });
  assert.deepEqual(linesOf(error), [
    "AggregateError: both",
    "Caused by: reason",
    "Error 1 of 2: Error: first",
    "Caused by: Error: why",
    "Error 2 of 2: RangeError: second",
  ]);
});

Deno.test("formatError() shows an error once", () => {
  const error = new Error("loop");
  error.cause = new Error("other", { cause: error });
  assert.deepEqual(linesOf(error), [
    "Error: loop",
    "Caused by: Error: other",
    "Caused by: an error that is shown above",
  ]);
});

Deno.test("formatError() limits the number of errors", () => {
  let chain = new Error("0");
  for (let n = 1; n < 1_000; n++) chain = new Error(`${n}`, { cause: chain });
  const wide = new AggregateError(Array.from({ length: 1_000 }, Error), "many");
  for (const error of [chain, wide]) {
    const lines = linesOf(error);
    assert.equal(lines.length, 11);
    assert.equal(lines.at(-1), "More errors were omitted");
  }
});

Deno.test("formatError() limits the length of each error", () => {
  const long = "x".repeat(1_000_000);
  const error = new Error(long, { cause: { long } });
  assert(formatError(error).length < 10_000);
});

Deno.test("formatError() adds the message to a stack without it", () => {
  const error = new TypeError("no");
  error.stack = "read@file:///app.js:1:2";
  assert.equal(formatError(error), "TypeError: no\nread@file:///app.js:1:2");
  error.stack = "";
  assert.equal(formatError(error), "TypeError: no");
});

Deno.test("formatError() recognizes an error of another realm", () => {
  const foreign = { stack: "Error: far\n    at app.js", message: "far" };
  const error = new Error("near", { cause: foreign });
  assert.deepEqual(linesOf(error), ["Error: near", "Caused by: Error: far"]);
});

for (
  const [thrown, expected] of [
    [undefined, "undefined"],
    [null, "null"],
    [1, "1"],
    ["text", "text"],
    [Symbol("s"), "Symbol(s)"],
    [{ code: 1 }, '{"code":1}'],
    [Object.create(null), "{}"],
    [{ toJSON: () => undefined }, "[object Object]"],
    [CYCLE, "an error that cannot be formatted"],
    [DEEP, "an error that cannot be formatted"],
    [HOSTILE, "an error that cannot be formatted"],
    [REVOKED, "an error that cannot be formatted"],
  ] as const
) {
  Deno.test(`formatError() shows the thrown value ${expected}`, () => {
    assert.equal(formatError(thrown), expected);
  });
}

function withProperty(name: string, descriptor: PropertyDescriptor): Error {
  const error = new AggregateError([], "hostile");
  return Object.defineProperty(error, name, descriptor);
}

for (const name of ["name", "message", "stack", "cause", "errors"]) {
  Deno.test(`formatError() does not throw because of a hostile ${name}`, () => {
    const get = () => {
      throw HOSTILE;
    };
    for (const value of [HOSTILE, REVOKED, [HOSTILE, REVOKED]]) {
      for (const descriptor of [{ get }, { value }]) {
        const cause = withProperty(name, descriptor);
        assert.match(
          formatError(new Error("outer", { cause })),
          /^Error: outer/,
        );
      }
    }
  });
}
