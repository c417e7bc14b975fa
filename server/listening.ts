/**
 * The port of a server, which is bound again if Deno stops accepting connections.
 *
 * @module
 */

import { settlesWithin } from "../common/async.ts";
import { HoistError } from "../common/errors.ts";
import { bracket } from "../common/ip.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import { isBadPort } from "../common/url.ts";
import { text } from "./http.ts";
import {
  checkListenOptions,
  type ListenOptions,
  openPort,
  type Port,
  type PortHandler,
} from "./listen.ts";
import type { Log } from "./log.ts";

/** How long clients have to close their sockets, in milliseconds. */
const GRACE = 1_000;

/** The time between two attempts to listen again, in milliseconds. */
const PAUSE = 250;

/** How long the port can be unavailable until the server reports it, in milliseconds. */
const MAX_OUTAGE = 30_000;

/** The attempts in this time. A clock would also count the time of a stall. */
const MAX_ATTEMPTS = MAX_OUTAGE / PAUSE;

/** The number of lines about interruptions that are logged at once. */
const MAX_LINES = 5;

const LINES_PER_SECOND = 0.1;

/** The number of exceptions of the handler that are logged at once. */
const MAX_EXCEPTIONS = 20;

/**
 * An HTTP server that listens on a port until it is closed.
 *
 * Deno stops accepting connections at the first error of the system, for example if the
 * process has no file descriptor left. The open connections continue to work.
 */
export class Listening {
  /** The bound address and port */
  readonly addr: Deno.NetAddr;
  readonly #options: ListenOptions;
  readonly #handler: PortHandler;
  readonly #log: Log;
  readonly #onLost: (error: HoistError) => void;
  readonly #lines = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  readonly #exceptions = new LogThrottle(LINES_PER_SECOND, MAX_EXCEPTIONS);
  /** `undefined` while the server does not accept connections */
  #port: Port | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** The failed attempts to listen again, in a row */
  #failures = 0;
  #isClosed = false;

  /**
   * Binds the port immediately.
   *
   * @param options The options of the application
   * @param handler Handles the requests
   * @param log The log of the server
   * @param onLost Called when the port has been unavailable for 30 seconds
   *
   * @throws The error of the system, if the port cannot be bound
   */
  constructor(
    options: ListenOptions,
    handler: PortHandler,
    log: Log,
    onLost: (error: HoistError) => void,
  ) {
    checkListenOptions(options);
    this.#handler = handler;
    this.#log = log;
    this.#onLost = onLost;
    reserveSignals();
    this.addr = this.#open(options);
    const { port } = this.addr;
    this.#options = { ...options, port, onListen: undefined };
    if (isBadPort(port)) this.#warnOfBadPort(port);
  }

  /** The URL to connect to from this machine */
  get url(): string {
    const { hostname, port } = this.addr;
    const isWildcard = hostname === "0.0.0.0" || hostname === "::";
    const host = isWildcard ? "localhost" : bracket(hostname);
    const scheme = this.#options.cert === undefined ? "http" : "https";
    return `${scheme}://${host}:${port}`;
  }

  /** Releases the port, in bounded time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    if (this.#port === undefined) return;
    // A graceful shutdown waits forever for a peer that does not read or does not finish
    // its request, and cannot be aborted later. The clients are gone at this point, and
    // other HTTP responses are small.
    this.#port.abort();
    await settlesWithin(this.#port.finished, GRACE);
  }

  #warnOfBadPort(port: number): void {
    this.#log.warn(
      "listen",
      `browsers and fetch do not connect to port ${port}. Choose another port, unless clients connect through a proxy.`,
    );
  }

  #open(options: ListenOptions): Deno.NetAddr {
    const port = openPort(options, this.#handler, (error) => {
      this.#logException(error);
      return text(500, "Internal server error");
    });
    this.#port = port;
    const onEnd = (error?: unknown) => this.#onEnd(error);
    port.finished.then(onEnd, onEnd);
    return port.addr;
  }

  /** Called when Deno does not accept connections any more. */
  #onEnd(error: unknown): void {
    if (this.#isClosed) return;
    this.#port = undefined;
    this.#logInterruption(error);
    this.#openLater();
  }

  #openLater(): void {
    // A logger can close the server.
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#openAgain(), PAUSE);
  }

  #openAgain(): void {
    try {
      this.#open(this.#options);
      this.#failures = 0;
    } catch (error) {
      this.#openLater();
      if (!isExhausted(error)) this.#countFailure(error);
    }
  }

  #countFailure(cause: unknown): void {
    if (++this.#failures !== MAX_ATTEMPTS) return;
    const error = new HoistError(
      `Cannot accept connections: the port has been unavailable for 30 seconds. ${
        messageOf(cause)
      }`,
      { cause },
    );
    this.#log.error("listen", error.message);
    this.#onLost(error);
  }

  /** Throttled, because a request of a stranger can cause it. */
  #logException(error: unknown): void {
    const line = this.#exceptions.pass(
      "the HTTP server failed",
    );
    if (line !== undefined) this.#log.exception(line, error);
  }

  #logInterruption(error: unknown): void {
    const line = this.#lines.pass(
      `port ${this.addr.port} stopped accepting connections: ${
        messageOf(error)
      }. The server listens again in ${PAUSE} ms.`,
    );
    if (line !== undefined) this.#log.error("listen", line);
  }
}

/** Whether the process or the system has no file descriptor left. */
function isExhausted(error: unknown): boolean {
  // Strangers can cause this, and must not be able to end a program.
  const { cause } = Object(error);
  return ["EMFILE", "ENFILE"].includes(Object(cause).code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}

let isReserved = false;

/**
 * Lets Deno open its descriptors for signals now. It opens them about half a second after the
 * start of the process otherwise, and panics if connections occupy all descriptors by then.
 */
function reserveSignals(): void {
  if (isReserved) return;
  isReserved = true;
  const ignore = () => {};
  try {
    // This signal has no effect by default, and the pair stays open.
    Deno.addSignalListener("SIGWINCH", ignore);
    Deno.removeSignalListener("SIGWINCH", ignore);
  } catch {
    // Not every system has the signal.
    return;
  }
}
