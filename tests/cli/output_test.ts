import assert from "node:assert/strict";
import { Output } from "../../cli/output.ts";
import { makeContext } from "../support/command_line.ts";

/** What a hostile peer can send. */
const HOSTILE = {
  "key\x1b[2J": "\x1b]0;title\x07\u009b31m\u202e\u2028",
  text: "one\ntwo\r",
  quotes: '"\\\x00',
};

const HARMFUL =
  // deno-lint-ignore no-control-regex
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]/;

function outputOf(json: boolean, quiet = false, hasColors = false) {
  const { context, printed, errors } = makeContext({ hasColors });
  return { output: new Output({ json, quiet }, context), printed, errors };
}

for (const json of [true, false]) {
  Deno.test(`no character of a value reaches the terminal that it interprets (--json: ${json})`, () => {
    const { output, printed } = outputOf(json);
    output.value(HOSTILE);
    output.line(HOSTILE);
    for (const text of printed) {
      assert.doesNotMatch(text, HARMFUL);
      assert.deepEqual(JSON.parse(text), HOSTILE);
    }
  });

  Deno.test(`no label and no data of an event reaches the terminal unescaped (--json: ${json})`, () => {
    const { output, printed } = outputOf(json);
    const name = "a\x1b[2J\nb";
    output.event(name, { name, data: HOSTILE }, HOSTILE);
    assert.doesNotMatch(printed[0]!, HARMFUL);
    assert.equal(printed[0]!.split("\n").length, 1);
  });
}

Deno.test("--json prints one line for each value, and otherwise it is indented", () => {
  const { output, printed } = outputOf(true);
  output.value({ a: [1, { b: null }] });
  assert.deepEqual(printed, ['{"a":[1,{"b":null}]}']);
  const other = outputOf(false);
  other.output.value({ a: [1] });
  assert.deepEqual(other.printed, ['{\n  "a": [\n    1\n  ]\n}']);
});

Deno.test("a missing value is null", () => {
  const { output, printed } = outputOf(true);
  output.value(undefined);
  output.line(undefined);
  assert.deepEqual(printed, ["null", "null"]);
});

Deno.test("an event is an object with the time, or a line that begins with it", () => {
  const { output, printed } = outputOf(true);
  output.event("news", { name: "news", data: 1 }, 1);
  const { time, ...rest } = JSON.parse(printed[0]!);
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(rest, { name: "news", data: 1 });
  const other = outputOf(false);
  other.output.event("news", { name: "news", data: 1 }, { a: 1 });
  other.output.event("gap", { type: "gap" });
  assert.match(other.printed[0]!, /^\d\d:\d\d:\d\d news \{"a":1\}$/);
  assert.match(other.printed[1]!, /^\d\d:\d\d:\d\d gap$/);
});

Deno.test("--quiet omits the progress", () => {
  const { output, errors } = outputOf(false, true);
  output.progress("connected");
  assert.deepEqual(errors, []);
  const loud = outputOf(false);
  loud.output.progress("connected\x1b[2J");
  assert.deepEqual(loud.errors, ["connected\\u{1b}[2J"]);
});

Deno.test("colors mark strings, keys and words, and change nothing else", () => {
  const value = { 'a"b': 'c: "d", [1]', n: -1.5e3, list: [true, null, ""] };
  const { output, printed } = outputOf(false, false, true);
  output.value(value);
  output.line(value);
  for (const text of printed) {
    assert(text.includes('\x1b[36m"n"\x1b[0m'), text);
    assert(text.includes("\x1b[33mtrue\x1b[0m"), text);
    assert(text.includes("\x1b[33m-1500\x1b[0m"), text);
    assert(text.includes('\x1b[32m"c: \\"d\\", [1]"\x1b[0m'), text);
    // deno-lint-ignore no-control-regex
    const plain = text.replaceAll(/\x1b\[\d+m/g, "");
    assert.deepEqual(JSON.parse(plain), value);
  }
});

Deno.test("a value that is too large or too deep to read is printed in one line", () => {
  const deep = (depth: number, value: unknown): unknown =>
    depth === 0 ? value : [deep(depth - 1, value)];
  for (
    const value of [deep(33, 1), "x".repeat(5_000_000), { a: ["[".repeat(40)] }]
  ) {
    const { output, printed } = outputOf(false, false, true);
    output.value(value);
    const isSmall = typeof value === "object" && !Array.isArray(value);
    assert.equal(printed[0]!.includes("\n"), isSmall);
  }
});

Deno.test("a string of any length can be printed in colors", () => {
  const text = "x".repeat(16_000_000);
  const { output, printed } = outputOf(true, false, true);
  output.value(text);
  output.event("news", {}, text);
  assert.equal(printed[0], JSON.stringify(text));
});
