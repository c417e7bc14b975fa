/**
 * Suggestions for misspelt names.
 *
 * @module
 */

import { escapeControls, quoteName, truncate } from "./text.ts";

/** How many names a suggestion lists. */
const MAX_LISTED = 40;

/**
 * Writes the sentence that helps with a misspelt name.
 *
 * @param name The misspelt name
 * @param candidates The names that exist
 * @param kind What the names are, in the plural, such as `options`
 * @param quoted Quotes the suggestion in the same way as the sentence quotes the name
 * @returns `Did you mean 'timeout'?`, or the names if none is near
 */
export function suggestName(
  name: string,
  candidates: readonly string[],
  kind: string,
  quoted: (name: string) => string = quoteName,
): string {
  const nearest = nearestName(name, candidates);
  if (nearest !== undefined) return `Did you mean ${quoted(nearest)}?`;
  const listed = candidates.slice(0, MAX_LISTED).join(", ");
  const rest = candidates.length - MAX_LISTED;
  if (candidates.length === 0) return `There are no ${kind}.`;
  return `The ${kind} are ${escapeControls(listed)}${
    rest > 0 ? ` and ${rest} more` : ""
  }.`;
}

/**
 * Finds the name that was probably meant.
 *
 * @param name The misspelt name
 * @param candidates The names that exist
 * @returns The nearest of them; `undefined` if none is near
 */
export function nearestName(
  name: string,
  candidates: readonly string[],
): string | undefined {
  const wanted = normalize(truncate(name));
  return mistyped(wanted, candidates) ?? related(wanted, candidates);
}

/** Returns the name that differs from another by a few letters. */
function mistyped(
  wanted: string,
  candidates: readonly string[],
): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const other = normalize(candidate);
    const distance = editDistance(wanted, other);
    const limit = Math.max(wanted.length, other.length) / 3;
    if (distance > limit || distance >= least) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

/** How many letters two names must share, because short ones occur in many names. */
const MIN_SHARED = 3;

/** Returns the name that another is a part of, or that is a part of the other. */
function related(
  wanted: string,
  candidates: readonly string[],
): string | undefined {
  const names = candidates.filter((each) =>
    Math.min(wanted.length, normalize(each).length) >= MIN_SHARED
  );
  const matches = (isMatch: (other: string) => boolean) =>
    names.filter((each) => isMatch(normalize(each)));
  return commonStart(matches((other) => other.startsWith(wanted))) ??
    commonStart(matches((other) => other.includes(wanted))) ??
    longest(matches((other) => wanted.includes(other)));
}

/** Returns the name that all others begin with; `undefined` if none is more probable. */
function commonStart(names: readonly string[]): string | undefined {
  return names.find((name) => names.every((other) => other.startsWith(name)));
}

function longest(names: readonly string[]): string | undefined {
  return names.toSorted((one, other) => other.length - one.length)[0];
}

/** Removes the differences between `max_payload`, `max-payload` and `maxPayload`. */
function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** How many letters to insert, remove, replace or swap with their neighbour. */
function editDistance(one: string, other: string): number {
  let beforeLast: readonly number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      current.push(Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwap ? beforeLast[column - 2]! + 1 : Infinity,
      ));
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length]!;
}
