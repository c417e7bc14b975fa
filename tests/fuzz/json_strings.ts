/**
 * JSON strings that JSON.stringify cannot produce: repeated keys, numbers beyond the
 * range of JavaScript, escaped lone surrogates.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** The members of an object as JSON, in order. A key can be repeated. */
export type Members = readonly (readonly [key: string, value: string])[];

/** Returns the JSON of an object. */
export function objectJson(members: Members): string {
  return `{${members.map(([key, value]) => `${quote(key)}:${value}`)}}`;
}

/** Strings, some of which have a meaning in the protocol or in JavaScript. */
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

/** Strings that JSON.stringify writes in another way. */
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
  // JavaScript reads it as Infinity, which cannot be sent back.
  "1e400",
];

/** Invalid JSON. */
export const INVALID_JSON = [
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

/** Returns a string as JSON. */
export function stringJson(random: Random): string {
  if (random.chance(0.2)) return random.pick(ODD_TEXTS);
  return quote(word(random));
}

/** Returns a string. */
export function word(random: Random): string {
  return random.pick(WORDS);
}

/** Returns a number as JSON. */
export function numberJson(random: Random): string {
  return random.chance(0.5)
    ? String(random.between(-10, 1_000))
    : random.pick(NUMBERS);
}

/** Returns any value as JSON, nested up to `depth` levels. */
export function valueJson(random: Random, depth = 3): string {
  return random.weigh<() => string>([
    [3, () => stringJson(random)],
    [3, () => numberJson(random)],
    [2, () => random.pick(["null", "true", "false"])],
    [depth > 0 ? 2 : 0, () => dataJson(random, depth - 1)],
    [depth > 0 ? 2 : 0, () => arrayJson(random, depth - 1)],
  ])();
}

/** Returns any object as JSON. */
export function dataJson(random: Random, depth = 2): string {
  const members = Array.from(
    { length: random.below(4) },
    () => [word(random), valueJson(random, depth)] as const,
  );
  return objectJson(members);
}

/** Returns `depth` nested arrays or objects as JSON. */
export function nestedJson(random: Random, depth: number): string {
  const [open, close] = random.pick([["[", "]"], ['{"a":', "}"]] as const);
  const inner = open === "[" ? "" : "1";
  return `${open.repeat(depth)}${inner}${close.repeat(depth)}`;
}

function arrayJson(random: Random, depth: number): string {
  const length = random.below(4);
  return `[${Array.from({ length }, () => valueJson(random, depth))}]`;
}

/** Returns the JSON of a string. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** Reports whether data that was parsed can be encoded again, without a number beyond the range. */
export function isSendable(data: unknown): boolean {
  if (typeof data === "number") return Number.isFinite(data);
  const isContainer = typeof data === "object" && data !== null;
  return !isContainer || Object.values(data).every(isSendable);
}
