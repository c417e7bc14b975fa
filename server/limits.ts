/**
 * The limits of a server: how much a client can send, wait for and keep open.
 *
 * @module
 */

import {
  checkKeys,
  checkNumber,
  MAX_TIMEOUT,
  type NumberRange,
} from "../common/check.ts";

/**
 * The limits of a server. `Infinity` switches a limit off.
 *
 * A request is anything that a client sends and the server answers: a message, a request or
 * an operation call. A frame is one WebSocket message. Several requests can share one frame,
 * a batch. An upgrade is the HTTP request that opens a WebSocket.
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
   * The maximum size of a frame from a client, in bytes of UTF-8, at least 128. A batch is
   * one frame. The server closes the connection with 1009 if a frame is larger.
   *
   * The limit does not bound the memory for one frame: Deno buffers up to 64 MiB of a frame,
   * and any number of its fragments, before Hoist sees it. If clients are not trusted, limit
   * the size of frames in a proxy.
   *
   * @default {65_536}
   */
  readonly maxPayload?: number | undefined;
  /**
   * The maximum size of the first frame of a client, the login, in bytes of UTF-8, at least
   * 256. The server checks it before it reads the frame, because a stranger can send it. It
   * also applies to frames that arrive before the login is answered. `maxPayload` applies if
   * it is smaller. The server closes the connection with 1009 if a frame is larger.
   *
   * @default {8_192}
   */
  readonly maxLoginPayload?: number | undefined;
  /**
   * The maximum number of clients that are logged in, at least 1. A client counts from its
   * login until its socket is closed. The server answers further upgrades with 503, and
   * further logins with the error `LIMIT_EXCEEDED`.
   *
   * @default {10_000}
   */
  readonly maxConnections?: number | undefined;
  /**
   * The maximum number of clients from one address that are logged in, at least 1. Sockets of
   * former clients that are still closing do not count, because all clients of an address can
   * come back at once. Together with them, an address can have twice as many sockets. IPv6
   * addresses count by their /64 network. The server answers further upgrades with 429, and further logins with
   * the error `LIMIT_EXCEEDED`. Behind a proxy, all clients have the address of the proxy
   * unless `trustProxy` is set.
   *
   * @default {1_000}
   */
  readonly maxConnectionsPerAddress?: number | undefined;
  /**
   * The number of places for connections that are not logged in, at least 1. They count until
   * their sockets are closed, because a client that does not answer a Close frame keeps its
   * socket.
   * One address can use the whole limit, because it can be a proxy. Beyond the limit, the
   * server accepts only upgrades from addresses that hold few of these connections, up to
   * twice the limit in total. It answers the others with 503. A server has at most
   * `maxConnections` + 2 × `maxUnauthenticated` sockets.
   *
   * @default {Math.max(100, limits.maxConnections / 10)}
   */
  readonly maxUnauthenticated?: number | undefined;
  /**
   * The time from the upgrade until the client is logged in, in milliseconds from 1 to
   * 2,147,483,647. It includes the time that `login` takes to decide. When it is over, the
   * server closes the connection with 1008. It is also the time that `login` has to decide
   * about a renewed token, and the time that `onConnect` has.
   *
   * @default {10_000}
   */
  readonly loginTimeout?: number | undefined;
  /**
   * The maximum number of failed logins from one address within `loginFailureWindow`, at
   * least 1. Rejected tokens and malformed logins count, but no version that is too low. The
   * address is then locked out until the window ends: the server answers its upgrades with
   * 429 and rejects its logins, even with the right token. The function `login` decides at
   * the same time about at most as many logins of an address as failures are left. The
   * others wait, within `loginTimeout`.
   *
   * @default {10}
   */
  readonly maxLoginFailures?: number | undefined;
  /**
   * The window for `maxLoginFailures`, in milliseconds from 1 to 2,147,483,647. It begins
   * with the first failed login of an address.
   *
   * @default {60_000}
   */
  readonly loginFailureWindow?: number | undefined;
  /**
   * The maximum number of requests in progress for one client, at least 1. The server
   * answers further requests with the error `LIMIT_EXCEEDED`.
   *
   * @default {1_024}
   */
  readonly maxPending?: number | undefined;
  /**
   * The maximum size of all requests in progress for one client together, in bytes, at least
   * 1,024. A character counts as one byte. The first request is always accepted. The server
   * answers further requests with the error `LIMIT_EXCEEDED`. In memory, a request takes up
   * to 25 times its size.
   *
   * @default {Math.max(1_048_576, 2 * limits.maxPayload)}
   */
  readonly maxPendingBytes?: number | undefined;
  /**
   * The maximum number of requests per second from one client, on average, at least 0.001.
   * Every request of a batch counts, and so do invalid ones. The server answers further
   * requests with the error `LIMIT_EXCEEDED`. If the client continues, the server closes
   * the connection with 1008.
   *
   * @default {20_000}
   */
  readonly maxRate?: number | undefined;
  /**
   * The number of requests that one client can send at once before `maxRate` applies, at
   * least 1.
   *
   * @default {2 * limits.maxRate}
   */
  readonly maxBurst?: number | undefined;
  /**
   * The maximum number of requests per second, on average, from all connections of one
   * identity together, at least 0.001. Twice as many can be sent at once. The server answers
   * further requests with the error `LIMIT_EXCEEDED`.
   *
   * The identity is the named token. If the server has a `login`, it is the `id` of the
   * object that `login` returned, otherwise its `name`, if this is a string or a number,
   * otherwise the object itself. Clients without an identity are not limited: they use the
   * token of the server, or `login` returned `true`.
   *
   * @default {Infinity}
   */
  readonly maxRatePerToken?: number | undefined;
  /**
   * The maximum number of bytes of frames per second from one client, on average, at least
   * 1,024. A character counts as one byte. Twice as many, or a frame of `maxPayload` bytes,
   * can be sent at once. If a client sends more, the server closes the connection with 1008.
   *
   * @default {67_108_864}
   */
  readonly maxByteRate?: number | undefined;
  /**
   * The maximum amount of data that waits to be sent to one client, in bytes, at least
   * 1,024. All data that the server sends in one turn of the event loop counts, even if the
   * client reads fast. The option `onSlow` decides what happens if the limit is exceeded. No
   * message or result can be larger than this limit, and no stream item larger than half of
   * it. A reply contains the message of the client: with less than `maxPayload`, the server
   * cannot reply to the largest messages. The default does not depend on a `maxPayload` of
   * `Infinity`.
   *
   * @default {Math.max(4_194_304, 2 * limits.maxPayload)}
   */
  readonly maxBuffered?: number | undefined;
  /**
   * The maximum depth of the data of a request, from 1 to 1,000: `{ a: { b: [] } }` has the
   * depth 3. It also limits the nesting of `replying`: a reply to a reply to a message. The
   * server answers deeper requests with the error `LIMIT_EXCEEDED`.
   *
   * @default {64}
   */
  readonly maxDepth?: number | undefined;
  /**
   * The maximum number of lost upgrades, at least 1. If more upgrades are lost,
   * `GET /hoist/health` returns 503, so that an orchestrator restarts the server.
   *
   * If a client resets its connection during the upgrade, Deno never releases the file
   * descriptor of the connection. The server avoids nearly all of these upgrades and counts
   * the others as `lostUpgrades` in `GET /hoist/health`. With a limit, strangers can cause a
   * restart.
   *
   * @default {Infinity}
   */
  readonly maxLostUpgrades?: number | undefined;
  /**
   * The maximum memory for the history of all rooms together, in bytes, at least 1,024. Beyond
   * it, the history of the room that was not used for longest is dropped. Its members get a
   * gap.
   *
   * @default {67_108_864}
   */
  readonly maxHistory?: number | undefined;
  /**
   * Limits for single messages and operations, by their names. They apply to each client, in
   * addition to the limits for all its requests. With a contract, it must have the names. A
   * message and an operation with the same name share their limits.
   */
  readonly perName?: Readonly<Record<string, NameLimits>> | undefined;
}

