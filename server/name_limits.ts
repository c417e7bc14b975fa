/**
 * The limits of single messages and operations: the option `limits.perName`.
 *
 * @module
 */

import {
  checkKeys,
  checkNumber,
  checkObject,
  type NumberRange,
} from "../common/check.ts";
import { ErrorCode } from "../common/codes.ts";
import { TokenBucket } from "../common/rate_limiter.ts";
import { quote } from "../common/text.ts";
import type { Contract } from "../contract/contract.ts";
import { assertFree, assertNamed } from "../contract/checks.ts";
import { RequestError } from "../protocol/request_error.ts";
import type { NameLimits } from "./limits.ts";

/** The limits of one name with all defaults. */
export type ResolvedNameLimits = Required<
  { readonly [Name in keyof NameLimits]: number }
>;

/** The limits by the names of the messages and operations. */
export type LimitsByName = ReadonlyMap<string, ResolvedNameLimits>;

const SERVE = "Cannot serve";

const COUNT = { min: 1, integer: true, infinity: true };

const RANGES: Readonly<Record<keyof NameLimits, NumberRange>> = {
  maxRate: { min: 0.001, unit: "requests per second", infinity: true },
  maxBurst: COUNT,
  maxPending: COUNT,
};

/**
 * Checks the limits of names and adds the defaults.
 *
 * @param perName The option `limits.perName`
 * @param contract The contract of the server, which must have the names
 * @returns `undefined` if no name has limits
 *
 * @throws {RangeError} If a limit is out of range
 * @throws {TypeError} If a limit is unknown or not a number, or the contract lacks a name
 */
export function resolveNameLimits(
  perName: Readonly<Record<string, NameLimits>> | undefined,
  contract: Contract | undefined,
): LimitsByName | undefined {
  const given = Object.entries(
    checkObject(SERVE, "limits.perName", perName) ?? {},
  );
  if (given.length === 0) return undefined;
  const names = contract && { ...contract.messages, ...contract.operations };
  return new Map(given.map(([name, limits]) => {
    const place = `limits.perName[${quote(name)}]`;
    assertFree(`${SERVE} with '${place}'`, name);
    assertNamed(`${SERVE}: '${place}' is unknown`, names, name);
    return [name, resolve(place, limits)];
  }));
}

function resolve(place: string, limits: NameLimits): ResolvedNameLimits {
  checkKeys(SERVE, limits ?? null, RANGES, place);
  for (const [name, range] of Object.entries(RANGES)) {
    const value = limits[name as keyof NameLimits];
    checkNumber(SERVE, `${place}.${name}`, value, range);
  }
  const { maxRate = Infinity, maxPending = Infinity } = limits;
  const { maxBurst = Math.max(1, Math.ceil(2 * maxRate)) } = limits;
  return { maxRate, maxBurst, maxPending };
}

/** Counts how often the limits of names are exceeded. */
type LimitHits = Record<"perName.maxRate" | "perName.maxPending", number>;

/** What a client has used of the limits of one name. */
interface Usage {
  readonly bucket: TokenBucket;
  /** The requests in progress */
  readonly pending: Set<object>;
}

/** What one client has used of the limits of all names. */
export class NameUsage {
  readonly #limits: LimitsByName;
  // Only names with limits have an entry, so that a client cannot fill the map.
  readonly #usages = new Map<string, Usage>();

  readonly #hits: LimitHits;

  /**
   * Constructs a `NameUsage`.
   *
   * @param limits The limits of the server
   * @param hits Counts how often the limits are exceeded
   */
  constructor(limits: LimitsByName, hits: LimitHits) {
    this.#limits = limits;
    this.#hits = hits;
  }

  /**
   * Counts a request until it ends.
   *
   * @param request The request, which is a different object for each request
   * @param paused Returns the length of all stalls until a time, in milliseconds
   *
   * @throws {RequestError} If the request exceeds a limit
   */
  enter(
    request: { readonly name: string },
    paused: (now: number) => number,
  ): void {
    const { name } = request;
    const limits = this.#limits.get(name);
    if (limits === undefined) return;
    const now = performance.now();
    const stalled = paused(now);
    const { bucket, pending } = this.#usages.get(name) ??
      this.#add(name, limits, stalled);
    if (pending.size >= limits.maxPending) {
      this.#hits["perName.maxPending"]++;
      throw tooManyPending(limits);
    }
    const { maxRate, maxBurst } = limits;
    const isLimited = maxRate !== Infinity && maxBurst !== Infinity;
    if (isLimited && !bucket.tryTake(now, stalled)) {
      this.#hits["perName.maxRate"]++;
      throw tooOften(limits);
    }
    pending.add(request);
  }

  /** Ends a request, which does not have to be counted. */
  leave(request: { readonly name: string }): void {
    this.#usages.get(request.name)?.pending.delete(request);
  }

  #add(
    name: string,
    { maxRate, maxBurst }: ResolvedNameLimits,
    paused: number,
  ): Usage {
    const bucket = new TokenBucket(maxRate, maxBurst, paused);
    const usage = { bucket, pending: new Set<object>() };
    this.#usages.set(name, usage);
    return usage;
  }
}

function tooManyPending({ maxPending }: ResolvedNameLimits): RequestError {
  return exceeded(
    "maxPending",
    maxPending,
    `more than ${maxPending} requests with this name are in progress. Wait for the responses`,
  );
}

function tooOften({ maxRate }: ResolvedNameLimits): RequestError {
  return exceeded(
    "maxRate",
    maxRate,
    `the client sends more than ${maxRate} requests with this name per second. Send more slowly`,
  );
}

/** Makes the error for a limit of a name: docs/reference/protocol.md, "Limits". */
function exceeded(
  limit: keyof NameLimits,
  value: number,
  problem: string,
): RequestError {
  const remedy = `raise '${limit}' in 'limits.perName' of the server`;
  return new RequestError(
    ErrorCode.LIMIT_EXCEEDED,
    `${problem}, or ${remedy}.`,
    { data: { limit: `perName.${limit}`, value } },
  );
}
