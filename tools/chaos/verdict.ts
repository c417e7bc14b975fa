/**
 * Whether the outcome of a scenario keeps the promise of rooms.
 *
 * @module
 */

import type { Outcome } from "./run.ts";

/** Returns what is wrong with an outcome; empty if nothing is. */
export function judge(outcome: Outcome): readonly string[] {
  const { engine, scenario } = outcome;
  const problems = scenario.control === undefined
    ? [...outcome.problems, ...faultsOf(outcome)]
    : controlFaultsOf(outcome);
  return problems.map((problem) => `${engine}, ${scenario.title}: ${problem}`);
}

function faultsOf({ scenario, counts }: Outcome): readonly string[] {
  const { isLossy } = scenario;
  const reasons = Object.keys(counts.reasons).join(", ");
  const mustBeZero: readonly (readonly [number, string])[] = [
    [counts.silent, "messages were lost without a gap"],
    [counts.duplicates, "messages arrived twice"],
    [counts.reorders, "messages arrived out of order"],
    [counts.unknown, "messages arrived that nobody has published"],
    [
      isLossy ? 0 : counts.gaps,
      `gaps were reported (${reasons}), although nothing was lost`,
    ],
  ];
  const found = mustBeZero.filter(([count]) => count > 0)
    .map(([count, problem]) => `${count} ${problem}`);
  if (counts.acknowledged === 0) found.push("no message was acknowledged");
  if (isLossy && counts.gaps === 0) found.push("no gap was reported");
  return found;
}

/** A broken node must be noticed. */
function controlFaultsOf({ counts }: Outcome): readonly string[] {
  return counts.silent > 0 ? [] : ["the control lost no message"];
}
