/**
 * Doing something to many without making everything else wait.
 *
 * @module
 */

/** How many are dealt with in one turn of the event loop. */
const TURN = 64;

/**
 * Does something to each, a few in each turn of the event loop.
 *
 * @param items To whom
 * @param act What; it does not throw
 */
export async function inTurns<Item>(
  items: readonly Item[],
  act: (item: Item) => unknown,
): Promise<void> {
  for (let start = 0; start < items.length; start += TURN) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const item of items.slice(start, start + TURN)) act(item);
  }
}
