/**
 * Calls the hooks of the application when clients connect and disconnect: the options
 * `onConnect` and `onDisconnect`.
 *
 * ```text
 * connecting ──► connected ──► disconnecting ──► ended
 *      └──────────────────────────▲
 * ```
 *
 * @module
 */

import { checkFunction } from "../common/check.ts";
import { isPromiseLike, settlesWithin } from "../common/async.ts";
import { CloseCode } from "../common/errors.ts";
import type { CloseInfo } from "../protocol/close.ts";
import type { ConnectionLog } from "./connection_log.ts";
import type { Client } from "./message.ts";
import { TimeoutQueue } from "./scheduler.ts";

/** The hooks of the application, which can throw, reject and never settle. */
export interface Hooks {
  readonly onConnect: ((client: Client) => unknown) | undefined;
  readonly onDisconnect:
    | ((client: Client, close: CloseInfo) => unknown)
    | undefined;
}

/**
 * Checks the hooks of the options.
 *
 * @returns `undefined` if there are none, so that clients cost nothing more
 *
 * @throws {TypeError} If a hook is not a function
 */
export function resolveHooks({ onConnect, onDisconnect }: {
  readonly onConnect?: ((client: never) => unknown) | undefined;
  readonly onDisconnect?:
    | ((client: never, close: CloseInfo) => unknown)
    | undefined;
}): Hooks | undefined {
  checkFunction("Cannot serve", "onConnect", onConnect);
  checkFunction("Cannot serve", "onDisconnect", onDisconnect);
  return onConnect === undefined && onDisconnect === undefined
    ? undefined
    : { onConnect, onDisconnect } as Hooks;
}

/** The connection of a client whose hooks are called. */
export interface VisitOwner {
  readonly client: Client;
  /** Called when `onConnect` has finished, unless the client has left before. */
  onConnected(): void;
  /** Closes the connection. */
  close(code: number, reason: string): void;
}

/** How long clients that left during `onConnect` get for their `onDisconnect`. */
const GRACE = 1_000;

/** Calls the hooks for all clients of one server. */
export class Lifecycle {
  readonly hooks: Hooks;
  /** The time for `onConnect`, in milliseconds */
  readonly timeout: number;
  /** Ends the visits of clients whose `onConnect` takes too long */
  readonly timeouts: TimeoutQueue<Visit>;
  /** The clients whose `onDisconnect` was not called */
  readonly #visits = new Set<Visit>();
  /** The number of calls of `onDisconnect` that have not finished. Some never do */
  #leaving = 0;
  #onEmpty: (() => void) | undefined;

  /**
   * Constructs a `Lifecycle`.
   *
   * @param hooks The hooks of the application
   * @param timeout How long `onConnect` can take, in milliseconds
   */
  constructor(hooks: Hooks, timeout: number) {
    this.hooks = hooks;
    this.timeout = timeout;
    this.timeouts = new TimeoutQueue(timeout, (visit) => visit.expire());
  }

  /** Whether no client is here, and all hooks have finished */
  get isIdle(): boolean {
    return this.#unfinished === 0;
  }

