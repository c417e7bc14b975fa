/**
 * What a client may ask of a server, and what becomes of whoever asks for more.
 *
 * @module
 */

import { MAX_TIMEOUT } from "../common/check.ts";
/**
 * The limits of a server. All are on unless they are set to `Infinity`;
 * docs/protocol.md, "Limits", says what a client sees at each of them.
 *
 * @example
 * ```ts
 * import { serve } from "@hoist/cli";
 *
 * await using _server = serve("test", {
 *   hostname: "127.0.0.1",
 *   port: 0,
 *   limits: { maxPayload: 1_048_576, maxConnectionsPerAddress: 10 },
 * });
 * ```
 */
export interface Limits {
  /**
   * The largest frame that a client may send, in bytes of UTF-8 from 128 on; a batch
   * is one frame. A larger one closes its connection with 1009. Deno takes it in before
   * anyone can say no, 64 MiB of a frame and any number of fragments: only a proxy in
   * front can say it earlier.
   *
   * @default {65_536}
   */
  readonly maxPayload?: number | undefined;
  /**
   * How many sockets may be open at once, from 1 on, those included that have not
   * logged in or are being closed. Further ones are answered with 503.
   *
   * @default {10_000}
   */
  readonly maxConnections?: number | undefined;
  /**
   * How many of these may come from one address, from 1 on; for IPv6, from one /64
   * network. Further ones are answered with 429. Behind a proxy all clients have its
   * address: see `trustProxy`.
   *
   * @default {1_000}
   */
  readonly maxConnectionsPerAddress?: number | undefined;
  /**
   * How long a client may take to log in, and `login` to decide, in milliseconds from
   * 1 to 2,147,483,647. A client that takes longer is refused with 1008. Without this
   * limit, a handshake whose client has gone would count as a connection for ever.
   *
   * @default {10_000}
   */
  readonly loginTimeout?: number | undefined;
  /**
   * How many tokens of one address may be refused within `loginFailureWindow`, from 1
   * on. After that its connections are answered with 429 and its logins refused,
   * whatever their token, until the window is over.
   *
   * @default {10}
   */
  readonly maxLoginFailures?: number | undefined;
  /**
   * The time in which refused tokens of one address are counted, in milliseconds from
   * 1 to 2,147,483,647; it begins with the first of them.
   *
   * @default {60_000}
   */
  readonly loginFailureWindow?: number | undefined;
  /**
   * How many requests of one client may be under way, from 1 on. Further ones are
   * answered with the error `LIMIT_EXCEEDED`.
   *
   * @default {1_024}
   */
  readonly maxPending?: number | undefined;
  /**
   * How many messages and calls one client may send, per second, in the long run;
   * those in a batch count, and so do invalid ones. Further ones are answered with the
   * error `LIMIT_EXCEEDED`, and a client that does not stop is closed with 1008.
   *
   * @default {20_000}
   */
  readonly maxRate?: number | undefined;
  /**
   * How many messages and calls one client may send at once before `maxRate` counts,
   * from 1 on.
   *
   * @default {2 * maxRate}
   */
  readonly maxBurst?: number | undefined;
  /**
   * How much may wait on the server for one client to read it, in bytes from 1,024 on.
   * What is said in one go counts as a whole, however fast the client reads: it has to
   * be more than all that one client is answered with at once. `onSlow` says what
   * becomes of a client for which more would wait, and nothing larger can be sent. An
   * item of a stream can have half of it.
   *
   * @default {4_194_304}
   */
  readonly maxBuffered?: number | undefined;
  /**
   * How deep the data of a message or a call may nest, from 1 to 1,000, and how many
   * messages may reply to one another in it: `{ a: { b: [] } }` is 3 deep. Deeper ones
   * are answered with the error `LIMIT_EXCEEDED`.
   *
   * @default {64}
   */
  readonly maxDepth?: number | undefined;
}

