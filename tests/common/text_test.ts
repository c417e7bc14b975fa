/** Tests of `common/text.ts`. */

import assert from "node:assert/strict";
import {
  assertLength,
  byteLength,
  describeMessage,
  describeOperation,
  describeRequest,
  describeStream,
  escapeLines,
  fitsInto,
  formatPath,
  showValue,
} from "../../common/text.ts";

Deno.test("describeMessage() and the others quote the name", () => {
  assert.equal(describeMessage("hi"), 'message "hi"');
  assert.equal(describeOperation('a"b\n'), 'operation "a\\"b\\n"');
  assert.equal(describeStream("\u2028"), 'stream "%E2%80%A8"');
  assert.equal(describeRequest(""), 'request ""');
});

Deno.test("describeMessage() and the others shorten the name", () => {
  const shown = `"${"n".repeat(100)}…"`;
  for (const describe of [describeMessage, describeStream, describeRequest]) {
    assert(describe("n".repeat(101)).endsWith(` ${shown}`));
  }
});

Deno.test("describeMessage() describes a name that is not a string", () => {
  assert.equal(describeMessage(Symbol("no") as never), "message a symbol");
  assert.equal(describeMessage(7 as never), "message 7");
});

for (
  const [value, shown] of [
    ["hello", '"hello"'],
    ["", "empty"],
    ["a\u001b\n", '"a\\u001b\\n"'],
    ["\u202e", '"%E2%80%AE"'],
    ["x".repeat(101), `"${"x".repeat(100)}…"`],
    [-1, "-1"],
    [NaN, "NaN"],
    [7n, "7n"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [[1], "an array"],
    [{ token: "secret" }, "an object"],
    [() => "secret", "a function"],
    [Symbol("secret"), "a symbol"],
  ] as const
) {
  Deno.test(`showValue() describes a value as ${shown}`, () => {
    assert.equal(showValue(value), shown);
  });
}

Deno.test("byteLength() returns the length in bytes of UTF-8", () => {
  for (const text of ["", "abc", "żółć", "€", "😀", "\u07ff\u0800"]) {
    const { length } = new TextEncoder().encode(text);
    assert.equal(byteLength(text), length);
  }
});

Deno.test("fitsInto() compares the length in bytes of UTF-8 with a limit", () => {
  for (const text of ["", "abc", "żółć", "€", "😀", "€".repeat(9)]) {
    const { length } = new TextEncoder().encode(text);
    for (const spare of [-2, -1, 0, 1, 2, 100, Infinity]) {
      assert.equal(fitsInto(text, length + spare), spare >= 0);
    }
  }
});

Deno.test("assertLength() accepts a frame up to the limit", () => {
  const never = () => assert.fail("not called");
  assertLength("é".repeat(5), 10, never, "limits.maxPayload");
  assertLength("", 0, never, "limits.maxPayload");
  assert.throws(
    () => assertLength("é".repeat(5), 9, () => 'message "hi"', "limits.a"),
    {
      name: "RangeError",
      message:
        `Cannot send message "hi": it must be at most 9 bytes long. It has 10 bytes. Send less data, or raise 'limits.a' of the server.`,
    },
  );
});

Deno.test("escapeLines() escapes characters that a terminal interprets, and indents the following lines", () => {
  const hostile = "a\n\u001b[31mb\r\nc\u202ed\u061c\u2028e\u0085f\n\ng";
  assert.equal(
    escapeLines(hostile),
    "a\n  %1B[31mb%0D\n  c%E2%80%AEd%D8%9C%E2%80%A8e%C2%85f\n  \n  g",
  );
});

Deno.test("escapeLines() returns an ordinary line as it is", () => {
  const line = 'receive: 127.0.0.1:1 received {"name":"å — 漢字 🎈"}';
  assert.equal(escapeLines(line), line);
});

for (
  const [path, text] of [
    [[], ""],
    [["a"], "a"],
    [[0], "[0]"],
    [["rows", 3, "name"], "rows[3].name"],
    [["a", "b", "c"], "a.b.c"],
    [[3, 4, "a"], "[3][4].a"],
    [["$", "_1", "A"], "$._1.A"],
    [["a b"], '["a b"]'],
    [["a", "b.c", "d"], 'a["b.c"].d'],
    [["a", "", "d"], 'a[""].d'],
    [["a", "ä"], 'a["ä"]'],
    [["a", '"]'], 'a["\\"]"]'],
    [["a\nb"], '["a\\nb"]'],
    [["__proto__", "constructor"], "__proto__.constructor"],
    [[-1, 1.5], "[-1][1.5]"],
  ] as const
) {
  Deno.test(`formatPath() formats ${JSON.stringify(path)} as ${text}`, () => {
    assert.equal(formatPath(path), text);
  });
}
