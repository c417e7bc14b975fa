/**
 * Limits how often, and how much, one client sends.
 *
 * @module
 */

import { TokenBucket, type Verdict } from "../common/rate_limiter.ts";
import type { ServerContext } from "./context.ts";
import { identityKey } from "./shared_rates.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { Client } from "./message.ts";

/** What a client sends too much of. */
export type Excess = "maxRate" | "maxByteRate" | "invalid" | "overrun";

/** The number of invalid frames that a client can send at once. */
const MAX_INVALID = 100;

/** The number of invalid frames that a client can send per second in the long run. */
const INVALID_PER_SECOND = 10;

/** The interval of the pings that do not count as requests, in milliseconds. */
const PING_INTERVAL = 1_000;

/** How long the clients of a network can make others wait, in milliseconds. */
export const OVERRUN = { burst: 1_000, perSecond: 50 };

/** What rates need of the state of the server. */
type Context = Pick<ServerContext, "limits" | "stalls" | "identityRates">;

/** The rates of one client. Idle clients have no bucket. */
export class ClientRates {
  readonly #context: Context;
  readonly #client: Pick<Client, "identity">;
  /** The length of all stalls before the connection */
  readonly #pausedBefore: number;
  #requests: TokenBucket | undefined;
  #bytes: TokenBucket | undefined;
  #invalid: TokenBucket | undefined;
  /** The identity that the key was made for; a renewed token can have another one */
  #identity: unknown;
  #identityKey: unknown;
  #nextFreePing = 0;

  /**
   * Constructs a `ClientRates`.
   *
   * @param context The state of the server
   * @param client The client, whose identity is known after its login
   */
  constructor(context: Context, client: Pick<Client, "identity">) {
    this.#context = context;
    this.#client = client;
    this.#pausedBefore = context.stalls.total(performance.now());
  }

  /** Counts a request: `maxRate`. */
  countRequest(now: number): Verdict {
    const { maxRate, maxBurst } = this.#context.limits;
    this.#requests ??= this.#createBucket(maxRate, maxBurst);
    return this.#requests.take(now, this.#context.stalls.total(now));
  }

  /** Whether a ping does not count as a request: one per second. */
  isFreePing(now: number): boolean {
    if (now < this.#nextFreePing) return false;
    this.#nextFreePing = now + PING_INTERVAL;
    return true;
  }

  /** Counts a request for all connections of the identity: `maxRatePerToken`. */
  allowsIdentity(now: number): boolean {
    const { identityRates, limits, stalls } = this.#context;
    if (limits.maxRatePerToken === Infinity) return true;
    const { identity } = this.#client;
    if (identity !== this.#identity) {
      this.#identity = identity;
      this.#identityKey = identityKey(identity);
    }
    return identityRates.allows(this.#identityKey, now, stalls.total(now));
  }

  /** Counts the length of a frame: `maxByteRate`. */
  allowsBytes(length: number, now: number): boolean {
    const { maxByteRate, maxPayload } = this.#context.limits;
    // A frame of the maximum size always fits.
    const burst = Math.max(2 * maxByteRate, maxPayload);
    this.#bytes ??= this.#createBucket(maxByteRate, burst);
    const paused = this.#context.stalls.total(now);
    return this.#bytes.take(now, paused, length) === "allow";
  }

  /** Counts an invalid frame. */
  allowsInvalid(now: number): boolean {
    this.#invalid ??= new TokenBucket(INVALID_PER_SECOND, MAX_INVALID);
    return this.#invalid.tryTake(now);
  }

  #createBucket(perSecond: number, burst: number): TokenBucket {
    return new TokenBucket(perSecond, burst, this.#pausedBefore);
  }
}

/** Returns the reason of the Close frame, and the line for the log. */
export function describeExcess(
  excess: Excess,
  { maxRate, maxByteRate }: ResolvedLimits,
): { readonly reason: string; readonly line: string } {
  switch (excess) {
    case "maxRate":
      return {
        reason: "too many requests",
        line:
          `the client keeps sending more than ${maxRate} requests per second. To allow more, raise 'limits.maxRate'.`,
      };
    case "maxByteRate":
      return {
        reason: "too many bytes",
        line:
          `the client sent more than ${maxByteRate} bytes per second. To allow more, raise 'limits.maxByteRate'.`,
      };
    case "overrun":
      return {
        reason: "too many frames wait",
        line:
          "the client sends frames faster than the server can handle them. Let it wait for responses.",
      };
    case "invalid":
      return {
        reason: "too many invalid frames",
        line:
          `the client sent more than ${MAX_INVALID} invalid frames at once, or more than ${INVALID_PER_SECOND} per second. Update the client.`,
      };
  }
}
