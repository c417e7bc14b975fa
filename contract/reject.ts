/**
 * Types that make TypeScript reject an invalid contract, with the reason in the error.
 *
 * @module
 */

import type { InputOf, Schema } from "./schema.ts";

/** An object without some keys; the error of TypeScript contains the reason */
export type Without<Keys extends PropertyKey, Why extends string> =
  [Keys] extends [never] ? unknown : { readonly [Key in Keys]?: Why };

/** Makes TypeScript reject the schema of an array, which is an object as well */
export type NoArray<Of extends Schema> = InputOf<Of> extends readonly unknown[]
  ? "data must be an object: wrap the array in an object"
  : unknown;
