/**
 * Upgrades of clients that reset their connection at once.
 *
 * Deno never opens or closes the WebSocket of such an upgrade, and never releases its
 * file descriptor. It reports the remote port 0 for most of these clients. For most of
 * the others, the signal of the request aborts within a few milliseconds.
 *
 * @module
 */

/** How long upgrades wait after a client has reset its connection, in milliseconds. */
const ALERT_TIME = 60_000;

/** The time in which a reset arrives, in milliseconds. */
const RESET_TIME = 30;

/**
 * How much longer an upgrade waits at most, in milliseconds. The time is random, because a
 * client that knows it can reset its connection right after the last check.
 */
const MAX_EXTRA_TIME = 90;

/** The turns of the event loop in which Deno reports a reset that has arrived. */
const REPORT_TURNS = 5;

/** The first number of lost upgrades that is logged. */
const FIRST_REPORT = 100;

/** Returns whether a client has reset its connection before its request was handled. */
export function hasReset(remote: Deno.Addr | undefined): boolean {
  return remote !== undefined && "port" in remote && remote.port === 0;
}

/** Resolves to whether the client of a request resets its connection within a short time. */
export async function resets({ signal }: Request): Promise<boolean> {
  // Deno only reports a reset if the signal was read before.
  const time = RESET_TIME + Math.random() * MAX_EXTRA_TIME;
  await new Promise((resolve) => setTimeout(resolve, time));
  for (let turn = 0; turn < REPORT_TURNS && !signal.aborted; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return signal.aborted;
}

/** Counts the lost upgrades of a server. */
export class LostUpgrades {
  #count = 0;
  #nextReport = FIRST_REPORT;
  #alertEnd = -Infinity;

  /** The number of upgrades that never opened */
  get count(): number {
    return this.#count;
  }

  /** Whether an upgrade has to wait, because clients have reset their connections */
  isAlerted(now: number): boolean {
    return now < this.#alertEnd;
  }

  /** Lets the upgrades of the next minute wait. */
  alert(now: number): void {
    this.#alertEnd = now + ALERT_TIME;
  }

  /**
   * Counts an upgrade that never opened.
   *
   * @returns Whether the count has reached 100, 1,000, 10,000 and so on
   */
  add(now: number): boolean {
    this.alert(now);
    this.#count++;
    if (this.#count < this.#nextReport) return false;
    this.#nextReport *= 10;
    return true;
  }

  /** Does not count an upgrade that opened late. */
  restore(): void {
    this.#count--;
  }
}
