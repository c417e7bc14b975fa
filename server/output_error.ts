/**
 * The error for a value of the application that does not match its schema. Messages of
 * valibot and arktype quote the value, so the error finds out whether it can be shown:
 * `must be a number (was "noon")`.
 *
 * @module
 */

import { ValidationError } from "../common/hoist_error.ts";
import { describeIssues, type Issue, placesOf } from "../common/issues.ts";

/**
 * Thrown if the result of an operation, an item of a stream, or the details of an error fail
 * their schema.
 */
export class OutputError extends ValidationError {
  readonly #isOutputError = true;
  /** The text for the log, which contains nothing that the handler returned */
  readonly note: string;
  /** Whether the note contains the reason: no message can quote the value */
  readonly hasReason: boolean;

  /** Whether a thrown value is an `OutputError`; runs no code of the value. */
  static is(error: unknown): error is OutputError {
    return typeof error === "object" && error !== null &&
      #isOutputError in error;
  }

  /**
   * Constructs an `OutputError`.
   *
   * @param subject What failed, such as `Cannot answer operation "add"`
   * @param what The invalid value, such as `the result`
   * @param issues What is wrong with it
   * @param value The invalid value itself, which is not kept
   */
  constructor(
    subject: string,
    what: string,
    issues: readonly Issue[],
    value: unknown,
  ) {
    const problem = `${what} does not match its schema`;
    super(subject, problem, issues);
    const reason = describeIssues(issues);
    const messages = issues.map(({ message }) => message).join("\n");
    this.hasReason = !canQuote(messages, value);
    this.note = this.hasReason
      ? `${problem}: ${reason}`
      : `${problem}${placesOf(issues)}`;
  }
}

/** How many values are compared with a message. */
const MAX_PARTS = 1_000;

/** How many characters of a string are compared, because some libraries shorten it. */
const MAX_COMPARED = 4;

/** The escape sequences in a quoted string. */
const ESCAPE = /\\(u[\da-f]{4}|.)/gi;

const WORD = /[\p{L}\p{N}.]+/gu;

/**
 * Returns whether a message can contain a part of a value. In doubt, returns true. Keys are
 * not compared, because the paths of issues contain them as well.
 *
 * @param message The message
 * @param value The value, which comes from the application
 */
export function canQuote(message: string, value: unknown): boolean {
  const words = message.replace(ESCAPE, " ").toLowerCase().match(WORD) ??
    [];
  try {
    const rest: unknown[] = [value];
    for (let count = 0; rest.length > 0; count++) {
      const part = rest.pop();
      if (count >= MAX_PARTS || isIn(words, part)) return true;
      if (isContainer(part)) {
        rest.push(...Object.values(part).slice(0, MAX_PARTS));
      }
    }
    return false;
  } catch {
    // The value can have getters that throw.
    return true;
  }
}

/** Returns whether words contain a part of a value that is no container. */
function isIn(words: readonly string[], part: unknown): boolean {
  switch (typeof part) {
    case "undefined":
      return false;
    case "boolean":
      return words.includes(String(part));
    case "number":
    case "bigint":
      return words.some((word) => isSameNumber(word, String(part)));
    case "string":
      return containsStart(words, part);
    case "object":
      return part !== null && !isContainer(part);
    default:
      return true;
  }
}

/** Compares numbers that can be rounded, for example 0.3 and 0.30000000000000004. */
function isSameNumber(word: string, part: string): boolean {
  if (!/^\d/.test(word)) return false;
  const digits = part.replace("-", "");
  return digits.startsWith(word) || word.startsWith(digits);
}

/** Compares the first word, because a library can escape the other characters. */
function containsStart(words: readonly string[], part: string): boolean {
  const [first] = part.toLowerCase().match(WORD) ?? [];
  if (first === undefined) return part.trim() !== "";
  const start = first.slice(0, MAX_COMPARED);
  return words.some((word) =>
    first === start ? word === start : word.startsWith(start)
  );
}

/** Whether a value is an array or a plain object, whose parts are known. */
function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
