/**
 * Stands in for `jsr:@std/semver` in checkouts that reach npm and not JSR: npm's
 * `std-semver` is a port of the genuine package, with its types.
 *
 * @module
 */
export * from "npm:std-semver@1.0.8";
