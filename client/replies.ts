/**
 * The replies to a message of the client.
 *
 * @module
 */

import { SerialQueue } from "../common/async.ts";
import type { WireMessage } from "../protocol/message.ts";
import type { RequestEvents } from "./link.ts";
import type { ContractChecks } from "./validate.ts";

/** Collects the replies to one message in the order of their arrival. */
export class Replies<Reply> implements RequestEvents {
  /** The number that the server gave to the message */
  messageId = 0;
  readonly #name: string;
  readonly #checks: Pick<ContractChecks, "reply"> | undefined;
  readonly #accept: (wire: WireMessage) => Reply;
  readonly #replies: Reply[] = [];
  /** Created by the first reply that is validated. */
  #queue: SerialQueue | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Constructs `Replies`.
   *
   * @param name The name of the message
   * @param checks Validates each reply; `undefined` if the client trusts the server
   * @param accept Called with each valid reply, in order; must not throw
   */
  constructor(
    name: string,
    checks: Pick<ContractChecks, "reply"> | undefined,
    accept: (wire: WireMessage) => Reply,
  ) {
    this.#name = name;
    this.#checks = checks;
    this.#accept = accept;
  }

  onOpen(messageId: number): void {
    this.messageId = messageId;
  }

  onReply(wire: WireMessage): void {
    const checks = this.#checks;
    if (checks === undefined) return this.#add(wire);
    this.#queue ??= new SerialQueue();
    this.#queue.add(
      () => checks.reply(this.#name, wire),
      () => this.#add(wire),
      (error) => this.#failure ??= { error },
    );
  }

  /**
   * Waits until all replies are validated.
   *
   * @returns The replies
   *
   * @throws {ValidationError} If a reply does not match its schema
   */
  async all(): Promise<readonly Reply[]> {
    if (this.#queue?.done !== undefined) await this.#queue.done;
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#replies;
  }

  #add(wire: WireMessage): void {
    this.#replies.push(this.#accept(wire));
  }
}
