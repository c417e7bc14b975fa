/**
 * The upgrade requests of one server: rejects them, or lets the hub open them, and counts
 * those whose WebSocket never opens.
 *
 * Some clients reset their connection at once. Deno never opens or closes the WebSocket of
 * such an upgrade, never reports it, and never releases its file descriptor. It reports the
 * remote port 0 for most of these clients. For most of the others, the signal of the request
 * aborts within a few milliseconds.
 *
 * @module
 */

import { LogThrottle } from "../common/rate_limiter.ts";
import type { Admission, RemotePeer } from "./admission.ts";
import {
  DROPPED,
  type HandshakeProblem,
  SOCKET_VERSION,
  VERSION_HEADER,
} from "./handshake.ts";
import { text } from "./http.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** The number of rejected requests that are logged at once. */
const MAX_REJECTION_LINES = 100;

const REJECTION_LINES_PER_SECOND = 1;

/** The delay before a retry while the server connects to its broker, in seconds. */
const RETRY_AFTER = 1;

/** Options of {@linkcode Upgrades} */
export interface UpgradesOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly admission: Admission;
  /** The limit for lost upgrades */
  readonly maxLost: number;
  /** Returns whether the server is closing. */
  isClosing(): boolean;
  /** Returns whether the server knows what the other servers know, if it is not alone. */
  isReady(): boolean;
  /** Upgrades a request. */
  open(request: Request, peer: RemotePeer): Response;
}

/** Handles the upgrade requests of one server. */
export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #lost = new LostUpgrades();
  readonly #lines = new LogThrottle(
    REJECTION_LINES_PER_SECOND,
    MAX_REJECTION_LINES,
  );

  constructor(options: UpgradesOptions) {
    this.#options = options;
  }

  /** The number of upgrades that never opened */
  get lost(): number {
    return this.#lost.count;
  }

  /** Whether more upgrades were lost than the limit allows */
  get exceedsLost(): boolean {
    return this.lost > this.#options.maxLost;
  }

  /** Opens a WebSocket, or returns the response that rejects the request. */
  accept(
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> {
    const { admission, open } = this.#options;
    const peer = admission.peerOf(request, remote);
    if (hasReset(remote)) return this.#rejectReset(peer);
    const rejection = this.#rejection(request, peer);
    if (rejection !== undefined) return rejection;
    return this.#lost.isAlerted(performance.now())
      ? this.#acceptLater(request, peer)
      : open(request, peer);
  }

  /** Returns the response to an upgrade request whose handshake is invalid. */
  rejectHandshake(
    problem: HandshakeProblem,
    { address }: RemotePeer,
  ): Response {
    this.#options.metrics.upgrades.invalid++;
    // The other problems are those of the client, and not of this installation.
    if (problem === DROPPED) {
      this.logRejection(`${address} rejected: ${problem.reason}`);
    }
    return responseTo(problem);
  }

  /** Lets the next upgrades wait, because one takes longer than usual. */
  expectResets(): void {
    this.#lost.alert(performance.now());
  }

  /** Counts an upgrade that never opened. */
  countLost(peer: RemotePeer): void {
    this.#options.admission.countLost(peer);
    if (!this.#lost.add(performance.now())) return;
    this.#options.log.warn(
      "upgrade",
      `${this.lost} upgrades never opened: the clients reset their connections, or the application passed copies of the requests to fetch(). A reset holds a file descriptor until the process ends. Restart the server before it reaches the limit of open files.`,
    );
  }

  /** Does not count an upgrade that opened after it was counted as lost. */
  restoreLost(peer: RemotePeer): void {
    this.#options.admission.restoreLost(peer);
    this.#lost.restore();
  }

  /** Logs a rejected request. Throttled, so that a stranger cannot fill the log. */
  logRejection(text: string): void {
    const line = this.#lines.pass(text);
    if (line === undefined) return;
    const { log } = this.#options;
    // The origin in it comes from the client, and can contain a token.
    log.warn("reject", log.redact(line));
  }

  /**
   * Returns the response to a token while the server does not know which tokens the other servers
   * have revoked; `undefined` if it knows.
   */
  rejectUnready(): Response | undefined {
    if (this.#options.isReady()) return undefined;
    const body = "The server is not connected to its broker. Try again later.";
    return text(503, body, { "retry-after": String(RETRY_AFTER) });
  }

  /** Accepts a request if its client is still there after a short time. */
  async #acceptLater(request: Request, peer: RemotePeer): Promise<Response> {
    if (await resets(request)) return this.#rejectReset(peer);
    return this.#rejection(request, peer) ?? this.#options.open(request, peer);
  }

  #rejectReset(peer: RemotePeer): Response {
    this.#options.metrics.upgrades.disconnected++;
    this.expectResets();
    this.logRejection(`${peer.address} rejected: the client has disconnected`);
    return text(400, "Bad request: the client has disconnected");
  }

  /** Returns the response if the server is closing or a limit rejects the request. */
  #rejection(request: Request, peer: RemotePeer): Response | undefined {
    const { admission, isClosing, metrics: { upgrades } } = this.#options;
    if (isClosing()) {
      upgrades.closing++;
      return text(503, "The server is closing. Try again later.");
    }
    const unready = this.rejectUnready();
    if (unready !== undefined) {
      upgrades.not_ready++;
      return unready;
    }
    const rejection = admission.rejection(request, peer);
    if (rejection === undefined) return undefined;
    upgrades[rejection.metric]++;
    this.logRejection(`${peer.address} rejected: ${rejection.reason}`);
    return rejection.response;
  }
}

/** Returns the response to an invalid handshake. */
function responseTo({ status, reason }: HandshakeProblem): Response {
  if (status === 400) return text(status, `Cannot upgrade: ${reason}`);
  return text(status, `Upgrade required: ${reason}`, {
    upgrade: "websocket",
    [VERSION_HEADER]: SOCKET_VERSION,
  });
}

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
