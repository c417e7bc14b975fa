/**
 * The version of this package, and the comparison of versions.
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
 * Returns whether a string is a version of Semantic Versioning 2.0.0, such as `1.2.3`.
 *
 * @param version The string
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
  // Most peers have the same version.
  return version === VERSION || tryParseStrictly(version) !== undefined;
}

/**
 * Returns whether a version is at least as high as another. The order is the precedence
 * of Semantic Versioning: `1.10.0` is above `1.9.0`, and `2.0.0-rc.1` is below `2.0.0`.
 *
 * @param version The version
 * @param minimum The minimum version
 * @returns Whether the version is at least `minimum`
 *
 * @throws {TypeError} If one of them is not a version, see {@linkcode isVersion}
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
  // Unlike other parsers, @std/semver accepts a leading "v" and surrounding spaces.
  return /^\d\S*$/.test(version) ? tryParse(version) : undefined;
}

function parseVersion(version: string): SemVer {
  const parsed = tryParseStrictly(version);
  if (parsed !== undefined) return parsed;
  throw new TypeError(
    `Cannot compare versions: ${
      JSON.stringify(String(version).slice(0, 100))
    } is not a version. Use a version such as "1.2.3".`,
  );
}
