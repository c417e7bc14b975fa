/**
 * The kinds of the errors that an application throws on purpose.
 *
 * @module
 */

/** The maximum length of a kind, in UTF-16 units. */
const MAX_KIND = 100;

/** Returns whether a value can be the kind of an error. */
export function isErrorKind(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_KIND;
}

/**
 * Checks the length of the kind of an error.
 *
 * @param subject What failed, such as `Cannot define the contract`
 * @param kind The kind
 *
 * @throws {RangeError} If it is empty or too long
 */
export function assertKindLength(subject: string, kind: string): void {
  if (kind !== "" && kind.length <= MAX_KIND) return;
  throw new RangeError(
    `${subject}: the kind of an error must have 1 to ${MAX_KIND} UTF-16 units. It has ${kind.length}. Use a short name such as "sold_out", and pass the sentence as 'message'.`,
  );
}
