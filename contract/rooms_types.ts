/**
 * The types that TypeScript infers from the pattern of a room, such as `chat:{id}`.
 *
 * @module
 */

/**
 * The values of the parameters of a room, by their names.
 *
 * @example
 * ```ts
 * import type { ParamsOf } from "@hoist/cli/types";
 *
 * const params: ParamsOf<"chat:{id}"> = { id: "1" };
 * console.log(params.id);
 * ```
 */
export type ParamsOf<Pattern extends string> = {
  readonly [Name in ParamNameOf<Pattern>]: string;
};

/** The names of the parameters of a room */
export type ParamNameOf<Pattern extends string> = string extends Pattern
  ? string
  : Pattern extends `${string}{${infer Name}}${infer Rest}`
    ? Name | ParamNameOf<Rest>
  : never;

/**
 * The names of the rooms that a pattern can match. TypeScript cannot exclude an empty
 * parameter or one that contains `:`.
 *
 * @example
 * ```ts
 * import type { NameOf } from "@hoist/cli/types";
 *
 * const name: NameOf<"chat:{id}"> = "chat:1";
 * console.log(name);
 * ```
 */
export type NameOf<Pattern extends string> = string extends Pattern ? string
  : Pattern extends `${infer Before}{${string}}${infer Rest}`
    ? `${Before}${string}${NameOf<Rest>}`
  : Pattern;
