/**
 * Turns values into strings that people read.
 *
 * @module
 */

import { escapeControls, truncate } from "../common/text.ts";

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", {
  notation: "compact",
  maximumSignificantDigits: 3,
});
const decimals = [0, 1, 2].map((digits) =>
  new Intl.NumberFormat("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
);

/** Formats a number with about three digits: `24.0` is as long as `24.1`. */
function precise(value: number): string {
  const digits = value === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return decimals[digits]!.format(value);
}

/** Removes the zeros at the end of a formatted number: `24.0 s` becomes `24 s`. */
export const withoutZeros = (text: string): string =>
  text.replace(/\.0+(?!\d)|(\.\d*[1-9])0+(?!\d)/, "$1");

/** Formats a whole number, such as `12,345`. */
export const count = (value: number): string => whole.format(value);

/** Formats a number in a few characters, such as `12.3K`. */
export const compact = (value: number): string => short.format(value);

/** Formats a number per second: a second that is measured is never exactly one second long. */
export const perSecond = (value: number): string =>
  compact(value < 10 ? Number(value.toPrecision(2)) : value);

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Formats a number of bytes, such as `1.50 MiB`. */
export function bytes(value: number): string {
  let unit = 0;
  while (value >= 1_024 && unit < BYTES.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 ? count(value) : precise(value)} ${BYTES[unit]}`;
}

/** Formats a duration in milliseconds, such as `1.25 ms` or `2 d 3 h`. */
export function duration(value: number): string {
  if (value > 0 && value < 0.01) return "< 0.01 ms";
  if (value < 999.5) return `${precise(value)} ms`;
  const seconds = value / 1_000;
  if (seconds < 59.95) return `${precise(seconds)} s`;
  return age(value);
}

/** Formats how long something has lasted, in whole seconds, such as `24 s` or `2 d 3 h`. */
export function age(value: number): string {
  const seconds = Math.round(value / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const units = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]] as const;
  const index = units.findIndex(([length]) => seconds >= length);
  const [first, second] = units.slice(index);
  const rest = Math.floor(seconds % first![0]);
  const parts = [`${Math.floor(seconds / first![0])} ${first![1]}`];
  if (second !== undefined && rest >= second[0]) {
    parts.push(`${Math.floor(rest / second[0])} ${second[1]}`);
  }
  return parts.join(" ");
}

/** Formats the time of the day: the first characters of `12:34:56.789`. */
export function clock(time: number, length: number = 12): string {
  const date = new Date(time);
  const local = new Date(time - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(11, 11 + length);
}

/** The most characters of a string that one line shows. */
const MAX_LENGTH = 200;

/**
 * Makes a string of a stranger harmless: shortens it, and shows each character that is
 * invisible or changes the direction of the line as its code.
 */
export function safe(value: unknown, max: number = MAX_LENGTH): string {
  return escapeControls(truncate(String(value), max), Infinity);
}

/** Formats JSON on several lines, and makes its strings harmless. */
export const json = (value: unknown): string =>
  block(JSON.stringify(value, null, 2) ?? "");

/** Makes a string with several lines harmless. */
export const block = (text: string): string =>
  truncate(text, MAX_BLOCK).split("\n")
    .map((line) => escapeControls(line, Infinity)).join("\n");

/** The most characters that the page shows in one place. */
const MAX_BLOCK = 100_000;
