/**
 * The delays before the attempts to reach an engine.
 *
 * @module
 */

/**
 * The longest delay before the first and before a later attempt, in milliseconds. It is shorter
 * than a lease, so that no node is gone for the others when the engine is up again.
 */
const DELAY = { min: 100, max: 2_000 };

/**
 * Returns the delay before an attempt, which doubles with each attempt. A random part keeps the
 * servers of a deployment from trying at the same time.
 *
 * @param attempt The number of attempts that have failed, 0 for the first delay
 */
export function backoff(attempt: number): number {
  const delay = Math.min(DELAY.max, DELAY.min * 2 ** attempt);
  return delay * (0.5 + 0.5 * Math.random());
}
