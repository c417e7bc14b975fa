/**
 * Renews the login of a connection when the server asks for it:
 * docs/reference/protocol.md, `renew`.
 *
 * @module
 */

import { aborted, limit } from "../common/async.ts";
import { ErrorCode, type ErrorFrame, LoginError } from "../common/errors.ts";
import { ResponseError } from "../common/hoist_error.ts";
import { TokenBucket } from "../common/rate_limiter.ts";
import { encodeRenewal } from "../protocol/encode.ts";
import type { Target } from "./handshake.ts";
import type { LinkRequest } from "./link.ts";

/**
 * How many renewals are made at once. More are made once per second, because a server that
 * asks again and again could make the client call the token function, and the service behind
 * it, thousands of times.
 */
const MAX_RENEWALS = 10;

const SECOND = 1_000;

/** Sends a request over the connection. */
type Send = (request: LinkRequest) => Promise<unknown>;

/** Renews the login of one connection. */
export class Renewal {
  readonly #target: Target;
  readonly #send: Send;
  readonly #closing = new AbortController();
  readonly #rate = new TokenBucket(1, MAX_RENEWALS);
  /** Whether the server has asked since the last attempt began */
  #isAsked = false;
  #isRunning = false;

  /**
   * Constructs a `Renewal`.
   *
   * @param target The server, the tokens and the log
   * @param send Sends a request over the connection
   */
  constructor(target: Target, send: Send) {
    this.#target = target;
    this.#send = send;
  }

  /**
   * Sends a new token, one after the other if the server asks again; does not reject. If it
   * fails, the server closes the connection when the login expires.
   */
  async run(): Promise<void> {
    this.#isAsked = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#isAsked && !this.#closing.signal.aborted) {
      if (this.#rate.take(performance.now()) !== "allow") {
        await pause(SECOND, this.#closing.signal);
      }
      this.#isAsked = false;
      await this.#renew();
    }
    this.#isRunning = false;
  }

  /** Stops waiting for a token, because the connection has ended. */
  close(): void {
    this.#closing.abort();
  }

  async #renew(): Promise<void> {
    const { tokens, log } = this.#target;
    const { signal } = this.#closing;
    try {
      // The connection can have ended during the pause.
      signal.throwIfAborted();
      await tokens.logIn((token) => this.#logIn(token, signal), signal);
    } catch (error) {
      if (!signal.aborted) log.unrenewed(error);
    }
  }

  async #logIn(token: string, signal: AbortSignal): Promise<void> {
    const { endpoints: { base } } = this.#target;
    await this.#send({
      name: "",
      describe: () => "the renewal of the token",
      encode: encodeRenewal(token),
      signal,
      toError: (frame) => renewalError(base, frame),
    });
  }
}

/** Waits for a time, or until the signal aborts. */
async function pause(time: number, signal: AbortSignal): Promise<void> {
  const { signal: over, cancel } = limit(signal, time, () => undefined);
  await aborted(over).catch(cancel);
}

function renewalError(base: string, frame: ErrorFrame): Error {
  return frame.code === ErrorCode.LOGIN_FAILED
    ? new LoginError(
      `Cannot renew the token for ${base}: the server rejected the new token. Return a token that is valid for longer.`,
    )
    : new ResponseError("the renewal of the token", frame);
}
