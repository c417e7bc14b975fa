/**
 * A stand-in for `jsr:@std/semver` in checkouts that do not reach JSR. The package
 * `std-semver` on npm is a port of the genuine package, with its types.
 *
 * @module
 */
export * from "npm:std-semver@1.0.8";
