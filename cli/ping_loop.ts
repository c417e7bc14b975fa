/**
 * Pings a server, and summarizes how long the answers took.
 *
 * @module
 */

import { aborted, settlesWithin } from "../common/async.ts";
import { type ConnectionClosedError, HoistError } from "../common/errors.ts";
import type { Target } from "../client/handshake.ts";
import type { Feature } from "../protocol/features.ts";
import { Probe } from "./probe.ts";

/** How to ping. */
export interface PingPlan {
  /** The number of pings; `Infinity` to continue until the signal aborts */
  readonly count: number;
  /** The time between two pings, in milliseconds */
  readonly interval: number;
  /** How long to wait for the last pongs, and when a pong is reported as late, in milliseconds */
  readonly timeout: number;
}

/** What happens to one ping. */
export type PingEvent =
  | { readonly kind: "pong"; readonly number: number; readonly ms: number }
  /** The pong can still arrive */
  | { readonly kind: "late"; readonly number: number };

/** How much later than `timeout` a pong is still noted at the end, in milliseconds. */
const LATE = 50;

/** What has become of all pings. */
export interface PingSummary {
  readonly sent: number;
  /** The times of the pongs, in milliseconds */
  readonly times: readonly number[];
  /** The time from the first ping to the end, in milliseconds */
  readonly duration: number;
  /** Why the connection has ended; `undefined` if it has not */
  readonly ended?: ConnectionClosedError | undefined;
}

/** The probe answers no frame but pings, so it names no other extension. */
const FEATURES: readonly Feature[] = ["heartbeat"];

/** The server ends connections that are silent for longer than this, in milliseconds. */
const LONGEST_SILENCE = { min: 1_000, max: 600_000 };

/**
 * Connects, and sends one ping after the other.
 *
 * @param target The server
 * @param token The token
 * @param plan How often to ping
 * @param onEvent Called with each pong, and with each ping that is not answered in time
 * @param signal Ends the pings
 *
 * @throws {HoistError} If the client cannot connect or log in, or the server has no heartbeat
 */
export async function ping(
  target: Target,
  token: string,
  plan: PingPlan,
  onEvent: (event: PingEvent) => void,
  signal: AbortSignal,
): Promise<PingSummary> {
  const { min, max } = LONGEST_SILENCE;
  const interval = Math.ceil(Math.min(max, Math.max(min, plan.interval)));
  const heartbeat = { interval, timeout: 10_000 };
  await using probe = await Probe.open({ ...target, heartbeat }, signal);
  const { features } = await probe.logIn(token, FEATURES, signal);
  if (!features.has("heartbeat")) throw lacksHeartbeat(target.endpoints.base);
  return await new Pings(probe, plan, onEvent).run(signal);
}

function lacksHeartbeat(base: string): HoistError {
  return new HoistError(
    `Cannot ping ${base}: the server does not support heartbeats, like every server of Hoist 1 and Python Hoist. Use 'hoist doctor' to check the connection.`,
  );
}

/** The pings over one connection. */
class Pings {
  readonly #probe: Probe;
  readonly #plan: PingPlan;
  readonly #onEvent: (event: PingEvent) => void;
  readonly #times: number[] = [];
  readonly #waiting = new Set<Promise<void>>();
  /** Each resolves when its ping is answered or was reported as late */
  readonly #reports = new Set<Promise<void>>();
  #sent = 0;
  #isOver = false;
  #ended: ConnectionClosedError | undefined;

  constructor(
    probe: Probe,
    plan: PingPlan,
    onEvent: (event: PingEvent) => void,
  ) {
    this.#probe = probe;
    this.#plan = plan;
    this.#onEvent = onEvent;
  }

  async run(signal: AbortSignal): Promise<PingSummary> {
    const { count, interval, timeout } = this.#plan;
    const isOver = aborted(signal).catch(() => {});
    const isEnded = Promise.race([this.#probe.closed, isOver]);
    const start = performance.now();
    let due = start;
    while (!signal.aborted && this.#ended === undefined) {
      this.#send();
      if (this.#sent === count) break;
      const now = performance.now();
      due += interval;
      // A program that was stopped does not send all pings that it has missed at once.
      if (due < now) due = now + interval;
      if (await settlesWithin(isEnded, due - now)) break;
    }
    const answered = Promise.all(this.#waiting);
    await settlesWithin(Promise.race([answered, isOver]), timeout + LATE);
    // On a busy machine, the timer of the last ping can be later than that of the end.
    await Promise.race([Promise.all(this.#reports), isOver]);
    this.#isOver = true;
    return {
      sent: this.#sent,
      times: this.#times,
      duration: performance.now() - start,
      ended: this.#ended,
    };
  }

  #send(): void {
    const number = ++this.#sent;
    const pong = this.#probe.ping().then((ms) => {
      if (this.#isOver) return;
      this.#times.push(ms);
      this.#onEvent({ kind: "pong", number, ms });
    }, (error) => void (this.#ended = error))
      .finally(() => void this.#waiting.delete(pong));
    this.#waiting.add(pong);
    const report = this.#reportLate(pong, number)
      .finally(() => void this.#reports.delete(report));
    this.#reports.add(report);
  }

  async #reportLate(pong: Promise<void>, number: number): Promise<void> {
    if (await settlesWithin(pong, this.#plan.timeout)) return;
    if (!this.#isOver && this.#waiting.has(pong)) {
      this.#onEvent({ kind: "late", number });
    }
  }
}

/** The statistics of the times, as `ping` of the system calculates them. */
export interface PingStatistics {
  readonly min: number;
  readonly average: number;
  readonly max: number;
  /** The standard deviation */
  readonly deviation: number;
}

/** Returns the statistics of times; there must be at least one. */
export function statisticsOf(times: readonly number[]): PingStatistics {
  const average = meanOf(times);
  const variance = meanOf(times.map((time) => (time - average) ** 2));
  return {
    // In the end, there can be more times than a call can have arguments.
    min: times.reduce((min, time) => Math.min(min, time), Infinity),
    average,
    max: times.reduce((max, time) => Math.max(max, time), 0),
    deviation: Math.sqrt(variance),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
