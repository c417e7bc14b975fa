/**
 * The version of this package and the comparing of versions.
 *
 * @example
 * ```ts
 * import { meetsMinimum, VERSION } from "@hoist/cli/version";
 * import assert from "node:assert/strict";
 *
 * assert(meetsMinimum(VERSION, "1.0.0"));
 * ```
 *
 * @module
 */

import { greaterOrEqual } from "@std/semver/greater-or-equal";
import { tryParse } from "@std/semver/try-parse";
/** The version of this package, which is also the version of Hoist that it speaks. */
export const VERSION: string = "1.1.0";

/**
 * Whether a text is a version as Semantic Versioning 2.0.0 has it, such as `1.2.3`.
 *
 * @param version The text
 * @returns Whether it is a version
 *
 * @example
 * ```ts
 * import { isVersion } from "@hoist/cli/version";
 * import assert from "node:assert/strict";
 *
 * assert(isVersion("1.2.3"));
 * assert(!isVersion("1.2"));
 * ```
 */
export function isVersion(version: string): boolean {
  // Most peers have this very version.
  return version === VERSION || tryParseStrictly(version) !== undefined;
}

/**
 * Whether a version is at least another, by the precedence of Semantic Versioning:
 * `1.10.0` is above `1.9.0`, and `2.0.0-rc.1` is below `2.0.0`.
 *
 * @param version The version to look at
 * @param minimum The version that it has to reach
 * @returns Whether it does
 *
 * @throws {TypeError} If one of them is no version, see {@linkcode isVersion}
 *
 * @example
 * ```ts
 * import { meetsMinimum } from "@hoist/cli/version";
 * import assert from "node:assert/strict";
 *
 * assert(meetsMinimum("1.10.0", "1.9.0"));
 * assert(!meetsMinimum("2.0.0-rc.1", "2.0.0"));
 * ```
 */
export function meetsMinimum(version: string, minimum: string): boolean {
  return greaterOrEqual(parseVersion(version), parseVersion(minimum));
}

type SemVer = Parameters<typeof greaterOrEqual>[0];

function tryParseStrictly(version: string): SemVer | undefined {
  // @std/semver allows a "v" before and spaces around, which others do not.
  return /^\d\S*$/.test(version) ? tryParse(version) : undefined;
}

function parseVersion(version: string): SemVer {
  const parsed = tryParseStrictly(version);
  if (parsed !== undefined) return parsed;
  throw new TypeError(
    `Cannot compare versions as each must look like "1.2.3": current value is ${
      JSON.stringify(version)
    }`,
  );
}
