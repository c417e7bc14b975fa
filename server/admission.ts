/**
 * Who gets a socket: what is decided before a WebSocket is opened.
 *
 * @module
 */

import { formatAddress, networkOf, parseAddress } from "../common/ip.ts";
import { escapeControls, truncate } from "../common/text.ts";
import { text } from "./http.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { OriginCheck } from "./origins.ts";
/** The header to which each proxy appends the address that it was asked by. */
export const FORWARDED_HEADER = "x-forwarded-for";

/**
 * The address that the outermost of `proxies` proxies was asked by.
 *
 * @param forwarded What stands in `X-Forwarded-For`
 * @param proxies How many proxies append to it, from 1 on
 * @returns The address, or `undefined` if there is none that makes sense
 */
export function forwardedAddress(
  forwarded: string | null,
  proxies: number,
): string | undefined {
  // From the right: what stands further left came from the client, and may be anything.
  const entry = forwarded?.split(",").at(-proxies)?.trim();
  return entry === undefined ? undefined : parseAddress(entry);
}

/** Who asks. */
export interface RemotePeer {
  /** As logs show it */
  readonly address: string;
  /** What limits for one address count by; the same for all of whom nothing is known */
  readonly network: string;
}

/** What an admission goes by. */
export interface AdmissionOptions {
  readonly limits: ResolvedLimits;
  /** How many proxies there are in front */
  readonly trustProxy: number;
  readonly isAllowed: OriginCheck;
}

/** A request that is refused. */
export interface UpgradeRejection {
  readonly reason: string;
  readonly response: Response;
}

/** How long a client should wait where nobody knows, in seconds. */
const RETRY_AFTER = 5;

/** Decides who gets a socket. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #failures: LoginFailures;
  /** How many have entered from each network. */
  readonly #entered = new Map<string, number>();
  #open = 0;

  constructor(options: AdmissionOptions) {
    const { maxLoginFailures, loginFailureWindow } = options.limits;
    this.#options = options;
    this.#failures = new LoginFailures(maxLoginFailures, loginFailureWindow);
  }

  /** Tells who sends a request. */
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

  /** Says why a request is not let in, if it is not while so many are. */
  refusal(request: Request, peer: RemotePeer): UpgradeRejection | undefined {
    return this.#checkOrigin(request) ?? this.lockoutRefusal(peer) ??
      this.#checkNetwork(peer) ?? this.#checkTotal();
  }

  /** Somebody has got a socket, or waits for a login to be decided. */
  enter({ network }: RemotePeer): void {
    this.#open++;
    this.#entered.set(network, this.#enteredFrom(network) + 1);
  }

  /** The same one is gone. */
  leave({ network }: RemotePeer): void {
    this.#open--;
    const rest = this.#enteredFrom(network) - 1;
    if (rest > 0) this.#entered.set(network, rest);
    else this.#entered.delete(network);
  }

  /** A token was refused. */
  fail({ network }: RemotePeer): void {
    this.#failures.add(network, performance.now());
  }

  /** How long no login is taken, in milliseconds; 0 if they are. */
  lockout({ network }: RemotePeer): number {
    return this.#failures.lockout(network, performance.now());
  }

  /** What is answered where no login is taken; `undefined` if they are. */
  lockoutRefusal(peer: RemotePeer): UpgradeRejection | undefined {
    const lockout = this.lockout(peer);
    if (lockout === 0) return undefined;
    const seconds = String(Math.ceil(lockout / 1_000));
    const headers: Readonly<Record<string, string>> = lockout === Infinity
      ? {}
      : { "retry-after": seconds };
    return {
      reason: "too many failed logins, see 'limits.maxLoginFailures'",
      response: text(429, "Too many failed logins: try again later", headers),
    };
  }

  #enteredFrom(network: string): number {
    return this.#entered.get(network) ?? 0;
  }

  #checkOrigin({ headers, url }: Request): UpgradeRejection | undefined {
    const origin = headers.get("origin");
    // What is no browser sends none, and could send any.
    if (origin === null) return undefined;
    if (this.#options.isAllowed(origin, new URL(url).host)) return undefined;
    return {
      reason: `origin ${
        escapeControls(JSON.stringify(truncate(origin)))
      } is not among 'allowedOrigins'`,
      response: text(403, "Forbidden: pages of this origin may not connect"),
    };
  }

  #checkNetwork({ network }: RemotePeer): UpgradeRejection | undefined {
    const { maxConnectionsPerAddress: limit } = this.#options.limits;
    if (this.#enteredFrom(network) < limit) return undefined;
    return {
      reason:
        `${limit} connections of ${network} are open, see 'limits.maxConnectionsPerAddress'`,
      response: text(429, "Too many connections: close others first"),
    };
  }

  #checkTotal(): UpgradeRejection | undefined {
    const { maxConnections: limit } = this.#options.limits;
    if (this.#open < limit) return undefined;
    const headers = { "retry-after": String(RETRY_AFTER) };
    return {
      reason: `${limit} connections are open, see 'limits.maxConnections'`,
      response: text(503, "The server is full: try again later", headers),
    };
  }
}

/** The refused tokens of one address. */
interface Failures {
  count: number;
  /** When they are forgotten. */
  readonly until: number;
}

/** How many addresses are remembered: an attacker may have any number of them. */
const MAX_ADDRESSES = 10_000;

/** Counts the refused tokens of each address. */
export class LoginFailures {
  readonly #limit: number;
  readonly #window: number;
  /** In the order in which they are forgotten. */
  readonly #byAddress = new Map<string, Failures>();

  /**
   * Constructs `LoginFailures`.
   *
   * @param limit How many there may be
   * @param window How long they count from the first one on, in milliseconds
   */
  constructor(limit: number, window: number) {
    this.#limit = limit;
    this.#window = window;
  }

  /** A token of the address was refused. */
  add(address: string, now: number): void {
    this.#forget(now);
    const failures = this.#byAddress.get(address);
    if (failures !== undefined) return void failures.count++;
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#forgetOldest();
    this.#byAddress.set(address, { count: 1, until: now + this.#window });
  }

  /** How long the address is locked out, in milliseconds; 0 if it is not. */
  lockout(address: string, now: number): number {
    const failures = this.#byAddress.get(address);
    if (failures === undefined || failures.count < this.#limit) return 0;
    return Math.max(0, failures.until - now);
  }

  #forget(now: number): void {
    for (const [address, { until }] of this.#byAddress) {
      if (until > now) return;
      this.#byAddress.delete(address);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#byAddress.keys();
    if (oldest !== undefined) this.#byAddress.delete(oldest);
  }
}
