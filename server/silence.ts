/**
 * The silence of clients, and that of the server: notices when a client sends nothing for too
 * long, and measures how long the event loop was stalled, so that no client is blamed for it.
 *
 * @module
 */

import { CloseCode } from "../common/codes.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { HeartbeatRules } from "../protocol/features.ts";
import { runOutOfScope } from "./call_scope.ts";

/** The interval of the ticks, in milliseconds. */
const TICK = 1_000;

/**
 * How much longer than its rules a client can be silent, in milliseconds. A client that
 * computes without a break can send no ping.
 */
const GRACE = 15_000;

/**
 * Returns how long a client that sends heartbeats can be silent, in milliseconds.
 *
 * @param rules What the client stated in its login, if it did
 * @param idleTimeout The option `idleTimeout` of the server
 */
export function longestSilence(
  rules: HeartbeatRules | undefined,
  idleTimeout: number,
): number {
  if (rules === undefined) return idleTimeout;
  return Math.max(idleTimeout, rules.interval + rules.timeout + GRACE);
}

/** Returns how a connection ends whose client was silent for a time, in milliseconds. */
export function silenceEnd(silence: number): CloseInfo {
  const reason = `silent for ${silence / 1_000} s`;
  return { code: CloseCode.GOING_AWAY, reason };
}

/** Watches one connection. */
export interface Watch {
  /** Restarts the time. Called for every frame, so it only notes the tick. */
  hear(): void;
  /** Ends the watch. */
  stop(): void;
}

/** A watch and its place on the wheel */
interface Entry extends Watch {
  /** The tick at which the connection was last heard; `Infinity` after the end */
  readonly heard: number;
  /** The number of ticks without a frame after which the connection is silent */
  readonly limit: number;
  /** The tick at which the wheel looks at the entry again */
  due: number;
  onSilent(): void;
}

/**
 * Watches any number of connections with one timer. It counts ticks instead of reading a
 * clock: a server that was stalled or suspended runs at most one tick for the whole time,
 * so it does not blame the connections whose frames it could not read.
 */
export class SilenceWheel {
  #now = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The entries by the tick at which they are due */
  readonly #slots = new Map<number, Set<Entry>>();

  /** Starts the timer; does nothing if it runs. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = runOutOfScope(() => setInterval(() => this.tick(), TICK));
    // The timer must not keep the program alive.
    this.#timer.unref();
  }

  /** Stops the timer, because no connection is left. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The number of ticks so far */
  get now(): number {
    return this.#now;
  }

  /** The number of connections that are watched */
  get size(): number {
    let size = 0;
    for (const slot of this.#slots.values()) size += slot.size;
    return size;
  }

  /**
   * Starts to watch a connection.
   *
   * @param silence How long the connection can be silent, in milliseconds
   * @param onSilent Called once if it is silent for longer, and then the watch has ended
   * @returns The watch; `undefined` if the time is `Infinity`
   */
  watch(silence: number, onSilent: () => void): Watch | undefined {
    if (silence === Infinity) return undefined;
    const entry = new WheelEntry(this, ticksOf(silence), onSilent);
    this.#add(entry);
    return entry;
  }

  /** Ends a watch. Called by the watch. */
  remove(entry: Entry): void {
    const slot = this.#slots.get(entry.due);
    slot?.delete(entry);
    if (slot?.size === 0) this.#slots.delete(entry.due);
  }

  /** Passes one tick. Called by the timer. */
  tick(): void {
    const due = this.#slots.get(++this.#now);
    if (due === undefined) return;
    this.#slots.delete(this.#now);
    for (const entry of due) {
      entry.due = entry.heard + entry.limit;
      if (entry.due === Infinity) continue;
      if (entry.due > this.#now) this.#add(entry);
      else entry.onSilent();
    }
  }

  #add(entry: Entry): void {
    const slot = this.#slots.get(entry.due);
    if (slot === undefined) this.#slots.set(entry.due, new Set([entry]));
    else slot.add(entry);
  }
}

/** The ticks that take at least a time, because the first can come at once. */
function ticksOf(silence: number): number {
  return Math.ceil(silence / TICK) + 1;
}

class WheelEntry implements Entry {
  readonly #wheel: SilenceWheel;
  heard: number;
  readonly limit: number;
  due: number;
  readonly onSilent: () => void;

  constructor(wheel: SilenceWheel, limit: number, onSilent: () => void) {
    this.#wheel = wheel;
    this.heard = wheel.now;
    this.limit = limit;
    this.due = this.heard + limit;
    this.onSilent = onSilent;
  }

  hear(): void {
    this.heard = this.#wheel.now;
  }

  stop(): void {
    this.#wheel.remove(this);
    // The tick that is in progress can have taken it from the wheel.
    this.heard = Infinity;
  }
}

/** The interval between two checks for a stall, in milliseconds. */
const STALL_INTERVAL = 250;

/** The delay of a check from which it counts as a stall, in milliseconds. */
const TOLERANCE = 50;

/**
 * The total time in which the event loop was stalled. In a stall, the server cannot read
 * the frames that clients send in time. They are not to blame for this.
 */
export class Stalls {
  #total = 0;
  #checked = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Starts the measurement; does nothing if it runs. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#checked = performance.now();
    this.#timer = setInterval(() => this.#check(), STALL_INTERVAL);
    // The timer must not keep the program alive.
    this.#timer.unref();
  }

  /** Stops the measurement. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Returns the length of all stalls, in milliseconds.
   *
   * @param now The current time, from `performance.now()`
   */
  total(now: number): number {
    if (this.#timer === undefined) return this.#total;
    const late = now - this.#checked - STALL_INTERVAL;
    // After a stall, frames can be read before the check is called.
    return late > TOLERANCE ? this.#total + late : this.#total;
  }

  #check(): void {
    const now = performance.now();
    this.#total = this.total(now);
    this.#checked = now;
  }
}
