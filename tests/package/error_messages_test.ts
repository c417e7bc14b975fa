/** The sentences of errors and log lines in the source: their form and their words. */

import assert from "node:assert/strict";
import { readSources } from "../support/modules.ts";

/** A comment, or a string literal whose content is captured. */
const COMMENT_OR_STRING =
  /\/\/[^\n]*|\/\*[^]*?\*\/|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\[^])*)`/g;

/** Words that no error and no log line uses. */
const UNCLEAR =
  /\b(must be a text|in vain|nobody|whoever|current value is|none of that name|is left out|leave out|has said)\b|, see '/;

/** Yields the string literals of a source. */
function* stringsOf(source: string): Generator<string> {
  for (const [, ...groups] of source.matchAll(COMMENT_OR_STRING)) {
    const text = groups.find((group) => group !== undefined);
    if (text !== undefined) yield text;
  }
}

/** Returns all string literals of the source with their files. */
async function readStrings(): Promise<(readonly [string, string])[]> {
  return [...await readSources()].flatMap(([path, source]) =>
    [...stringsOf(source)].map((text) => [path, text] as const)
  );
}

/** Reports whether an error has the form "Cannot do X: why. What to do." */
function hasForm(text: string): boolean {
  const [subject = ""] = text.split(": ", 1);
  return !/ as (the|it|there|they|this|its|'|")/.test(subject);
}

Deno.test("errors say what failed before a colon and why after it", async () => {
  const wrong: string[] = [];
  let count = 0;
  for (const [path, text] of await readStrings()) {
    if (!text.startsWith("Cannot ")) continue;
    count++;
    if (!hasForm(text)) wrong.push(`${path}: ${text}`);
  }
  assert.deepEqual(wrong, []);
  assert(count > 30, `only ${count} errors were found`);
});

Deno.test("errors and log lines avoid unclear words", async () => {
  const wrong: string[] = [];
  for (const [path, text] of await readStrings()) {
    if (UNCLEAR.test(text)) wrong.push(`${path}: ${text}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the checks of sentences find an old sentence", () => {
  const old =
    'throw new Error("Cannot serve as the token must be a text"); // nobody';
  const [text = "", ...others] = stringsOf(old);
  assert.deepEqual(others, []);
  assert(!hasForm(text) && UNCLEAR.test(text));
  assert(hasForm("Cannot connect: no WebSocket. Pass one as the option."));
});
