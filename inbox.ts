/**
 * What a client's listeners are called with.
 *
 * @module
 */

import { type Listener, Listeners } from "./message.ts";
import type { WireMessage } from "./protocol.ts";
import type { Reporter } from "./reporter.ts";
import type { ServerMessage } from "./server_message.ts";

/**
 * The messages of a server on their way to the listeners. What comes before there can
 * be a listener waits; listeners stay, whichever socket the messages come from.
 */
export class Inbox {
  readonly #reporter: Reporter;
  readonly #listeners = new Listeners<ServerMessage>();
  /** What came before there could be a listener; none once there could. */
  #early: WireMessage[] | undefined = [];
  /** What becomes of a message; nothing before there is a connection to reply on. */
  #deliver = (_wire: WireMessage): void => {};

  /**
   * Constructs an `Inbox`.
   *
   * @param reporter Is told what a listener throws
   */
  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /**
   * Connects the inbox with the connection that it belongs to.
   *
   * @param toMessage Makes of a message object what listeners get, or `undefined` if
   * they should not get it any more
   */
  connect(toMessage: (wire: WireMessage) => ServerMessage | undefined): void {
    this.#deliver = (wire) => {
      const message = toMessage(wire);
      if (message !== undefined) void this.#dispatch(message);
    };
  }

  /** Hands out what the server sent along with its answer to the login. */
  open(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const wire of early) this.#deliver(wire);
  }

  /** Adds a listener, as `Connection.receive` does. */
  add(
    names: string | readonly string[] | Listener<ServerMessage>,
    listener?: Listener<ServerMessage>,
  ): Disposable {
    // After all that are added together with this one.
    queueMicrotask(() => this.open());
    return this.#listeners.add(names, listener);
  }

  /** The server sent a message, a reply or a broadcast. */
  onMessage(wire: WireMessage): void {
    if (this.#early !== undefined) this.#early.push(wire);
    else this.#deliver(wire);
  }

  /** The server sent something that is no frame of Hoist 1. */
  onInvalid(): void {
    this.#reporter.warn("ignored a frame that is not of Hoist 1");
  }

  async #dispatch(message: ServerMessage): Promise<void> {
    await this.#listeners.dispatch(
      message,
      (error) => this.#reporter.report(error),
    );
  }
}
