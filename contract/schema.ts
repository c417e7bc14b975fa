/**
 * Schemas of any library that implements Standard Schema v1.
 *
 * @module
 */

/**
 * A schema of zod, valibot, arktype or any other library that implements Standard Schema
 * v1, the common interface of schema libraries. It validates a value of the type `Input`, and can transform it into an `Output`.
 *
 * @example Write a schema without a library
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
 *         : { issues: [{ message: "must be a string", path: ["name"] }] };
 *     },
 *   },
 * };
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.receive("hello", name, ({ data }) => console.log(data.name));
 * ```
 */
export interface Schema<Input = unknown, Output = Input> {
  /** The properties that Standard Schema v1 defines */
  readonly "~standard": SchemaProperties<Input, Output>;
}

/** The properties of a {@linkcode Schema}, as Standard Schema v1 defines them */
export interface SchemaProperties<Input, Output> {
  /** The version of the interface */
  readonly version: 1;
  /** The library that made the schema */
  readonly vendor: string;
  /**
   * Validates a value.
   *
   * @param value The value
   * @returns The output or the issues; a promise of them if the schema is asynchronous
   */
  readonly validate: (
    value: unknown,
  ) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** The types of the input and the output; only TypeScript uses them */
  readonly types?:
    | { readonly input: Input; readonly output: Output }
    | undefined;
}

/** An issue as Standard Schema v1 defines it */
export interface SchemaIssue {
  /** What is wrong, as a sentence */
  readonly message: string;
  /** Where: the keys from the outermost object to the value */
  readonly path?:
    | readonly (PropertyKey | { readonly key: PropertyKey })[]
    | undefined;
}

/** The result of a {@linkcode Schema}; the value is valid if there are no issues */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** The input type of a schema: what the sender passes */
export type InputOf<Of extends Schema> = NonNullable<
  Of["~standard"]["types"]
>["input"];

/** The output type of a schema: what a handler receives */
export type OutputOf<Of extends Schema> = NonNullable<
  Of["~standard"]["types"]
>["output"];

/** The schema of the data of a message or an operation, which is always an object */
export type DataSchema = Schema<object, unknown>;

/** Returns whether a value is a schema. The schemas of arktype are functions. */
export function isSchema(value: unknown): value is Schema {
  const isThing = typeof value === "object" || typeof value === "function";
  if (!isThing || value === null) return false;
  const { "~standard": standard } = value as Partial<Schema>;
  return typeof standard?.validate === "function";
}
