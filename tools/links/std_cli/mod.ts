/**
 * A stand-in for `jsr:@std/cli` in checkouts that do not reach JSR. The package
 * `deno-std` on npm is the genuine code, compiled, without types. The file beside this
 * one declares the types that this project uses.
 *
 * @module
 */

// @ts-types="./parse_args.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
