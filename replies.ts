/**
 * The replies to a message that was sent to a server, as they come.
 *
 * @module
 */

import type { Checks } from "./checks.ts";
import type { WireMessage } from "./protocol.ts";
import { Sequence } from "./sequence.ts";
import type { ServerMessage } from "./server_message.ts";

/** Collects replies, those that fit the contract. */
export class Replies {
  readonly #asked: string;
  readonly #checks: Checks | undefined;
  readonly #accept: (wire: WireMessage) => ServerMessage;
  readonly #sequence = new Sequence();
  readonly #replies: ServerMessage[] = [];
  #failure: { readonly error: unknown } | undefined;

  /**
   * Constructs `Replies`.
   *
   * @param asked The name of the message that they reply to
   * @param checks What they are held against, if anything
   * @param accept Is called with each that fits, in their order; it does not throw
   */
  constructor(
    asked: string,
    checks: Checks | undefined,
    accept: (wire: WireMessage) => ServerMessage,
  ) {
    this.#asked = asked;
    this.#checks = checks;
    this.#accept = accept;
  }

  /** A reply has come. */
  add(wire: WireMessage): void {
    this.#sequence.add(
      () => this.#checks?.reply(this.#asked, wire),
      () => void this.#replies.push(this.#accept(wire)),
      (error) => this.#failure ??= { error },
    );
  }

  /**
   * All of them have come.
   *
   * @returns Those that there are
   *
   * @throws {ValidationError} If one of them does not fit
   */
  async all(): Promise<readonly ServerMessage[]> {
    if (this.#sequence.done !== undefined) await this.#sequence.done;
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#replies;
  }
}
