/**
 * The kinds of flags: switches, strings, numbers, words and times.
 *
 * @module
 */

import { MAX_TIMEOUT } from "../common/check.ts";
import { showValue } from "../common/text.ts";
import { type Flag, UsageError } from "./parse.ts";

/** What every flag has. */
type About = Omit<Flag, "parse" | "default" | "placeholder">;

/** What a flag with a value has. */
interface ValueAbout extends About {
  readonly placeholder: string;
  /** The default as the help shows it, if the flag has no value then */
  readonly shownDefault?: string;
}

/** Defines a switch. */
export function toggle(about: About): Flag<boolean> {
  return { ...about, parse: (given) => given === true };
}

/** Defines a flag whose value is any string. */
export function text(about: ValueAbout): Flag<string | undefined> {
  return custom(about, (given) => given);
}

/** The range of a number, and its default. */
interface NumberAbout extends ValueAbout {
  readonly min?: number;
  readonly max?: number;
}

/** Defines a flag whose value is a whole number. */
export function wholeNumber(
  about: NumberAbout & { readonly default: number },
): Flag<number>;
export function wholeNumber(about: NumberAbout): Flag<number | undefined>;
export function wholeNumber(
  { min = 0, max = Infinity, default: standard, ...about }:
    & NumberAbout
    & { readonly default?: number },
): Flag<number | undefined> {
  const shown = standard === undefined ? {} : { shownDefault: `${standard}` };
  return custom({ ...shown, ...about }, (given, name) => {
    if (!/^\d{1,15}$/.test(given)) {
      throw new UsageError(
        `Option --${name} must be a whole number, not ${showValue(given)}.`,
      );
    }
    const value = Number(given);
    if (value >= min && value <= max) return value;
    const range = max === Infinity
      ? `at least ${min}`
      : `from ${min} to ${max}`;
    throw new UsageError(
      `Option --${name} must be a whole number ${range}, not ${value}.`,
    );
  }, standard);
}

/** Defines a flag whose value is one of several words. */
export function oneOf<const Value extends string>(
  values: readonly Value[],
  about: ValueAbout,
): Flag<Value | undefined> {
  return custom({ ...about, values }, (given, name) => {
    const value = values.find((value) => value === given);
    if (value === undefined) throw mustBeOneOf(name, values, given);
    return value;
  });
}

/** Returns the error for a value that is none of several words. */
export function mustBeOneOf(
  name: string,
  values: readonly string[],
  value: string,
): UsageError {
  return new UsageError(
    `Option --${name} must be one of ${values.join(", ")}, not ${
      showValue(value)
    }.`,
  );
}

/** The units of a duration, in milliseconds. A number without a unit is in seconds. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  "": 1_000,
};

/** Defines a flag whose value is a time. Its parsed value is in milliseconds. */
export function duration(
  about: ValueAbout & { readonly default: string },
): Flag<number>;
export function duration(about: ValueAbout): Flag<number | undefined>;
export function duration(
  { default: standard, ...about }: ValueAbout & { readonly default?: string },
): Flag<number | undefined> {
  const shown = standard === undefined ? {} : { shownDefault: standard };
  const value = standard && parseDuration(standard, "");
  return custom({ ...shown, ...about }, parseDuration, value || undefined);
}

function parseDuration(given: string, name: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(given) ??
    [];
  const value = Number(digits) * UNITS[unit]!;
  if (value > 0 && value <= MAX_TIMEOUT) return value;
  throw new UsageError(
    `Option --${name} must be a time such as 5s, 500ms or 2m, not ${
      showValue(given)
    }.`,
  );
}

/**
 * Defines a flag with a value of another kind.
 *
 * @param about The flag
 * @param read Returns the value, or throws a {@linkcode UsageError}
 * @param standard The value if the flag was not passed
 */
export function custom<Value>(
  { shownDefault, ...about }: ValueAbout,
  read: (given: string, name: string) => Value,
  standard?: Value,
): Flag<Value | undefined> {
  return {
    ...about,
    ...(shownDefault === undefined ? {} : { default: shownDefault }),
    parse: (given, name) =>
      typeof given === "string" ? read(given, name) : standard,
  };
}
