/**
 * Medians, percentiles and ratios.
 *
 * @module
 */

/** Returns the median; `undefined` without values. */
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
 * Returns the smallest value that is at least as large as a share of all values.
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

/** The values of one side of a comparison, by their rounds. */
export type Rounds = ReadonlyMap<number, number>;

/**
 * Returns the ratios of the rounds that both sides have. Within a round, whatever slows
 * the machine down for a while slows both sides down.
 */
export function pairedRatios(ours: Rounds, theirs: Rounds): number[] {
  const ratios: number[] = [];
  for (const [round, value] of ours) {
    const other = theirs.get(round);
    if (other !== undefined && other > 0) ratios.push(value / other);
  }
  return ratios;
}
