/**
 * A connection that the doctor and `ping` use. It sees each frame, and sends only logins and
 * pings. `Connection` hides both.
 *
 * @module
 */

import { limit, settlesWithin, within } from "../common/async.ts";
import { CloseCode } from "../common/codes.ts";
import { ConnectionClosedError, TimeoutError } from "../common/errors.ts";
import type { CloseInfo } from "../protocol/close.ts";
import { encodeLogin, GOODBYE, PING } from "../protocol/encode.ts";
import { type Feature, NO_FEATURES } from "../protocol/features.ts";
import {
  decodeServerFrames,
  type ServerFeatures,
  serverFeaturesOf,
  type ServerFrame,
} from "../protocol/server_frames.ts";
import type { ClientSocket } from "../client/client_socket.ts";
import { abortSocket } from "../client/client_socket.ts";
import { Dialer, type Target } from "../client/handshake.ts";
import {
  connectionLost,
  connectTimeout,
  loginError,
  loginOffence,
} from "../client/login_errors.ts";
import { VERSION } from "../version.ts";

/** The id of the login. */
const LOGIN = 0;

/** How long the server can take to close after a goodbye, in milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** A ping that waits for its pong. */
interface WaitingPing {
  readonly start: number;
  readonly resolve: (time: number) => void;
  readonly reject: (error: unknown) => void;
}

/** An open WebSocket to a Hoist server, which reads every frame. */
export class Probe implements AsyncDisposable {
  /** Resolves when the connection has ended */
  readonly closed: Promise<CloseInfo>;
  readonly #socket: ClientSocket;
  readonly #target: Target;
  readonly #dialer: Dialer;
  /** In the order in which they were sent, which is the order of the answers */
  readonly #pings: WaitingPing[] = [];
  #closeInfo: CloseInfo | undefined;
  #isLoggedIn = false;
  #features: ReadonlySet<Feature> = NO_FEATURES;
  #onLogin: ((frame: ServerFrame | null) => void) | undefined;

  private constructor(socket: ClientSocket, dialer: Dialer) {
    this.#socket = socket;
    this.#dialer = dialer;
    this.#target = dialer.target;
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", (info) => {
        this.#onClosed(info);
        resolve(info);
      });
    });
    // The event "close" follows.
    socket.addEventListener("error", () => abortSocket(socket));
    socket.addEventListener("message", ({ data }) => this.#receive(data));
  }

  /**
   * Opens a WebSocket, as the client does.
   *
   * @throws {ConnectError} If it does not open
   * @throws {TimeoutError} If it does not open within `timeout`
   */
  static async open(target: Target, signal: AbortSignal): Promise<Probe> {
    const { endpoints: { base }, timeout } = target;
    const dialer = new Dialer(target);
    const onTimeout = () => connectTimeout(base, timeout);
    const limited = limit(signal, timeout, onTimeout);
    try {
      return new Probe(await dialer.open(limited.signal), dialer);
    } finally {
      limited.cancel();
    }
  }

  /**
   * Logs in.
   *
   * @param token The token
   * @param features The extensions to name
   * @returns What the server supports
   *
   * @throws {LoginError} If the server rejects the token
   * @throws {VersionError} If the server needs a newer client
   * @throws {ConnectError} If the server closes the connection
   * @throws {TimeoutError} If it does not answer within `timeout`
   */
  async logIn(
    token: string,
    features: readonly Feature[],
    signal: AbortSignal,
  ): Promise<ServerFeatures> {
    const { endpoints: { base }, timeout } = this.#target;
    const { heartbeat } = this.#dialer;
    const encode = encodeLogin(token, VERSION, features, { heartbeat });
    const answer = new Promise<ServerFrame | null>((resolve) => {
      this.#onLogin = resolve;
    });
    this.#socket.send(encode(LOGIN));
    const onTimeout = () => connectTimeout(base, timeout);
    const frame = await within(
      Promise.race([answer, this.#lostAtLogin()]),
      signal,
      timeout,
      onTimeout,
    );
    if (frame?.kind === "error") throw loginError(base, frame.error);
    if (frame?.kind !== "answer") {
      throw loginOffence(base, "the server sent an invalid frame");
    }
    const agreed = serverFeaturesOf(frame.data);
    this.#features = agreed.features;
    this.#isLoggedIn = true;
    return agreed;
  }

  async #lostAtLogin(): Promise<never> {
    const { endpoints: { base } } = this.#target;
    const info = await this.closed;
    throw connectionLost(base, new ConnectionClosedError("the login", info));
  }

  /**
   * Sends a ping and waits for its pong.
   *
   * @param frame The frame to send, which can be larger than {@linkcode PING}
   * @returns The time until the pong arrived, in milliseconds
   *
   * @throws {ConnectionClosedError} If the connection ends before
   */
  ping(frame: string = PING): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closeInfo !== undefined) return reject(lost(this.#closeInfo));
      this.#pings.push({ start: performance.now(), resolve, reject });
      this.#socket.send(frame);
    });
  }

  /**
   * Sends a ping and waits for its pong, but not longer than `timeout`.
   *
   * @throws {TimeoutError} If no pong arrives in time
   * @throws {ConnectionClosedError} If the connection ends before
   */
  async pingInTime(signal: AbortSignal, frame?: string): Promise<number> {
    const { timeout } = this.#target;
    const pong = this.ping(frame);
    // The connection can end later, when no caller waits.
    pong.catch(() => {});
    return await within(pong, signal, timeout, () =>
      new TimeoutError(
        `the server did not answer a ping within ${timeout} ms`,
      ));
  }

  /** Says goodbye, as a client does, and ends the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closeInfo === undefined) {
      // Before the login, the server answers a goodbye with an error.
      if (this.#isLoggedIn) this.#socket.send(GOODBYE);
      else this.#socket.close(CloseCode.NORMAL);
      await settlesWithin(this.closed, CLOSE_TIMEOUT);
    }
    abortSocket(this.#socket);
  }

  #receive(data: unknown): void {
    for (const frame of decodeServerFrames(data, this.#features)) {
      if (frame?.kind === "pong") this.#onPong();
      else this.#onLogin?.(frame);
    }
  }

  #onPong(): void {
    const ping = this.#pings.shift();
    ping?.resolve(performance.now() - ping.start);
  }

  #onClosed(info: CloseInfo): void {
    this.#closeInfo = info;
    for (const { reject } of this.#pings.splice(0)) reject(lost(info));
  }
}

function lost(info: CloseInfo): ConnectionClosedError {
  return new ConnectionClosedError("the ping", info);
}