/** The limits of one message or operation, for each client. */
export interface NameLimits {
  /**
   * The maximum number of requests with this name per second from one client, on average, at
   * least 0.001. The server answers further ones with the error `LIMIT_EXCEEDED`.
   *
   * @default {Infinity}
   */
  readonly maxRate?: number | undefined;
  /**
   * The number of requests with this name that one client can send at once before `maxRate`
   * applies, at least 1.
   *
   * @default {Math.max(1, 2 * maxRate)}
   */
  readonly maxBurst?: number | undefined;
  /**
   * The maximum number of requests with this name in progress for one client, at least 1. The
   * server answers further ones with the error `LIMIT_EXCEEDED`.
   *
   * @default {Infinity}
   */
  readonly maxPending?: number | undefined;
}

/** The limits that are numbers. */
type NumericLimit = Exclude<keyof Limits, "perName">;

/** The limits with all defaults, without those of single names. */
export type ResolvedLimits = {
  readonly [Name in NumericLimit]-?: number;
};

const MILLISECONDS = {
  min: 1,
  max: MAX_TIMEOUT,
  unit: "milliseconds",
  infinity: true,
};

const COUNT = { min: 1, integer: true, infinity: true };

const BYTES = { integer: true, unit: "bytes", infinity: true };

const RANGES: Readonly<Record<NumericLimit, NumberRange>> = {
  maxPayload: { ...BYTES, min: 128 },
  maxLoginPayload: { ...BYTES, min: 256 },
  maxConnections: COUNT,
  maxConnectionsPerAddress: COUNT,
  maxUnauthenticated: COUNT,
  loginTimeout: MILLISECONDS,
  maxLoginFailures: COUNT,
  loginFailureWindow: MILLISECONDS,
  maxPending: COUNT,
  maxPendingBytes: { ...BYTES, min: 1_024 },
  maxRate: { min: 0.001, unit: "requests per second", infinity: true },
  maxBurst: COUNT,
  maxRatePerToken: {
    min: 0.001,
    unit: "requests per second",
    infinity: true,
  },
  maxByteRate: { ...BYTES, min: 1_024, unit: "bytes per second" },
  maxBuffered: { ...BYTES, min: 1_024 },
  // The check of the depth is recursive: 1,000 levels are far from a stack overflow.
  maxDepth: { ...COUNT, max: 1_000 },
  maxLostUpgrades: COUNT,
  maxHistory: { ...BYTES, min: 1_024 },
};

