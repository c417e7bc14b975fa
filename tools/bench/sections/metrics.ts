/**
 * The figures that several sections have.
 *
 * @module
 */

import type { Metric } from "./cell.ts";

/** CPU time of the server for each of something. */
export function cpuFor(what: string): Metric {
  return { key: "cpu", label: `server CPU a ${what}`, unit: "us" };
}

/** How many of something in a second. */
export function rateOf(what: string): Metric {
  return { key: "rate", label: `${what} a second`, unit: "/s" };
}
