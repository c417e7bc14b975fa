/**
 * The figures of several sections.
 *
 * @module
 */

import type { Metric } from "./cell.ts";

/** Returns the CPU time of the server per unit. */
export function cpuFor(what: string): Metric {
  return { key: "cpu", label: `server CPU per ${what}`, unit: "us" };
}

/** Returns the number of units per second. */
export function rateOf(what: string): Metric {
  return { key: "rate", label: `${what} per second`, unit: "/s" };
}
