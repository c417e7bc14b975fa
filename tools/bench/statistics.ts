/**
 * Medians, percentiles and ratios.
 *
 * @module
 */

/** The value in the middle; `undefined` if there is none. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1
    ? upper
    : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * The smallest value that is at least as large as `share` of all.
 *
 * @param share From 0 to 1
 */
export function percentile(
  values: readonly number[],
  share: number,
): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The values of one side of a comparison, by the round that they are from. */
export type Rounds = ReadonlyMap<number, number>;

/**
 * The median of the ratios within each round: what slows a machine down for a while
 * slows both sides down. `undefined` if no round has both.
 */
export function pairedRatio(ours: Rounds, theirs: Rounds): number | undefined {
  const ratios: number[] = [];
  for (const [round, value] of ours) {
    const other = theirs.get(round);
    if (other !== undefined && other > 0) ratios.push(value / other);
  }
  return median(ratios);
}
