/** Which secrets are replaced in strings, and in which forms. */

import assert from "node:assert/strict";
import { escapeControls } from "../../common/text.ts";
import { Redactor } from "../../server/redactor.ts";

const SECRET = 'pass/"word" ż+1';

const SECRETS = [SECRET, "twelve-chars", "twelve-chars-and-more"];

const redactor = new Redactor(() => SECRETS);

Deno.test("redact() replaces every secret of twelve characters and more", () => {
  assert.equal(
    redactor.redact(`${SECRET}, twelve-charstwelve-chars and "${SECRET}"`),
    '[redacted], [redacted][redacted] and "[redacted]"',
  );
});

Deno.test("redact() replaces the longest secret, and no part of a replacement", () => {
  assert.equal(redactor.redact("a twelve-chars-and-more"), "a [redacted]");
  assert.equal(
    redactor.redact("[redacted] twelve-char"),
    "[redacted] twelve-char",
  );
});

Deno.test("redact() does not replace shorter secrets, because gaps would reveal them", () => {
  const short = new Redactor(() => ["t", "test", "", "eleven-char"]);
  const line = "the latest eleven-char of tests/";
  assert.equal(short.redact(line, "test"), line);
});

Deno.test("redact() replaces another secret", () => {
  assert.equal(
    redactor.redact("another-secret and twelve-chars", "another-secret"),
    "[redacted] and [redacted]",
  );
});

for (
  const [form, encoded] of Object.entries({
    JSON: JSON.stringify(SECRET).slice(1, -1),
    "JSON of Python": String.raw`pass/\"word\" \u017c+1`,
    "JSON of PHP": String.raw`pass\/\"word\" \u017c+1`,
    "JSON of PHP with Unicode": String.raw`pass\/\"word\" ż+1`,
    "JSON of .NET": String.raw`pass/\u0022word\u0022 \u017C\u002B1`,
    URL: encodeURIComponent(SECRET),
    "URL with + for spaces": new URLSearchParams({ a: SECRET }).toString()
      .slice(2),
  })
) {
  Deno.test(`redact() replaces the form of a secret in ${form}`, () => {
    assert.equal(redactor.redact(`<${encoded}>`), "<[redacted]>");
  });
}

Deno.test("redact() replaces a secret whose characters are escaped in a message", () => {
  const secret = "a token with \u200b and \u202e";
  const message = `<${escapeControls(secret)}>`;
  const redactor = new Redactor(() => [secret]);
  assert.equal(redactor.redact(message), "<[redacted]>");
});

Deno.test("redact() replaces a secret in base64 at every position", () => {
  for (const before of ["", "a", "ab", "user:", "abcd"]) {
    for (const after of ["", "x", "xy"]) {
      for (const alphabet of ["base64", "base64url"] as const) {
        const bytes = new TextEncoder().encode(`${before}${SECRET}${after}`);
        const encoded = bytes.toBase64({ alphabet });
        const shown = redactor.redact(`Basic ${encoded}.`);
        assert.match(shown, /^Basic [\w+/-]{0,8}\[redacted\][\w+/=-]{0,8}\.$/);
      }
    }
  }
});

Deno.test("redact() follows the secrets when they change", () => {
  let secrets = ["the-first-secret"];
  const changing = new Redactor(() => secrets);
  assert.equal(changing.redact("the-first-secret"), "[redacted]");
  secrets = ["the-second-secret"];
  assert.equal(
    changing.redact("the-first-secret the-second-secret"),
    "the-first-secret [redacted]",
  );
});

Deno.test("redact() needs about the same time for 10,000 secrets as for ten", () => {
  const many = Array.from(
    { length: 10_000 },
    (_, n) => `${n}-is-a-long-secret`,
  );
  const redactors = [many.slice(0, 10), many].map((secrets) => {
    const redactor = new Redactor(() => secrets);
    redactor.redact("");
    return redactor;
  });
  const text = "a line about a frame from a client, 12345. ".repeat(500);
  const [ten = 0, all = 0] = redactors.map((redactor) =>
    Math.min(...Array.from({ length: 20 }, () => {
      const start = performance.now();
      redactor.redact(text);
      return performance.now() - start;
    }))
  );
  assert(all < 50 * ten, `${all} ms and ${ten} ms`);
});

Deno.test("redact() handles secrets of every length and with lone surrogates", () => {
  const long = "s".repeat(60_000);
  assert.equal(redactor.redact(`a ${long} b`, long), "a [redacted] b");
  const lone = "\ud800-is-a-lone-surrogate";
  assert.equal(redactor.redact(`a ${lone} b`, lone), "a [redacted] b");
});

const FRAME = "    at run (file:///srv/twelve-chars/main.ts:1:1)";

Deno.test("redactError() does not change stack frames", () => {
  const error = `Error: twelve-chars\n${FRAME}\nCaused by: twelve-chars`;
  assert.equal(
    redactor.redactError(error),
    `Error: [redacted]\n${FRAME}\nCaused by: [redacted]`,
  );
});

Deno.test("redactError() replaces a secret that contains a line break", () => {
  const secret = "first line\nsecond line";
  const error = `Error: no ${secret}!\n${FRAME}\nCaused by: ${secret}`;
  assert.equal(
    redactor.redactError(error, secret),
    `Error: no [redacted]!\n${FRAME}\nCaused by: [redacted]`,
  );
});

Deno.test("redactError() omits the message if it contains a short token", () => {
  assert.equal(
    redactor.redactError(`Error: not test\n${FRAME}`, "test"),
    `the error is not shown, because it contains the token\n${FRAME}`,
  );
  const harmless = `Error: timeout\n${FRAME}`;
  assert.equal(redactor.redactError(harmless, "test"), harmless);
});
