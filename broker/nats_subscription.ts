/**
 * A subscription to a subject of NATS.
 *
 * @module
 */

import type { Msg } from "./nats_client.ts";
import type { OpenConnection } from "./nats_dial.ts";

/** Receives the messages of a subscription. */
export type OnMessage = (message: Msg) => void;

/** A subscription that survives the loss of the connection. */
export class NatsSubscription {
  readonly #subject: string;
  readonly #onMessage: OnMessage;
  #end: (() => void) | undefined;

  /** Constructs a `NatsSubscription`, which is not attached. */
  constructor(subject: string, onMessage: OnMessage) {
    this.#subject = subject;
    this.#onMessage = onMessage;
  }

  /** Subscribes over a connection. */
  attach({ client }: OpenConnection): void {
    const subscription = client.subscribe(this.#subject, {
      // An exception would end the connection.
      callback: (error, message) => {
        if (error === null) this.#onMessage(message);
      },
    });
    this.#end = () => subscription.unsubscribe();
  }

  /** Unsubscribes. */
  detach(): void {
    this.#end?.();
    this.#end = undefined;
  }
}
