/**
 * What a client's listeners are called with.
 *
 * @module
 */

import { OnDone } from "./link.ts";
import { type ClientLog } from "./log.ts";
import { type ServerMessage } from "./message.ts";
import { type MaybeAsync, SerialQueue } from "../common/async.ts";
import { type Listener, Listeners } from "../common/listeners.ts";
import { type WireMessage } from "../protocol/message.ts";
/** What an inbox needs of the connection that it belongs to. */
export interface DispatcherOwner {
  /** Looks at a message before a listener gets it. */
  check(wire: WireMessage): ReturnType<MaybeAsync>;
  /**
   * Makes of a message object what listeners get, or `undefined` if they should not get
   * it any more
   */
  toMessage(wire: WireMessage): ServerMessage | undefined;
  /** Whether those hear of a message that listen to its name, and not only to all. */
  isNamed(wire: WireMessage): boolean;
}

/** A message that came. */
interface Arrival {
  readonly wire: WireMessage;
  readonly onDone: OnDone | undefined;
}

/**
 * The messages of a server on their way to the listeners. What comes before there can
 * be a listener waits; listeners stay, whichever socket the messages come from.
 */
export class Dispatcher {
  readonly #reporter: ClientLog;
  readonly #listeners = new Listeners<ServerMessage>();
  readonly #sequence = new SerialQueue();
  /** What came before there could be a listener; none once there could. */
  #early: Arrival[] | undefined = [];
  /** None before there is a connection to reply on. */
  #owner: DispatcherOwner | undefined;

  /**
   * Constructs an `Dispatcher`.
   *
   * @param reporter Is told what a listener throws
   */
  constructor(reporter: ClientLog) {
    this.#reporter = reporter;
  }

  /** Connects the inbox with the connection that it belongs to. */
  connect(owner: DispatcherOwner): void {
    this.#owner = owner;
  }

  /** Hands out what the server sent along with its answer to the login. */
  open(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const arrival of early) this.#deliver(arrival);
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
  onMessage(wire: WireMessage, onDone?: OnDone): void {
    const arrival = { wire, onDone };
    if (this.#early !== undefined) this.#early.push(arrival);
    else this.#deliver(arrival);
  }

  /** The server sent something that is no frame of Hoist 1. */
  onInvalid(): void {
    this.#reporter.warn("ignored a frame that is not of Hoist 1");
  }

  /** Hands out a message, after those that came before it. */
  #deliver({ wire, onDone }: Arrival): void {
    this.#sequence.add(
      () => this.#owner?.check(wire),
      () => void this.#dispatch(wire, onDone),
      (error) => {
        this.#reporter.ignore(error);
        onDone?.(true);
      },
    );
  }

  async #dispatch(wire: WireMessage, onDone?: OnDone): Promise<void> {
    const owner = this.#owner;
    const message = owner?.toMessage(wire);
    if (owner === undefined || message === undefined) return;
    let hasFailed = false;
    const onError = (error: unknown) => {
      hasFailed = true;
      this.#reporter.report(error);
    };
    await this.#listeners.dispatch(message, onError, owner.isNamed(wire));
    onDone?.(hasFailed);
  }
}
