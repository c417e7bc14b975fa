import assert from "node:assert/strict";
import { ValidationError } from "../../common/errors.ts";
import { canQuote, OutputError } from "../../server/output_error.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";

const ISSUES = [
  { path: ["a", 0], message: "was 4711" },
  { path: [], message: "was 4712" },
];

Deno.test("OutputError has the issues, and only their paths in its note if a message can quote the value", () => {
  const outputError = new OutputError(
    'Cannot answer "add"',
    "the result",
    ISSUES,
    { a: [4711] },
  );
  assert(outputError instanceof ValidationError);
  assert.equal(
    outputError.message,
    'Cannot answer "add": the result does not match its schema: a[0]: was 4711; was 4712',
  );
  assert.equal(
    outputError.note,
    "the result does not match its schema at a[0]",
  );
  assert.equal(outputError.issues, ISSUES);
  assert.equal(outputError.hasReason, false);
});

Deno.test("OutputError has the reason in its note if no message can quote the value", () => {
  const issues = [
    { path: ["a", 0], message: "must be a number" },
    { path: [], message: "lacks a\nkey" },
  ];
  const value = { a: ["noon"] };
  const { note, hasReason } = new OutputError("", "the result", issues, value);
  assert.equal(
    note,
    "the result does not match its schema: a[0]: must be a number; lacks a\\u{a}key",
  );
  assert(hasReason);
});

Deno.test("OutputError.is() recognizes only OutputError", () => {
  const outputError = new OutputError("Cannot answer", "the result", ISSUES, 1);
  assert(OutputError.is(outputError));
  const others = [
    ...[undefined, null, 2, "OutputError", {}, new Error("no"), CYCLE],
    ...[
      HOSTILE,
      REVOKED,
      Object.create(outputError),
      new Proxy(outputError, {}),
    ],
    new ValidationError("Cannot answer", "the result", ISSUES),
  ];
  for (const [index, other] of others.entries()) {
    assert(!OutputError.is(other), `${index} is taken for an OutputError`);
  }
});

const LONG = Array.from({ length: 1_001 }, () => null);

for (
  const [message, value] of [
    ["must be a number", "noon"],
    ["must be a number", { a: [{ at: "noon" }] }],
    ["expected number, received undefined", {}],
    ["expected number, received null", { a: null }],
    ["must be at most 20", { a: 31 }],
    ["must be a number", { number: 1 }],
    ["must be a number", ["", " \n"]],
    ["must be text", "x"],
    ["must be set", { a: true }],
    ["lacks a key", LONG.slice(2)],
    ["must be a number", Object.assign(Object.create(null), { a: "noon" })],
  ] as const
) {
  Deno.test(`"${message}" does not quote ${Deno.inspect(value, { iterableLimit: 3 })}`, () => {
    assert.equal(canQuote(message, value), false);
  });
}

const QUOTING: readonly (readonly [message: string, value: unknown])[] = [
  ['must be a number (was "noon")', "noon"],
  ['must be a number (was "Noon")', { a: { b: ["nOON"] } }],
  ["received Very long te…", "very long text that is shortened"],
  ['received "\\nnoon"', "\nnoon"],
  ["was a", "a"],
  ['received "…"', "…"],
  ["must be less than 10 (was 12)", { a: 12 }],
  ["was -12", { a: -12 }],
  ["was 0.3", 0.1 + 0.2],
  ["was 1", { a: 1n }],
  ["was true", [true]],
  ["must be a number", new Date(0)],
  ["must be a number", { a: new Map() }],
  ["must be a number", () => {}],
  ["must be a number", Symbol("a")],
  ["must be a number", HOSTILE],
  ["must be a number", REVOKED],
  ["must be a number", CYCLE],
  ["must be a number", LONG],
];

for (const [index, [message, value]] of QUOTING.entries()) {
  Deno.test(`"${message}" can quote a value of type ${typeof value} (${index})`, () => {
    assert.equal(canQuote(message, value), true);
  });
}
