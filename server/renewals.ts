/**
 * Decides when the clients whose logins expire are asked for a new token, and when their
 * logins have expired.
 *
 * @module
 */

import { runOutOfScope } from "./call_scope.ts";

/** The longest time between the question and the expiry, in milliseconds. */
const MAX_LEAD = 60_000;

/** The part of the lifetime that is left when the server asks. */
const LEAD_PART = 1 / 10;

/** The shortest time between two checks, so that many clients share one. */
const MIN_INTERVAL = 100;

/** The longest time between two checks, because the clock of the system can be changed. */
const MAX_INTERVAL = 60_000;

/** What happens to the clients. Neither function throws. */
export interface RenewalEvents<Item> {
  /** Called once for each time of expiry, before that time. */
  onDue(item: Item): void;
  /** Called when the login has expired. */
  onExpired(item: Item): void;
}

/** When a login expires, and when the server asks for a new token. */
interface Times {
  /** In milliseconds since 1970 */
  readonly expires: number;
  /** `Infinity` if the server has asked */
  due: number;
}

/** The clients whose logins expire. They share one timer. */
export class Renewals<Item> {
  readonly #events: RenewalEvents<Item>;
  /** How long a login function can take, in milliseconds */
  readonly #loginTimeout: number;
  readonly #random: () => number;
  readonly #times = new Map<Item, Times>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires */
  #next = Infinity;

  /**
   * Constructs a `Renewals`.
   *
   * @param events What happens to the clients
   * @param loginTimeout How long a login function can take, in milliseconds
   * @param random Returns a random number from 0 up to 1
   */
  constructor(
    events: RenewalEvents<Item>,
    loginTimeout: number,
    random: () => number = Math.random,
  ) {
    this.#events = events;
    this.#loginTimeout = loginTimeout;
    this.#random = random;
  }

  /**
   * Sets when the login of a client expires.
   *
   * @param item The client
   * @param expires The time in milliseconds since 1970; `undefined` for never
   */
  set(item: Item, expires: number | undefined): void {
    if (expires === undefined) return this.delete(item);
    const known = this.#times.get(item);
    // A token that expires no later gains nothing, so the server does not ask again.
    const due = known === undefined || expires > known.expires
      ? this.#dueFor(expires)
      : known.due;
    this.#times.set(item, { expires, due });
    this.#wakeAt(Math.min(due, expires));
  }

  /** Removes a client, because its connection has ended. */
  delete(item: Item): void {
    if (this.#times.delete(item) && this.#times.size === 0) this.#stop();
  }

  /** Stops the timer. */
  close(): void {
    this.#times.clear();
    this.#stop();
  }

  /** The time is random, so that clients that logged in together do not renew together. */
  #dueFor(expires: number): number {
    const left = expires - Date.now();
    const lead = Math.min(
      MAX_LEAD,
      left / 2,
      Math.max(left * LEAD_PART, this.#loginTimeout),
    );
    return expires - lead * (1 + this.#random()) / 2;
  }

  #wakeAt(time: number): void {
    if (time >= this.#next) return;
    this.#stop();
    this.#next = time;
    const delay = Math.min(Math.max(0, time - Date.now()), MAX_INTERVAL);
    this.#timer = runOutOfScope(() => setTimeout(() => this.#check(), delay));
    // The timer must not keep the program alive.
    this.#timer.unref();
  }

  #stop(): void {
    // The first use of a timer takes Deno 5 ms, and most servers need no timer here.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = Infinity;
  }

  #check(): void {
    const now = Date.now();
    this.#next = Infinity;
    let next = Infinity;
    for (const [item, times] of this.#times) {
      if (times.expires <= now) {
        this.#expire(item);
        continue;
      }
      if (times.due <= now) this.#ask(item, times);
      next = Math.min(next, times.due, times.expires);
    }
    if (this.#times.size > 0) this.#wakeAt(Math.max(next, now + MIN_INTERVAL));
  }

  #expire(item: Item): void {
    this.#times.delete(item);
    this.#events.onExpired(item);
  }

  #ask(item: Item, times: Times): void {
    times.due = Infinity;
    this.#events.onDue(item);
  }
}
