/**
 * What a connection is about, and who is told when that changes.
 *
 * @module
 */

import { type ClientLog } from "./log.ts";
import { CloseInfo } from "../protocol/close.ts";
/** What a connection is about, see {@linkcode ConnectionStatus} */
export type ConnectionState = ConnectionStatus["state"];

/** What a connection is about, with what goes with it */
export type ConnectionStatus =
  /** An attempt to come back is under way */
  | { readonly state: "connecting" }
  /** Requests are sent at once */
  | { readonly state: "open" }
  /** The next attempt follows in `delay` milliseconds; `close` says how the last ended */
  | {
    readonly state: "waiting";
    readonly delay: number;
    readonly close: CloseInfo;
  }
  /** The connection has ended, or is about to, and does not come back */
  | { readonly state: "closed" };

/**
 * Is called when the state of a connection has changed. A promise that it returns is
 * not waited for.
 *
 * @param status The state, with what goes with it
 */
export type StateListener = (status: ConnectionStatus) => unknown;

/** The state of one connection. */
export class StateNotifier {
  readonly #reporter: ClientLog;
  // An object for each registration, so that each is removed alone.
  readonly #entries = new Set<{ readonly listener: StateListener }>();
  readonly #untold: ConnectionStatus[] = [];
  #state: ConnectionState = "connecting";

  /**
   * Constructs a `StateNotifier`.
   *
   * @param reporter Is told what a listener throws
   */
  constructor(reporter: ClientLog) {
    this.#reporter = reporter;
  }

  /** What the connection is about now */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls a function with each change. */
  listen(listener: StateListener): Disposable {
    if (typeof listener !== "function") {
      throw new TypeError(
        `Cannot tell the state as the listener must be a function: current value is of type ${typeof listener}`,
      );
    }
    const entry = { listener };
    this.#entries.add(entry);
    return { [Symbol.dispose]: () => void this.#entries.delete(entry) };
  }

  /** Changes the state. */
  set(status: ConnectionStatus): void {
    this.#state = status.state;
    this.#untold.push(status);
    // A listener that closes the connection changes it anew: all hear of both in order.
    if (this.#untold.length > 1) return;
    for (const untold of this.#untold) this.#tell(untold);
    this.#untold.length = 0;
  }

  #tell(status: ConnectionStatus): void {
    for (const entry of [...this.#entries]) {
      if (!this.#entries.has(entry)) continue;
      // Apart from its entry, which is none of a listener's business as `this`.
      const { listener } = entry;
      void this.#reporter.run(() => listener(status));
    }
  }
}
