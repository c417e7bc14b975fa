/**
 * Finds out whether the message of a schema can contain a part of the value that it is about.
 * Messages of valibot and arktype quote the value: `must be a number (was "noon")`.
 *
 * @module
 */

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