/** The limits with every default filled in. */
export type ResolvedLimits = {
  readonly [Name in keyof Limits]-?: number;
};

/** What a value may be. */
interface Range {
  readonly standard: number;
  readonly minimum: number;
  readonly maximum?: number;
  /** Whether there are no halves of what it counts */
  readonly whole?: boolean;
  readonly unit?: string;
}

const RANGES: Readonly<Record<keyof Limits, Range>> = {
  maxPayload: { standard: 65_536, minimum: 128, whole: true, unit: "bytes" },
  maxConnections: { standard: 10_000, minimum: 1, whole: true },
  maxConnectionsPerAddress: { standard: 1_000, minimum: 1, whole: true },
  loginTimeout: {
    standard: 10_000,
    minimum: 1,
    maximum: MAX_TIMEOUT,
    unit: "milliseconds",
  },
  maxLoginFailures: { standard: 10, minimum: 1, whole: true },
  loginFailureWindow: {
    standard: 60_000,
    minimum: 1,
    maximum: MAX_TIMEOUT,
    unit: "milliseconds",
  },
  maxPending: { standard: 1_024, minimum: 1, whole: true },
  maxRate: { standard: 20_000, minimum: 0.001, unit: "messages a second" },
  // Twice `maxRate`, in fact.
  maxBurst: { standard: NaN, minimum: 1, whole: true },
  maxBuffered: {
    standard: 2 ** 22,
    minimum: 1_024,
    whole: true,
    unit: "bytes",
  },
  // Who looks goes as deep as that.
  maxDepth: { standard: 64, minimum: 1, maximum: 1_000, whole: true },
};

/**
 * Checks the limits and fills in those that were left out.
 *
 * @param limits What was asked for
 *
 * @throws {RangeError} If one is out of its range
 * @throws {TypeError} If there is no limit of a name
 */
export function resolveLimits(limits: Limits = {}): ResolvedLimits {
  for (const name of Object.keys(limits)) assertName(name);
  const numberOf = (name: keyof Limits, standard = RANGES[name].standard) =>
    checked(name, limits[name] ?? standard);
  const maxRate = numberOf("maxRate");
  return {
    maxPayload: numberOf("maxPayload"),
    maxConnections: numberOf("maxConnections"),
    maxConnectionsPerAddress: numberOf("maxConnectionsPerAddress"),
    loginTimeout: numberOf("loginTimeout"),
    maxLoginFailures: numberOf("maxLoginFailures"),
    loginFailureWindow: numberOf("loginFailureWindow"),
    maxPending: numberOf("maxPending"),
    maxRate,
    maxBurst: numberOf("maxBurst", Math.max(1, Math.ceil(2 * maxRate))),
    maxBuffered: numberOf("maxBuffered"),
    maxDepth: numberOf("maxDepth"),
  };
}

/** A limit that is misspelt would not be one, and nobody would notice. */
function assertName(name: string): void {
  if (Object.hasOwn(RANGES, name)) return;
  throw new TypeError(
    `Cannot serve as there is no limit ${JSON.stringify(name)}: there are ${
      Object.keys(RANGES).join(", ")
    }`,
  );
}

function checked(name: keyof Limits, value: number): number {
  const { minimum, maximum = Infinity, whole = false } = RANGES[name];
  const isRight = !whole || value === Infinity || Number.isSafeInteger(value);
  if (value === Infinity) return value;
  if (isRight && value >= minimum && value <= maximum) return value;
  throw new RangeError(
    `Cannot serve as 'limits.${name}' must be ${
      describeRange(RANGES[name])
    }: current value is ${value}`,
  );
}

function describeRange(
  { minimum, maximum, whole = false, unit }: Range,
): string {
  const kind = whole ? "a whole number" : "a number";
  const counted = unit === undefined ? kind : `${kind} of ${unit}`;
  const end = maximum === undefined ? "on" : `to ${maximum}`;
  return `${counted} from ${minimum} ${end}, or Infinity`;
}
