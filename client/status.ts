/**
 * The state of a connection and the listeners to its changes.
 *
 * @module
 */

import type { CloseInfo } from "../protocol/close.ts";
import { Callbacks } from "./callbacks.ts";
import type { ClientLog } from "./log.ts";

/** The state of a connection, see {@linkcode ConnectionStatus} */
export type ConnectionState = ConnectionStatus["state"];

/** The state of a connection with its details */
export type ConnectionStatus =
  /** An attempt to connect is in progress */
  | { readonly state: "connecting" }
  /** Requests are sent immediately */
  | { readonly state: "open" }
  /**
   * The connection was lost as `close` describes, and the client reconnects in `delay`
   * milliseconds
   */
  | {
    readonly state: "waiting";
    readonly delay: number;
    readonly close: CloseInfo;
  }
  /** The connection is closed or closing, and does not reconnect */
  | { readonly state: "closed" };

/**
 * Called with the current state of a connection, and when it has changed. If it returns a
 * promise, nothing waits for it.
 *
 * @param status The state with its details
 */
export type StateListener = (status: ConnectionStatus) => unknown;

/** Holds the state of one connection and notifies its listeners. */
export class StateNotifier {
  /** Whether the application has closed the connection, so that it expects no more messages */
  isClosedHere = false;
  readonly #log: ClientLog;
  readonly #listeners: Callbacks<ConnectionStatus>;
  readonly #queued: ConnectionStatus[] = [];
  #state: ConnectionState = "connecting";
  /** The last status that the listeners got. */
  #notified: ConnectionStatus = { state: "connecting" };

  /**
   * Constructs a `StateNotifier`.
   *
   * @param log Logs the errors of listeners
   */
  constructor(log: ClientLog) {
    this.#log = log;
    this.#listeners = new Callbacks(log);
  }

  /** The current state */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Adds a listener, which is called now with the current status, and then with each change
   * until it is disposed.
   */
  listen(listener: StateListener): Disposable {
    const subject = "Cannot add the state listener";
    const registered = this.#listeners.add(subject, listener);
    void this.#log.run(() => listener(this.#notified));
    return registered;
  }

  /** Changes the state. */
  set(status: ConnectionStatus): void {
    this.#state = status.state;
    this.#queued.push(status);
    // If a listener or the logger changes the state, every listener still sees both changes in order.
    if (this.#queued.length > 1) return;
    for (const queued of this.#queued) this.#notify(queued);
    this.#queued.length = 0;
  }

  #notify(status: ConnectionStatus): void {
    this.#notified = status;
    this.#log.debug(EVENTS[status.state], () => describeStatus(status));
    this.#listeners.call(status);
  }
}

/** The events of the log lines */
const EVENTS: Readonly<Record<ConnectionState, string>> = {
  connecting: "reconnect",
  open: "login",
  waiting: "reconnect",
  closed: "close",
};

function describeStatus(status: ConnectionStatus): string {
  switch (status.state) {
    case "connecting":
      return "started to reconnect";
    case "open":
      return "logged in";
    case "waiting":
      return describeWaiting(status);
    case "closed":
      return "ended";
  }
}

function describeWaiting(
  { delay, close }: ConnectionStatus & { state: "waiting" },
): string {
  const failure = close.error === undefined
    ? ""
    : `: the last attempt failed: ${close.error.message}`;
  return `scheduled a reconnect in ${Math.round(delay)} ms${failure}`;
}
