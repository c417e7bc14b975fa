/** Tests of `common/text.ts`. */

import assert from "node:assert/strict";
import {
  assertLength,
  byteLength,
  describeMessage,
  describeOperation,
  describeRequest,
  describeStream,
  escapeControls,
  escapeJson,
  escapeLines,
  fitsInto,
  formatPath,
  hasControls,
  nearestName,
  quote,
  showValue,
  suggestName,
  truncate,
} from "../../common/text.ts";

Deno.test("describeMessage() and the others quote the name", () => {
  assert.equal(describeMessage("hi"), 'message "hi"');
  assert.equal(describeOperation('a"b\n'), 'operation "a\\"b\\n"');
  assert.equal(describeStream("\u2028"), 'stream "\\u{2028}"');
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
    ["\u202e", '"\\u{202e}"'],
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
    "a\n  \\u{1b}[31mb\\u{d}\n  c\\u{202e}d\\u{61c}\\u{2028}e\\u{85}f\n  \n  g",
  );
});

for (
  const [hidden, escaped] of [
    ["a\u200bb\u200c\u2060\ufeff", "a\\u{200b}b\\u{200c}\\u{2060}\\u{feff}"],
    ["a\u00adb\u034fc", "a\\u{ad}b\\u{34f}c"],
    ["a\u200db \u200d🎈", "a\\u{200d}b \\u{200d}🎈"],
    ["a\ufe0fb\ufe00 1\ufe0f", "a\\u{fe0f}b\\u{fe00} 1\\u{fe0f}"],
    ["🎈\ufe0f\ufe0f", "🎈\ufe0f\\u{fe0f}"],
    ["漢\u{e0100}", "漢\\u{e0100}"],
    ["🏴\u{e0067}\u{e007f}", "🏴\\u{e0067}\\u{e007f}"],
    ["\u3164\u115f\uffa0", "\\u{3164}\\u{115f}\\u{ffa0}"],
    ["a\ue000\u{f0000}", "a\\u{e000}\\u{f0000}"],
    ["\ud800a\udc00", "\\u{d800}a\\u{dc00}"],
    ["\u200e\u061c\u2066", "\\u{200e}\\u{61c}\\u{2066}"],
  ] as const
) {
  Deno.test(`invisible characters are shown as ${escaped}, in JSON too`, () => {
    assert.equal(escapeControls(hidden), escaped);
    assert.equal(escapeLines(hidden), escaped);
    assert(hasControls(hidden));
    const json = escapeJson(JSON.stringify(hidden));
    assert.equal(JSON.parse(json), hidden);
    assert(!hasControls(json));
  });
}

for (
  const text of [
    ...["Ada", "한국어", "ไทย", "e\u0301", "a\u00a0b"],
    ...["❤\ufe0f", "👩\u200d👩\u200d👧", "👩🏽\u200d💻", "1\ufe0f\u20e3"],
    ...["🏳\ufe0f\u200d🌈", "👁\ufe0f\u200d🗨\ufe0f"],
    ...["می\u200cخواهم", "क्\u200dष", "क्\u200cष"],
  ]
) {
  Deno.test(`the visible string ${text} is not escaped`, () => {
    assert.equal(escapeControls(text), text);
    assert.equal(escapeJson(text), text);
    assert(!hasControls(text));
  });
}

Deno.test("a shortened string does not end with half a character", () => {
  assert.equal(truncate("a🎈b", 2), "a…");
  assert.equal(truncate("a🎈b", 3), "a🎈…");
  assert.equal(truncate("a🎈", 3), "a🎈");
  assert.equal(escapeControls("a🎈b", 2), "a");
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

Deno.test("nearestName returns nothing if no name is near", () => {
  assert.equal(nearestName("foo", ["bar", "timeout"]), undefined);
  assert.equal(nearestName("", ["a"]), undefined);
  assert.equal(
    nearestName("maxPayloud", ["maxPending", "maxPayload"]),
    "maxPayload",
  );
});

Deno.test("nearestName finds names with swapped letters and other separators", () => {
  const names = ["maxPayload", "timeout"];
  assert.equal(nearestName("max_payload", names), "maxPayload");
  assert.equal(nearestName("tiemout", names), "timeout");
});

for (
  const [name, expected] of [
    ["host", "hostname"],
    ["HOST", "hostname"],
    ["time", "timeout"],
    ["min", "minDelay"],
    ["serverPort", "port"],
    ["origins", "allowedOrigins"],
    ["maxConn", "maxConnections"],
    // Several names begin with it, and none of them is more probable than the others.
    ["max", undefined],
    // Too short to say anything
    ["ho", undefined],
  ] as const
) {
  Deno.test(`nearestName finds ${expected} for ${name}, which is a part of it or contains it`, () => {
    const names = [
      "hostname",
      "port",
      "timeout",
      "loginTimeout",
      "minDelay",
      "allowedOrigins",
      "maxConnectionsPerAddress",
      "maxConnections",
      "maxPayload",
    ];
    assert.equal(nearestName(name, names), expected);
  });
}

Deno.test("nearestName prefers a typing error to a part of a name", () => {
  assert.equal(nearestName("token", ["tokenLength", "tokens"]), "tokens");
});

Deno.test("nearestName compares no name that is far too long, and not any number of names", () => {
  const wanted = "abcdefghij".repeat(10);
  // Comparing it letter by letter would take minutes and gigabytes.
  const long = "x".repeat(15_000_000);
  assert.equal(nearestName(wanted, [long, `${wanted}x`]), `${wanted}x`);
  const many = Array<string>(10_000).fill("timeouts");
  assert.equal(nearestName("maxPaylod", [...many, "maxPayload"]), undefined);
});

Deno.test("nearestName does not compare the letters of any number of long names", () => {
  const wanted = "ab".repeat(50);
  const near = `${"ab".repeat(49)}ba`;
  const others = (count: number) =>
    Array.from({ length: count }, (_, n) => String(n).padStart(100, "x"));
  assert.equal(nearestName(wanted, [...others(100), near]), near);
  assert.equal(nearestName(wanted, [...others(2_000), near]), undefined);
  // Names whose length differs too much cost nothing.
  const short = others(2_000).map((name) => name.slice(-50));
  assert.equal(nearestName(wanted, [...short, near]), near);
});

Deno.test("suggestName returns the nearest name, or a list of all names", () => {
  const names = ["news", "ask"];
  assert.equal(
    suggestName("newz", names, "names", quote),
    'Did you mean "news"?',
  );
  assert.equal(
    suggestName("timout", ["timeout"], "options"),
    "Did you mean 'timeout'?",
  );
  assert.equal(suggestName("", names, "names"), "The names are news, ask.");
  assert.equal(suggestName("a", [], "names"), "There are no names.");
  const many = Array.from({ length: 50 }, (_, n) => `name${n}`);
  assert.match(suggestName("?", many, "names"), / name39 and 10 more\.$/);
});
