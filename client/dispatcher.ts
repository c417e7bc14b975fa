/**
 * The dispatcher passes the messages of a server to the listeners.
 *
 * @module
 */

import { SerialQueue } from "../common/async.ts";
import { type Listener, Listeners } from "../common/listeners.ts";
import { OTHER } from "../common/telemetry.ts";
import { describeMessage } from "../common/text.ts";
import type { Contract } from "../contract/contract.ts";
import { assertNamed } from "../contract/checks.ts";
import type { WireMessage } from "../protocol/message.ts";
import type { MessageReceiver, ServerRequest } from "./link.ts";
import type { ClientLog } from "./log.ts";
import type { ServerMessage } from "./message.ts";
import type { RequestSpans } from "./telemetry.ts";
import type { ContractChecks } from "./validate.ts";

/** What a dispatcher needs */
export interface DispatcherOptions {
  /** Logs the errors of listeners */
  readonly log: ClientLog;
  /** The contract with the server */
  readonly contract: Contract | undefined;
  /** Validates each message; `undefined` if the client trusts the server */
  readonly checks: Pick<ContractChecks, "message"> | undefined;
  /** Starts the spans of listeners to requests of the server */
  readonly spans: RequestSpans;
  /**
   * Makes what listeners receive. Returns `undefined` if the application has closed the
   * connection, and listeners should not be called any more
   */
  toMessage(
    wire: WireMessage,
    room: string | undefined,
  ): ServerMessage | undefined;
}

/** A message that has arrived */
interface ArrivedMessage {
  readonly wire: WireMessage;
  /** Present if the server waits for the listeners */
  readonly request: ServerRequest | undefined;
  /** The room that the server has put the client into; `undefined` for other messages */
  readonly room: string | undefined;
}

/**
 * Passes messages to listeners in the order of their arrival. Messages that arrive
 * before the application can add a listener wait. Listeners survive a reconnect.
 */
export class Dispatcher implements MessageReceiver {
  readonly #options: DispatcherOptions;
  readonly #listeners = new Listeners<ServerMessage>();
  readonly #queue = new SerialQueue();
  /** The messages that wait for `open()`; `undefined` after it. */
  #early: ArrivedMessage[] | undefined = [];

  /** Constructs a `Dispatcher`. */
  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Dispatches the messages that arrived together with the response to the login. */
  open(): void {
    if (this.#early === undefined) return;
    const early = this.#early;
    this.#early = undefined;
    for (const message of early) this.#deliver(message);
  }

  /** Adds a listener, as `Connection.receive` does. */
  add(
    names: string | readonly string[] | Listener<ServerMessage>,
    listener?: Listener<ServerMessage>,
  ): Disposable {
    for (const name of typeof names === "function" ? [] : [names].flat()) {
      const subject = `Cannot receive ${describeMessage(name)}`;
      assertNamed(subject, this.#options.contract?.events, name);
    }
    // Delayed, because the application can add more listeners in the same turn.
    if (this.#early !== undefined) queueMicrotask(() => this.open());
    return this.#listeners.add(names, listener);
  }

  onMessage(wire: WireMessage, request?: ServerRequest, room?: string): void {
    const message = { wire, request, room };
    if (this.#early !== undefined) this.#early.push(message);
    else this.#deliver(message);
  }

  onInvalid(): void {
    this.#options.log.warn("ignored a frame that is not of Hoist 1");
  }

  /** Validates a message and dispatches it after all earlier ones. */
  #deliver(message: ArrivedMessage): void {
    const { wire, request, room } = message;
    const { checks } = this.#options;
    // Without checks, no message ever waits for an earlier one.
    if (checks === undefined) return void this.#dispatch(message);
    this.#queue.add(
      () => checks.message(wire, room),
      () => void this.#dispatch(message),
      (error) => this.#ignore(error, request),
    );
  }

  #ignore(error: unknown, request: ServerRequest | undefined): void {
    this.#options.log.ignore(error);
    request?.onDone(true);
  }

  async #dispatch({ wire, request, room }: ArrivedMessage): Promise<void> {
    const { log, contract, spans } = this.#options;
    const message = this.#options.toMessage(wire, room);
    if (message === undefined) return;
    let hasFailed = false;
    const onError = (error: unknown) => {
      hasFailed = true;
      log.report(error);
    };
    // With a contract, listeners to a name rely on the type of the event of that name,
    // and a reply or an event of a room can have the same name and another type.
    const isNamed = contract === undefined ||
      wire.replying === null && room === undefined;
    const span = spans.startListeners(wire.message, request?.traceparent);
    const dispatch = () => this.#listeners.dispatch(message, onError, isNamed);
    const called = await (span === undefined ? dispatch() : span.run(dispatch));
    span?.end(hasFailed ? OTHER : undefined);
    // Most replies are read from `replies`, and need no listener.
    if (called === 0 && wire.replying === null) log.unheard(wire.message);
    request?.onDone(hasFailed);
  }
}
