/** Compares types. The type check is the test. */

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends
  (<T>() => T extends Other ? 1 : 2) ? true : false;

/** Compiles only if both types are identical. */
export function assertSameType<One, Other>(_isSame: Same<One, Other>): void {}
