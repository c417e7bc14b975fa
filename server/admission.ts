/**
 * Decides which requests can open a WebSocket: web origins, connection limits and lockouts.
 *
 * @module
 */

import { invalidType, outOfRange } from "../common/check.ts";
import { formatAddress, networkOf, parseAddress } from "../common/ip.ts";
import { escapeControls, truncate } from "../common/text.ts";
import { text } from "./http.ts";
import type { ApplicationAnswer } from "./error_response.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { UpgradeMetric } from "./metrics.ts";
import { type OriginCheck, originTarget } from "./origins.ts";
import {
  type ExceededByLogin,
  type ExceededByUpgrade,
  Place,
  Places,
} from "./places.ts";

/** The header to which each proxy appends the address of its client. */
const FORWARDED_HEADER = "x-forwarded-for";

/**
 * Returns the address of the client of the outermost trusted proxy.
 *
 * @param forwarded The value of the header `X-Forwarded-For`
 * @param proxies The number of trusted proxies, at least 1
 * @returns The address, or `undefined` if the header has no valid address there
 */
export function forwardedAddress(
  forwarded: string | null,
  proxies: number,
): string | undefined {
  // Counted from the right, because a client can forge all entries further left.
  const entry = forwarded?.split(",").at(-proxies)?.trim();
  return entry === undefined ? undefined : parseAddress(entry);
}

/** The remote end of a request. */
export interface RemotePeer {
  /** The address for the log and for `client.address` */
  readonly address: string;
  /** The key of the limits for one address; the same for all unknown addresses */
  readonly network: string;
}

/** Options of {@linkcode Admission} */
export interface AdmissionOptions {
  readonly limits: ResolvedLimits;
  /** The number of trusted proxies */
  readonly trustProxy: number;
  readonly isAllowed: OriginCheck;
}

/** The response that rejects a request, and the reason for the log. */
export interface Rejection {
  readonly reason: string;
  readonly response: Response;
}

/** The rejection of an upgrade. */
export interface UpgradeRejection extends Rejection {
  /** How it is counted */
  readonly metric: UpgradeMetric;
}

/**
 * Why a login fails: an error that the application threw on purpose, a wrong token, a
 * locked-out address, a login function that failed or took too long, or no place.
 */
export type LoginFailure =
  | { readonly refusal: LoginRefusal }
  | "refused"
  | "locked out"
  | "failed"
  | "timed out"
  | ExceededByLogin;

/** The refusal of a login with an error that the application threw on purpose. */
export interface LoginRefusal {
  readonly answer: ApplicationAnswer;
  /** What is logged, without the token of the client */
  readonly note: string;
}

/** The delay before a retry if the real one is unknown, in seconds. */
const RETRY_AFTER = 5;

/** How many lost upgrades of a network reject its next ones. */
const MAX_LOST = 20;

/** How long they are rejected, in milliseconds. */
const LOST_WINDOW = 60_000;

