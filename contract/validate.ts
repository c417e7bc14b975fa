/**
 * The validation of values with schemas.
 *
 * @module
 */

import { isPromiseLike } from "../common/async.ts";
import { type Issue, issuesOf } from "../common/issues.ts";
import type { OutputOf, Schema } from "./schema.ts";

/** The result of a validation, with issues that can be sent. */
export type Checked<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly Issue[]; readonly value?: undefined };

/**
 * Validates a value, synchronously unless the schema is asynchronous.
 *
 * @param schema The schema
 * @param value The value
 * @returns The output or the issues
 *
 * @throws What the schema throws; the promise rejects with it
 * @throws {TypeError} If the result of the schema is neither an output nor issues
 */
export function validate<Of extends Schema>(
  schema: Of,
  value: unknown,
): Checked<OutputOf<Of>> | Promise<Checked<OutputOf<Of>>> {
  const result: unknown = schema["~standard"].validate(value);
  return isPromiseLike(result)
    ? Promise.resolve(result).then(checkedOf)
    : checkedOf(result);
}

/** Reads the result of a schema. An invalid result must not count as valid data. */
function checkedOf<Value>(result: unknown): Checked<Value> {
  const { issues }: { readonly issues?: unknown } = Object(result);
  // Some libraries return a value in addition to the issues.
  if (Array.isArray(issues)) return { issues: issuesOf(issues) };
  const answer: { readonly value: Value } = Object(result);
  if (issues === undefined && "value" in answer) return { value: answer.value };
  throw new TypeError(
    "the result of the schema has neither a value nor issues. See Standard Schema v1.",
  );
}
