/** Tests of `common/issues.ts`. */

import assert from "node:assert/strict";
import {
  describeIssues,
  type Issue,
  issuesOf,
  readIssues,
} from "../../common/issues.ts";
import type { SchemaIssue } from "../../contract/schema.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";

/** Converts the message of a schema. */
function messageOf(message: unknown): string | undefined {
  return issuesOf([{ message } as SchemaIssue])[0]?.message;
}

/** Converts the path of a schema. */
function pathOf(path: SchemaIssue["path"]): Issue["path"] | undefined {
  return issuesOf([{ message: "no", path }])[0]?.path;
}

const PATHS: readonly (readonly [
  path: SchemaIssue["path"],
  converted: Issue["path"],
])[] = [
  [undefined, []],
  [[], []],
  [["rows", 3, "name"], ["rows", 3, "name"]],
  [["3"], ["3"]],
  [[{ key: "rows" }, { key: 3 }, { key: Symbol("x") }], [
    "rows",
    3,
    "Symbol(x)",
  ]],
  [[Symbol("id"), Symbol.iterator, Symbol()], [
    "Symbol(id)",
    "Symbol(Symbol.iterator)",
    "Symbol()",
  ]],
  [["__proto__", "constructor", { key: "toString" }, ""], [
    "__proto__",
    "constructor",
    "toString",
    "",
  ]],
  [["a\nb", "\x1b[2J", "\u202e"], ["a\nb", "\x1b[2J", "\u202e"]],
  [[Symbol("\r"), { key: "\x07" }], ["Symbol(\r)", "\x07"]],
  [["k".repeat(100)], ["k".repeat(100)]],
  [["k".repeat(101)], [`${"k".repeat(100)}…`]],
  [[{ key: Symbol("k".repeat(200)) }], [`Symbol(${"k".repeat(93)}…`]],
  [Array(16).fill("a"), Array(16).fill("a")],
  [[...Array(16).fill("a"), "beyond"], Array(16).fill("a")],
];

for (const [path, converted] of PATHS) {
  const shown = Deno.inspect(path, { iterableLimit: 3, strAbbreviateSize: 20 });
  Deno.test(`issuesOf() converts the path ${shown} (${path?.length ?? 0} keys)`, () => {
    assert.deepEqual(pathOf(path), converted);
  });
}

const MESSAGES: readonly (readonly [message: unknown, converted: string])[] = [
  ["must be a string", "must be a string"],
  ["", ""],
  ["żółć 😀", "żółć 😀"],
  ["m".repeat(300), "m".repeat(300)],
  ["m".repeat(301), `${"m".repeat(300)}…`],
  ["m".repeat(1_000_000), `${"m".repeat(300)}…`],
  ["line\r\nerror: forged", "line\r\nerror: forged"],
  ["\x1b]0;title\x07\x9b", "\x1b]0;title\x07\x9b"],
  ["\u202eevil\u2066", "\u202eevil\u2066"],
  [undefined, "undefined"],
  [null, "null"],
  [7, "7"],
  [Symbol("no"), "Symbol(no)"],
  [{ toString: () => "custom" }, "custom"],
];

for (const [index, [message, converted]] of MESSAGES.entries()) {
  const shown = Deno.inspect(message, { strAbbreviateSize: 30 });
  Deno.test(`issuesOf() converts the message ${shown} (${index})`, () => {
    assert.equal(messageOf(message), converted);
  });
}

Deno.test("issuesOf() returns the first 16 issues", () => {
  const issues = Array.from({ length: 20 }, (_, n) => ({ message: `${n}` }));
  const messages = issuesOf(issues).map(({ message }) => message);
  assert.deepEqual(messages, issues.slice(0, 16).map(({ message }) => message));
  assert.deepEqual(issuesOf([]), []);
});

Deno.test("issuesOf() only returns the path and the message", () => {
  const issue = { message: "no", path: ["a"], input: "secret", code: 1 };
  assert.deepEqual(issuesOf([issue]), [{ path: ["a"], message: "no" }]);
});

