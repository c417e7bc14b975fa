/** Tests of `common/secrets.ts`. */

import assert from "node:assert/strict";
import { showFrame } from "../../common/secrets.ts";

const SECRET = "sesame";

/** Shows a frame as a server with the token `sesame` does. */
function show(frame: string): string {
  return showFrame(frame, {
    longest: SECRET.length,
    redact: (text) => text.replaceAll(SECRET, "[redacted]"),
  });
}

Deno.test("showFrame() returns a harmless frame unchanged", () => {
  for (const frame of ["", "{}", '{"id":1,"text":"żółć 😀"}', "no JSON"]) {
    assert.equal(show(frame), frame);
  }
});

Deno.test("showFrame() shortens a frame to 1,000 characters", () => {
  assert.equal(show("x".repeat(1_000)), "x".repeat(1_000));
  assert.equal(show(`${"x".repeat(1_000)}y`), "x".repeat(1_000));
});

for (
  const [frame, shown] of [
    ['{"token":"other"}', '{"token":"[redacted]"}'],
    ['{"token" : \n"other","id":1}', '{"token" : \\u{a}"[redacted]","id":1}'],
    [
      '[{"token":"one"},{"token":"two"}]',
      '[{"token":"[redacted]"},{"token":"[redacted]"}]',
    ],
    ['{"room":"a","secret":"AbC-_9"}', '{"room":"a","secret":"[redacted]"}'],
    ['{"token":""}', '{"token":"[redacted]"}'],
    [String.raw`{"token":"a\"b\\","id":1}`, '{"token":"[redacted]","id":1}'],
    ['{"token":"without an end', '{"token":"[redacted]"'],
    ['{"token":"two\nlines"}', '{"token":"[redacted]"}'],
    ['{"token":1,"a":"token"}', '{"token":1,"a":"token"}'],
    ['{"a":"sesame"}', '{"a":"[redacted]"}'],
  ] as const
) {
  Deno.test(`showFrame() shows ${JSON.stringify(frame)} as ${JSON.stringify(shown)}`, () => {
    assert.equal(show(frame), shown);
  });
}

Deno.test("showFrame() redacts a token that lies across the cut", () => {
  for (let before = 990; before <= 1_000; before++) {
    const shown = show(`${"x".repeat(before)}${SECRET}${"y".repeat(20)}`);
    assert.equal(shown.length, 1_000);
    assert.equal(shown, `${"x".repeat(before)}[redacted]`.slice(0, 1_000));
    const field = show(
      `${"x".repeat(before - 9)}"token":"other${"y".repeat(20)}`,
    );
    assert.doesNotMatch(field, /other/);
  }
});

Deno.test("showFrame() shows no part of a token behind other tokens", () => {
  const token = SECRET.repeat(5);
  const redact = (text: string) => text.replaceAll(token, "[redacted]");
  for (let before = 0; before < token.length; before++) {
    const frame = "x".repeat(before) + token.repeat(1_000);
    const shown = showFrame(frame, { longest: token.length, redact });
    assert.match(shown, /^x*(\[redacted\])+(\[[a-z]*)?$/);
  }
});

Deno.test("showFrame() escapes control characters", () => {
  const controls = [
    "\0",
    "\n",
    "\r",
    "\u001b",
    "\u007f",
    "\u0085",
    "\u009b",
    "\u2028",
  ];
  for (const control of controls) {
    assert.equal(
      show(`a${control}b`),
      `a\\u{${control.charCodeAt(0).toString(16)}}b`,
    );
  }
});

Deno.test("showFrame() redacts a token of a million characters quickly", () => {
  const frame = `{"token":"${"\\\\".repeat(1e6)}"}`;
  assert.equal(show(frame), '{"token":"[redacted]"');
});
