/**
 * The descriptors that Deno needs for signals.
 *
 * @module
 */

let isReserved = false;

/**
 * Lets Deno open its descriptors for signals now. It opens them about half a second after the
 * start of the process otherwise, and panics if connections occupy all descriptors by then.
 */
export function reserveSignals(): void {
  if (isReserved) return;
  isReserved = true;
  const ignore = () => {};
  try {
    // This signal has no effect by default, and the pair stays open.
    Deno.addSignalListener("SIGWINCH", ignore);
    Deno.removeSignalListener("SIGWINCH", ignore);
  } catch {
    // Not every system has the signal.
    return;
  }
}