Deno.test("issuesOf() does not change its argument", () => {
  const path = Object.freeze([{ key: "a" }, "b\n"]);
  const issues = Object.freeze([Object.freeze({ message: "\n", path })]);
  assert.deepEqual(issuesOf(issues), [{ path: ["a", "b\n"], message: "\n" }]);
});

Deno.test("issuesOf() throws for an invalid issue", () => {
  const rubbish = [
    [null],
    [undefined],
    [{ message: "no", path: [null] }],
    [{ message: { toString: 1, valueOf: 1 } }],
    [HOSTILE],
    [REVOKED],
    [{ message: HOSTILE }],
    [{ message: "no", path: [HOSTILE] }],
  ] as unknown as readonly SchemaIssue[][];
  for (const issues of rubbish) assert.throws(() => issuesOf(issues));
});

const NO_ISSUES = [
  undefined,
  null,
  true,
  1,
  "issues",
  [],
  {},
  { issues: undefined },
  { issues: null },
  { issues: 1 },
  { issues: "text" },
  { issues: { 0: { message: "no", path: [] }, length: 1 } },
  { issues: [] },
  { issues: [null, 1, "text", [], {}] },
  { issues: [{ path: [] }, { message: "no" }] },
  { issues: [{ message: 1, path: [] }, { message: null, path: [] }] },
  { issues: [{ message: "no", path: {} }, { message: "no", path: "a" }] },
  { issues: [{ message: "no", path: [null] }] },
  { issues: [{ message: "no", path: ["a", true] }] },
  { issues: [{ message: "no", path: [["a"]] }] },
  { issues: [{ message: "no", path: [{ key: "a" }] }] },
];

for (const data of NO_ISSUES) {
  Deno.test(`readIssues() returns nothing for ${JSON.stringify(data)}`, () => {
    assert.deepEqual(readIssues(data), []);
  });
}

Deno.test("readIssues() reads the output of issuesOf() with keys of any name", () => {
  for (const name of ["rows", "__proto__", "constructor", "toString", ""]) {
    const issues = issuesOf([{ message: "no", path: [name, 3] }]);
    const data = JSON.parse(JSON.stringify({ issues }));
    assert.deepEqual(readIssues(data), [{ path: [name, 3], message: "no" }]);
  }
});

Deno.test("readIssues() skips invalid issues", () => {
  const good = Array.from(
    { length: 17 },
    (_, n) => ({ path: [n], message: "no" }),
  );
  const issues = [...Array(20).fill({ message: "no" }), ...good];
  assert.deepEqual(readIssues({ issues }), good.slice(0, 16));
});

Deno.test("readIssues() shortens the issues of a server", () => {
  const path = ["\n", ..."k".repeat(40)];
  const message = `\x1b${"m".repeat(1_000)}`;
  assert.deepEqual(readIssues({ issues: [{ path, message, more: 1 }] }), [{
    path: ["\n", ..."k".repeat(15)],
    message: `\x1b${"m".repeat(299)}…`,
  }]);
});

Deno.test("readIssues() ignores issues in __proto__", () => {
  const data = JSON.parse(
    '{"__proto__": {"issues": [{"path": [], "message": "no"}]}}',
  );
  assert.deepEqual(readIssues(data), []);
});

for (
  const [issues, text] of [
    [[], "the schema gives no reason"],
    [[{ path: [], message: "no" }], "no"],
    [[{ path: ["a", 1], message: "no" }], "a[1]: no"],
    [[{ path: [], message: "" }], "the schema gives no reason"],
    [[
      { path: ["a"], message: "one" },
      { path: [], message: "two" },
      { path: ["b c"], message: "three" },
    ], 'a: one; two; ["b c"]: three'],
  ] as const
) {
  Deno.test(`describeIssues() returns: ${text} (${issues.length})`, () => {
    assert.equal(describeIssues(issues), text);
  });
}