const KNOWN = { ...RANGES, perName: true };

/** The defaults that do not depend on other limits. */
const DEFAULTS: Omit<
  ResolvedLimits,
  "maxBurst" | "maxBuffered" | "maxPendingBytes" | "maxUnauthenticated"
> = {
  maxPayload: 65_536,
  maxLoginPayload: 8_192,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  loginTimeout: 10_000,
  maxLoginFailures: 10,
  loginFailureWindow: 60_000,
  maxPending: 1_024,
  maxRate: 20_000,
  maxRatePerToken: Infinity,
  maxByteRate: 67_108_864,
  maxDepth: 64,
  maxLostUpgrades: Infinity,
  maxHistory: 67_108_864,
};

/** The minimum of the default of `maxUnauthenticated`: clients that connect at once. */
const MIN_UNAUTHENTICATED = 100;

/** The minimum of the default of `maxBuffered`. */
const MIN_BUFFERED = 4_194_304;

/** The minimum of the default of `maxPendingBytes`. */
const MIN_PENDING_BYTES = 1_048_576;

/**
 * Checks the limits and adds the defaults.
 *
 * @param limits The option `limits`
 *
 * @throws {RangeError} If a limit is out of range
 * @throws {TypeError} If a limit is unknown or not a number
 */
export function resolveLimits(limits: Limits = {}): ResolvedLimits {
  checkKeys("Cannot serve", limits, KNOWN, "limits");
  const { perName: _, ...numeric } = limits;
  const given: Partial<ResolvedLimits> = Object.fromEntries(
    Object.entries(numeric).filter(([, value]) => value !== undefined),
  );
  for (const [name, range] of Object.entries(RANGES)) {
    const value = given[name as NumericLimit];
    checkNumber("Cannot serve", `limits.${name}`, value, range);
  }
  const { maxRate, maxPayload, maxConnections } = { ...DEFAULTS, ...given };
  return {
    ...DEFAULTS,
    maxBurst: Math.max(1, Math.ceil(2 * maxRate)),
    maxBuffered: maxPayload === Infinity
      ? MIN_BUFFERED
      : Math.max(MIN_BUFFERED, 2 * maxPayload),
    maxPendingBytes: Math.max(MIN_PENDING_BYTES, 2 * maxPayload),
    maxUnauthenticated: Math.max(
      MIN_UNAUTHENTICATED,
      Math.ceil(maxConnections / 10),
    ),
    ...given,
  };
}
