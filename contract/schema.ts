/**
 * Schemas of any library that implements Standard Schema v1, and checking values
 * against them. Only that interface is used, no library.
 *
 * @module
 */

import { isPromiseLike } from "../common/async.ts";
import { type Issue, issuesOf, type SchemaIssue } from "../common/issues.ts";
/**
 * What checks a value and says what it is: a schema of zod, valibot, arktype or any
 * other library that implements Standard Schema v1. It may turn an `Input` into an
 * `Output` while it is at it.
 *
 * @example Write one without a library
 * ```ts
 * import { type Schema, serve } from "@hoist/cli";
 *
 * const name: Schema<{ name: string }> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) => {
 *       const { name } = Object(value);
 *       return typeof name === "string"
 *         ? { value: { name } }
 *         : { issues: [{ message: "must be a text", path: ["name"] }] };
 *     },
 *   },
 * };
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("hello", name, ({ data }) => console.log(data.name));
 * ```
 */
export interface Schema<Input = unknown, Output = Input> {
  /** What the libraries agree on */
  readonly "~standard": SchemaProperties<Input, Output>;
}

/** What a {@linkcode Schema} can do, as Standard Schema v1 has it */
export interface SchemaProperties<Input, Output> {
  /** The version of the interface */
  readonly version: 1;
  /** The library that made the schema */
  readonly vendor: string;
  /**
   * Checks a value.
   *
   * @param value What is to be checked
   * @returns What it is, or what is wrong with it; a promise, if the schema has to wait
   */
  readonly validate: (
    value: unknown,
  ) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** The types of what goes in and what comes out; for the compiler only */
  readonly types?:
    | { readonly input: Input; readonly output: Output }
    | undefined;
}

/** What a {@linkcode Schema} says of a value; it is right if there are no issues */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** The type of what goes into a schema: what is sent */
export type InputOf<Of extends Schema> = NonNullable<
  Of["~standard"]["types"]
>["input"];

/** The type of what comes out of a schema: what a handler gets */
export type OutputOf<Of extends Schema> = NonNullable<
  Of["~standard"]["types"]
>["output"];

/** What came of checking a value. */
export type Checked<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly Issue[]; readonly value?: undefined };

/** Whether a value is a schema; those of arktype are functions. */
export function isSchema(value: unknown): value is Schema {
  const isThing = typeof value === "object" || typeof value === "function";
  if (!isThing || value === null) return false;
  const { "~standard": standard } = value as Partial<Schema>;
  return typeof standard?.validate === "function";
}

/**
 * Checks a value, at once if the schema does not have to wait.
 *
 * @param schema The schema
 * @param value What is to be checked
 *
 * @throws What the schema throws, or the promise rejects with it
 */
export function check<Of extends Schema>(
  schema: Of,
  value: unknown,
): Checked<OutputOf<Of>> | Promise<Checked<OutputOf<Of>>> {
  const result: unknown = schema["~standard"].validate(value);
  return isPromiseLike(result)
    ? Promise.resolve(result).then(checkedOf)
    : checkedOf(result);
}

/** What is no answer at all must not pass for "nothing is wrong". */
function checkedOf<Value>(result: unknown): Checked<Value> {
  const { issues }: { readonly issues?: unknown } = Object(result);
  // Some libraries give a value along with the issues.
  if (Array.isArray(issues)) return { issues: issuesOf(issues) };
  const answer: { readonly value: Value } = Object(result);
  if (issues === undefined && "value" in answer) return { value: answer.value };
  throw new TypeError(
    "what the schema returned has neither a value nor issues: see Standard Schema v1",
  );
}
