/**
 * The types that values have after they were sent as JSON.
 *
 * @module
 */

import type { Json } from "./json.ts";

/** The data of an entry without a schema: an object without keys */
export type NoData = Readonly<Record<string, never>>;

/** A result of a handler, as its caller receives it: `undefined` becomes `null` */
export type ReceivedAs<Value> = unknown extends Value ? Value
  : Value extends undefined | void ? null
  : JsonOf<Value>;

/** A value after the conversion to JSON: a `Date`, for example, becomes a string */
export type JsonOf<Value> = unknown extends Value ? Value
  : Value extends Json | undefined ? Value
  : Value extends { toJSON(): infer Text } ? JsonOf<Text>
  : Value extends Unsendable ? never
  : Value extends readonly unknown[]
    ? { [Key in keyof Value]: ReceivedAs<Value[Key]> }
  : Value extends object ? { [Key in keyof Value]: JsonOf<Value[Key]> }
  : never;

/** The types that JSON cannot represent, or represents as an empty object */
export type Unsendable =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;