/** Decides which requests can open a WebSocket, and counts the connections. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #failures: AddressFailures;
  readonly #lost = new AddressFailures(MAX_LOST, LOST_WINDOW);
  readonly #places: Places;
  /** Apart from the others, so that strangers do not prevent decisions about valid tokens */
  readonly #adminDecisions: Places;

  constructor(options: AdmissionOptions) {
    const { maxLoginFailures, loginFailureWindow } = options.limits;
    this.#options = options;
    this.#failures = new AddressFailures(maxLoginFailures, loginFailureWindow);
    // Behind a proxy or a NAT, one client must not lock out the others.
    const onLogin = (network: string) => this.#lost.restore(network);
    this.#places = new Places(options.limits, onLogin);
    this.#adminDecisions = new Places(options.limits);
  }

  /** Returns the remote end of a request. */
  peerOf({ headers }: Request, remote: Deno.Addr | undefined): RemotePeer {
    const { trustProxy } = this.#options;
    const forwarded = trustProxy === 0
      ? undefined
      : forwardedAddress(headers.get(FORWARDED_HEADER), trustProxy);
    if (forwarded !== undefined) {
      return { address: forwarded, network: networkOf(forwarded) };
    }
    const address = formatAddress(remote);
    const network = remote !== undefined && "hostname" in remote
      ? networkOf(remote.hostname)
      : address;
    return { address, network };
  }

  /** Checks a request; returns `undefined` if it is allowed. */
  rejection(request: Request, peer: RemotePeer): UpgradeRejection | undefined {
    return this.strangerRejection(request, peer) ??
      this.#checkLost(peer) ?? this.#checkPlaces(peer);
  }

  /** Checks only the origin of a request, and that its address is not locked out. */
  strangerRejection(
    request: Request,
    peer: RemotePeer,
  ): UpgradeRejection | undefined {
    return this.#checkOrigin(request) ?? this.lockoutRejection(peer);
  }

  /** Checks that an HTTP request can wait for its login. */
  waitingRejection({ network }: RemotePeer): Rejection | undefined {
    if (this.#places.hasPlaceFor(network)) return undefined;
    return this.#full("maxUnauthenticated", network);
  }

  /** Checks that an HTTP request with a valid token can wait for the function `admin`. */
  adminDecisionRejection({ network }: RemotePeer): Rejection | undefined {
    if (this.#adminDecisions.hasPlaceFor(network)) return undefined;
    const limit = this.#options.limits.maxUnauthenticated;
    return {
      reason:
        `more than ${limit} requests wait for the function 'admin', and ${network} has too many of them. To allow more, raise 'limits.maxUnauthenticated'.`,
      response: text(
        503,
        "Too many requests wait for the function 'admin'. Try again later.",
        { "retry-after": String(RETRY_AFTER) },
      ),
    };
  }

  /** Whether another connection can enter that has no place. */
  hasPlace({ network }: RemotePeer): boolean {
    return this.#places.exceededByUpgrade(network) === undefined;
  }

  /** Counts a new connection, or an HTTP request that waits for its login. */
  enter({ network }: RemotePeer): Place {
    return new Place(this.#places, network);
  }

  /** Counts an HTTP request that waits for the function `admin`. */
  enterAdminDecision({ network }: RemotePeer): Place {
    return new Place(this.#adminDecisions, network);
  }

  /** Counts a rejected token, or a malformed login. */
  fail({ network }: RemotePeer): void {
    this.#failures.add(network, performance.now());
  }

  /** Counts an upgrade that never opened: it costs a descriptor until the process ends. */
  countLost({ network }: RemotePeer): void {
    this.#lost.add(network, performance.now());
  }

  /** Does not count an upgrade of a client that opened late. */
  restoreLost({ network }: RemotePeer): void {
    this.#lost.restore(network);
  }

  /** Returns how long the address is still locked out, in milliseconds, or 0. */
  lockout({ network }: RemotePeer): number {
    return this.#failures.lockout(network, performance.now());
  }

  /** Returns how many more logins of a network can fail; 0 if it is locked out. */
  failuresLeft(network: string): number {
    return this.#failures.left(network, performance.now());
  }

  /** Returns the response for an address that is locked out. */
  lockoutRejection(peer: RemotePeer): UpgradeRejection | undefined {
    const lockout = this.lockout(peer);
    if (lockout === 0) return undefined;
    const seconds = String(Math.ceil(lockout / 1_000));
    const headers: Readonly<Record<string, string>> = lockout === Infinity
      ? {}
      : { "retry-after": seconds };
    return {
      metric: "locked_out",
      reason:
        "too many failed logins. To allow more, raise 'limits.maxLoginFailures'.",
      response: text(
        429,
        "Too many failed logins from this address. Try again later.",
        headers,
      ),
    };
  }

  #checkOrigin(request: Request): UpgradeRejection | undefined {
    const origin = request.headers.get("origin");
    // Clients other than browsers send no origin, and could send any.
    if (origin === null) return undefined;
    const isAllowed = this.#options.isAllowed(origin, originTarget(request));
    if (isAllowed) return undefined;
    return {
      metric: "origin",
      reason: `origin ${
        escapeControls(JSON.stringify(truncate(origin)))
      } is not allowed. To allow it, add it to 'allowedOrigins'.`,
      response: text(
        403,
        "Forbidden: this server does not accept connections from pages of this origin. Add the origin to the option 'allowedOrigins' of the server.",
      ),
    };
  }

  #checkLost({ network }: RemotePeer): UpgradeRejection | undefined {
    const rest = this.#lost.lockout(network, performance.now());
    if (rest === 0) return undefined;
    const headers = { "retry-after": String(Math.ceil(rest / 1_000)) };
    return {
      metric: "lost_upgrades",
      reason: `${MAX_LOST} upgrades of this address never opened`,
      response: text(
        429,
        "Too many upgrades from this address never opened. Try again later.",
        headers,
      ),
    };
  }

  #checkPlaces({ network }: RemotePeer): UpgradeRejection | undefined {
    const exceeded = this.#places.exceededByUpgrade(network);
    return exceeded && this.#full(exceeded, network);
  }

  #full(exceeded: ExceededByUpgrade, network: string): UpgradeRejection {
    const limit = this.#options.limits[exceeded];
    const { reason, status, body } = REJECTIONS[exceeded];
    const headers: Readonly<Record<string, string>> = status === 503
      ? { "retry-after": String(RETRY_AFTER) }
      : {};
    return {
      metric: exceeded,
      reason: `${
        reason(limit, network)
      }. To allow more, raise 'limits.${exceeded}'.`,
      response: text(status, body, headers),
    };
  }
}

