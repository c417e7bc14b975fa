/**
 * Formats thrown values for logs, in every runtime.
 *
 * @module
 */

import { truncate } from "./text.ts";

/** How many errors of a chain of causes and of aggregates are shown. */
const MAX_ERRORS = 10;

/** How many characters of one error are shown. */
const MAX_LENGTH = 4_000;

/** An error that was found, and how its line begins */
interface Part {
  readonly label: string;
  readonly error: unknown;
}

/**
 * Formats a thrown value: the stack of an error, its causes and the members of an
 * `AggregateError`. Never throws. The result contains the characters of the error as
 * they are: the log escapes them.
 *
 * @param error The value that was thrown
 * @returns One line or more, whose number and length are limited
 */
export function formatError(error: unknown): string {
  const seen = new Set<unknown>();
  const lines: string[] = [];
  const rest: Part[] = [{ label: "", error }];
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (seen.has(part.error)) {
      lines.push(`${part.label}an error that is shown above`);
    } else if (seen.size >= MAX_ERRORS) {
      lines.push("More errors were omitted");
      break;
    } else {
      seen.add(part.error);
      lines.push(part.label + describe(part.error));
      rest.push(...partsOf(part.error));
    }
  }
  return lines.join("\n");
}

function describe(error: unknown): string {
  try {
    const text = isErrorLike(error) ? stackOf(error) : describeValue(error);
    return truncate(text, MAX_LENGTH);
  } catch {
    return "an error that cannot be formatted";
  }
}

/** Accepts errors of other realms too, which are not an instance of this `Error`. */
function isErrorLike(error: unknown): error is Error {
  return error instanceof Error || typeof Object(error).stack === "string";
}

/** Only V8 includes the name and the message in the stack. */
function stackOf(error: Error): string {
  const stack = String(error.stack ?? "");
  const message = String(error.message);
  if (stack !== "" && stack.includes(message)) return stack;
  return `${error.name}: ${message}\n${stack}`.trimEnd();
}

function describeValue(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return JSON.stringify(value) ?? String(value);
}

/** Returns the errors in an error, the last one first. */
function partsOf(error: unknown): readonly Part[] {
  try {
    if (!isErrorLike(error)) return [];
    const { cause, errors }: { cause?: unknown; errors?: unknown } = error;
    const causes = cause === undefined
      ? []
      : [{ label: "Caused by: ", error: cause }];
    return [...causes, ...membersOf(errors)].reverse();
  } catch {
    return [];
  }
}

function membersOf(errors: unknown): readonly Part[] {
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, MAX_ERRORS).map((error, index) => ({
    label: `Error ${index + 1} of ${errors.length}: `,
    error,
  }));
}
