/**
 * JSON as text, since much that is hostile gets lost in a value: keys that are there
 * twice, numbers beyond what JavaScript holds, escaped halves of a pair.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** The members of an object, as text, in their order; a key may be there twice. */
export type Members = readonly (readonly [key: string, value: string])[];

/** The text of an object. */
export function objectText(members: Members): string {
  return `{${members.map(([key, value]) => `${quote(key)}:${value}`)}}`;
}

/** Texts that have a meaning somewhere, or none anywhere. */
const WORDS = [
  "",
  "a",
  "id",
  "end",
  "NaN",
  "Infinity",
  "null",
  "undefined",
  "true",
  "0",
  "-1",
  "length",
  "toJSON",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "constructor",
  "prototype",
  "__proto__",
  "__defineGetter__",
  "then",
  "newmsg",
  "s_newmsg",
  "done",
  "open",
  "größer ☃ 😀",
  "\u0000\u001f\u007f\u0085\u2028\u2029\ufeff\ufffe\uffff",
  "a\r\nb\tc\\d\"e'f`g${h}",
];

/** Texts that JSON.stringify would not write so. */
const ODD_TEXTS = [
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"x\\udfff"',
  '"\\u0000"',
  '"\\/\\b\\f"',
  '"\\u0061"',
];

const NUMBERS = [
  "0",
  "-0",
  "1",
  "-1",
  "1.5",
  "1.0",
  "1e3",
  "1E+2",
  "0.1e1",
  "-0.0",
  "1e-400",
  "1e400",
  "-1e400",
  "2147483648",
  "4294967296",
  "9007199254740991",
  "-9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "18446744073709551616",
  "1e21",
  "123456789012345678901234567890",
  "0.30000000000000004",
];

/** What looks like JSON and is none. */
export const BROKEN_JSON = [
  "",
  " ",
  "NaN",
  "-Infinity",
  "undefined",
  "{",
  "}",
  "[",
  '"',
  '{"id":1,}',
  "{'id':1}",
  "{id:1}",
  '{"id":01}',
  '{"id":+1}',
  '{"id":.5}',
  '{"id":1.}',
  '{"id":0x10}',
  '{"id":1}{"id":2}',
  '{"id":1}\u0000',
  "\ufeff{}",
  "\u00a0{}",
  '"\\x41"',
  '"\\ud80"',
  '"\u0001"',
  "//",
  "nul",
  "[1,]",
  "[,1]",
];

/** A text, quoted. */
export function textText(random: Random): string {
  if (random.chance(0.2)) return random.pick(ODD_TEXTS);
  return quote(word(random));
}

/** A text. */
export function word(random: Random): string {
  return random.pick(WORDS);
}

/** A number. */
export function numberText(random: Random): string {
  return random.chance(0.5)
    ? String(random.between(-10, 1_000))
    : random.pick(NUMBERS);
}

/** Any value; what is in it is at most so deep. */
export function valueText(random: Random, depth = 3): string {
  return random.weigh<() => string>([
    [3, () => textText(random)],
    [3, () => numberText(random)],
    [2, () => random.pick(["null", "true", "false"])],
    [depth > 0 ? 2 : 0, () => dataText(random, depth - 1)],
    [depth > 0 ? 2 : 0, () => listText(random, depth - 1)],
  ])();
}

/** Any object. */
export function dataText(random: Random, depth = 2): string {
  const members = Array.from(
    { length: random.below(4) },
    () => [word(random), valueText(random, depth)] as const,
  );
  return objectText(members);
}

/** A value in so many arrays or objects. */
export function nestedText(random: Random, depth: number): string {
  const [open, close] = random.pick([["[", "]"], ['{"a":', "}"]] as const);
  const inner = open === "[" ? "" : "1";
  return `${open.repeat(depth)}${inner}${close.repeat(depth)}`;
}

function listText(random: Random, depth: number): string {
  const length = random.below(4);
  return `[${Array.from({ length }, () => valueText(random, depth))}]`;
}

/** The JSON text of a text. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
