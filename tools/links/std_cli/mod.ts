/**
 * Stands in for `jsr:@std/cli` in checkouts that reach npm and not JSR: npm's
 * `deno-std` is the genuine code, compiled. It comes without types, so what this
 * project uses of them is declared beside it.
 *
 * @module
 */

// @ts-types="./parse_args.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
