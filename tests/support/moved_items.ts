/** Counts how many items arrays move while their first ones are removed. */

/** Runs code; returns how many items `shift` and `splice` have moved meanwhile. */
export async function countMovedItems(
  run: () => void | Promise<void>,
): Promise<number> {
  const { shift, splice } = Array.prototype;
  let moved = 0;
  Array.prototype.shift = function (this: unknown[]) {
    moved += this.length;
    return shift.call(this);
  };
  Array.prototype.splice = function (
    this: unknown[],
    ...parameters: [number, number]
  ) {
    moved += this.length;
    return splice.apply(this, parameters);
  };
  try {
    await run();
  } finally {
    Array.prototype.shift = shift;
    Array.prototype.splice = splice;
  }
  return moved;
}