  /** The number of clients whose hooks have not all finished */
  get #unfinished(): number {
    return this.#visits.size + this.#leaving;
  }

  /** Creates the visit of a client that has logged in; `connect()` begins it. */
  visit(owner: VisitOwner, log: ConnectionLog): Visit {
    const visit = new Visit(this, owner, log);
    this.#visits.add(visit);
    return visit;
  }

  /** Called before `onDisconnect`. A call that never finishes must not keep the connection. */
  onLeaving(visit: Visit): void {
    this.#visits.delete(visit);
    this.#leaving++;
  }

  /** Called when `onDisconnect` has finished. */
  onLeft(): void {
    this.#leaving--;
    if (this.isIdle) this.#onEmpty?.();
  }

  /**
   * Waits for the hooks of clients that have left, because the server closes.
   *
   * @param timeout How long to wait, in milliseconds
   * @returns The number of clients whose hooks have not finished
   */
  async finish(timeout: number): Promise<number> {
    const ended = this.#emptied();
    if (await settlesWithin(ended, timeout)) return 0;
    const connecting = [...this.#visits].filter((visit) => visit.abandon());
    if (connecting.length > 0) await settlesWithin(ended, GRACE);
    return this.#unfinished;
  }

  /** Resolves when all hooks have finished. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.isIdle) resolve();
    });
  }
}

/** A client for which `onConnect` was called, until its `onDisconnect` has finished. */
export class Visit {
  /** What `onConnect` has returned */
  #data: unknown;
  readonly #lifecycle: Lifecycle;
  readonly #owner: VisitOwner;
  readonly #log: ConnectionLog;
  #isConnecting = true;
  /** How the connection ended; `undefined` while it is open */
  #closed: CloseInfo | undefined;

  constructor(lifecycle: Lifecycle, owner: VisitOwner, log: ConnectionLog) {
    this.#lifecycle = lifecycle;
    this.#owner = owner;
    this.#log = log;
  }

  /** What `onConnect` has returned; `undefined` until it has finished */
  get data(): unknown {
    return this.#data;
  }

  /** Whether `onConnect` has not finished yet */
  get isConnecting(): boolean {
    return this.#isConnecting;
  }

  /** Calls `onConnect`; does not throw. */
  connect(): void {
    const { hooks: { onConnect }, timeouts } = this.#lifecycle;
    try {
      const data = onConnect?.(this.#owner.client);
      if (!isPromiseLike(data)) return this.#onConnected(data);
      timeouts.add(this);
      Promise.resolve(data).then(
        (data) => this.#onConnected(data),
        (error) => this.#onFailed(error),
      );
    } catch (error) {
      this.#onFailed(error);
    }
  }

  /** Called when `onConnect` has taken too long. */
  expire(): void {
    if (!this.#isConnecting) return;
    this.#log.error(
      `onConnect took longer than ${this.#lifecycle.timeout} ms. To allow more time, raise 'limits.loginTimeout'.`,
    );
    this.#reject();
  }

  /** Called once, when the connection has ended. */
  onClosed(info: CloseInfo): void {
    this.#closed = info;
    // Otherwise `onDisconnect` could undo what `onConnect` has not done yet.
    if (!this.#isConnecting) void this.#disconnect(info);
  }

  /**
   * Calls `onDisconnect` although `onConnect` has not finished, because the server closes.
   *
   * @returns Whether `onConnect` had not finished
   */
  abandon(): boolean {
    if (!this.#isConnecting || this.#closed === undefined) return false;
    this.#settle();
    void this.#disconnect(this.#closed);
    return true;
  }

  #onConnected(data: unknown): void {
    if (!this.#isConnecting) return;
    this.#settle();
    this.#data = data;
    if (this.#closed !== undefined) return void this.#disconnect(this.#closed);
    this.#owner.onConnected();
  }

  #onFailed(error: unknown): void {
    if (!this.#isConnecting) return;
    const isExpected = this.#closed !== undefined && stemsFromEnd(error);
    if (!isExpected) this.#log.exception("onConnect failed", error);
    this.#reject();
  }

  /** Closes the connection because `onConnect` has not succeeded. */
  #reject(): void {
    this.#settle();
    if (this.#closed !== undefined) return void this.#disconnect(this.#closed);
    this.#owner.close(CloseCode.INTERNAL_ERROR, "the connection failed");
  }

  #settle(): void {
    this.#isConnecting = false;
    this.#lifecycle.timeouts.delete(this);
  }

  /** Calls `onDisconnect`; does not reject. */
  async #disconnect(info: CloseInfo): Promise<void> {
    const { onDisconnect } = this.#lifecycle.hooks;
    this.#lifecycle.onLeaving(this);
    try {
      // The connection can end in the middle of a broadcast, or of a call of the application.
      await undefined;
      await onDisconnect?.(this.#owner.client, info);
    } catch (error) {
      this.#log.exception("onDisconnect failed", error);
    }
    this.#lifecycle.onLeft();
  }
}

/** Whether an error can be the result of the end of a connection. */
function stemsFromEnd(error: unknown): boolean {
  try {
    const { name } = Object(error);
    return name === "AbortError" || name === "ConnectionClosedError";
  } catch {
    // A thrown value can have getters that throw.
    return false;
  }
}