/** How the server rejects an upgrade for which there is no place. */
const REJECTIONS: Readonly<
  Record<ExceededByUpgrade, {
    readonly status: number;
    readonly body: string;
    readonly reason: (limit: number, network: string) => string;
  }>
> = {
  maxConnections: {
    status: 503,
    body: "The server has too many connections. Try again later.",
    reason: (limit) => `${limit} clients are logged in`,
  },
  maxConnectionsPerAddress: {
    status: 429,
    body: "Too many connections from this address. Close one of them first.",
    reason: (limit, network) =>
      `${limit} clients from ${network} are logged in`,
  },
  maxUnauthenticated: {
    status: 503,
    body: "Too many connections are not logged in. Try again later.",
    reason: (limit, network) =>
      `more than ${limit} connections are not logged in, and ${network} has too many of them`,
  },
};

/** The failures of one address. */
interface Failures {
  count: number;
  /** The end of the window */
  readonly until: number;
}

/** How many addresses are remembered, because an attacker can have any number of them. */
const MAX_ADDRESSES = 10_000;

/** Counts the failed logins, or the lost upgrades, of each address. */
export class AddressFailures {
  readonly #limit: number;
  readonly #window: number;
  /** In the order in which the windows end */
  readonly #byAddress = new Map<string, Failures>();

  /**
   * Constructs `AddressFailures`.
   *
   * @param limit How many failures lock an address out
   * @param window How long they count after the first one, in milliseconds
   */
  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }

  /** Counts a failure. */
  add(address: string, now: number): void {
    this.#removeExpired(now);
    const failures = this.#byAddress.get(address);
    if (failures !== undefined) return void failures.count++;
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#removeOldest();
    this.#byAddress.set(address, { count: 1, until: now + this.#window });
  }

  /** Does not count a failure of an address. */
  restore(address: string): void {
    const failures = this.#byAddress.get(address);
    if (failures !== undefined && failures.count > 0) failures.count--;
  }

  /** Returns how long the address is still locked out, in milliseconds, or 0. */
  lockout(address: string, now: number): number {
    const failures = this.#byAddress.get(address);
    if (failures === undefined || failures.count < this.#limit) return 0;
    return Math.max(0, failures.until - now);
  }

  /** Returns how many more failures lock the address out. */
  left(address: string, now: number): number {
    const failures = this.#byAddress.get(address);
    if (failures === undefined || failures.until <= now) return this.#limit;
    return Math.max(0, this.#limit - failures.count);
  }

  #removeExpired(now: number): void {
    for (const [address, { until }] of this.#byAddress) {
      if (until > now) return;
      this.#byAddress.delete(address);
    }
  }

  #removeOldest(): void {
    const [oldest] = this.#byAddress.keys();
    if (oldest !== undefined) this.#byAddress.delete(oldest);
  }
}

/** Returns how many proxies are trusted. */
export function resolveProxies(
  subject: string,
  trustProxy: boolean | number = false,
): number {
  if (typeof trustProxy === "boolean") return trustProxy ? 1 : 0;
  if (Number.isSafeInteger(trustProxy) && trustProxy >= 0) return trustProxy;
  const needed = "true, false or a whole number of proxies";
  throw typeof trustProxy === "number"
    ? outOfRange(subject, "'trustProxy'", needed, trustProxy)
    : invalidType(subject, "'trustProxy'", needed, trustProxy);
}
