/** Waiting in tests. */

/** Waits. Use it only to see that something does not happen, or to poll. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Returns a promise and the function that resolves it, for handlers that a test holds. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

/** Waits until all pending microtasks and callbacks have run. */
export function endOfTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
