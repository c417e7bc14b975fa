/**
 * The upgrade requests of one server: rejects them, or lets the hub open them.
 *
 * @module
 */

import { LogThrottle } from "../common/rate_limiter.ts";
import type { Admission, RemotePeer } from "./admission.ts";
import { text } from "./http.ts";
import type { Log } from "./log.ts";
import { hasReset, LostUpgrades, resets } from "./lost_upgrades.ts";

/** The number of rejected requests that are logged at once. */
const MAX_REJECTION_LINES = 100;

const REJECTION_LINES_PER_SECOND = 1;

/** Options of {@linkcode Upgrades} */
export interface UpgradesOptions {
  readonly log: Log;
  readonly admission: Admission;
  /** The limit for lost upgrades */
  readonly maxLost: number;
  /** Returns whether the server is closing. */
  isClosing(): boolean;
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

  /** Accepts a request if its client is still there after a short time. */
  async #acceptLater(request: Request, peer: RemotePeer): Promise<Response> {
    if (await resets(request)) return this.#rejectReset(peer);
    return this.#rejection(request, peer) ?? this.#options.open(request, peer);
  }

  #rejectReset(peer: RemotePeer): Response {
    this.expectResets();
    this.logRejection(`${peer.address} rejected: the client has disconnected`);
    return text(400, "Bad request: the client has disconnected");
  }

  /** Returns the response if the server is closing or a limit rejects the request. */
  #rejection(request: Request, peer: RemotePeer): Response | undefined {
    const { admission, isClosing } = this.#options;
    if (isClosing()) {
      return text(503, "The server is closing. Try again later.");
    }
    const rejection = admission.rejection(request, peer);
    if (rejection === undefined) return undefined;
    this.logRejection(`${peer.address} rejected: ${rejection.reason}`);
    return rejection.response;
  }
}
