/**
 * The events of one room, on their way to its callers.
 *
 * @module
 */

import { SerialQueue } from "../common/async.ts";
import type { PublicationFrame } from "../protocol/room_message_types.ts";
import type { RoomContext } from "./room_context.ts";
import { RoomMessage } from "./room_message.ts";
import type { RoomUser, RoomUsers } from "./room_users.ts";
import type { Checking } from "./validate.ts";

/** Passes on events in the order of their arrival, even if a schema is asynchronous. */
export class RoomEvents {
  readonly #context: Pick<RoomContext, "log" | "checks">;
  readonly #users: RoomUsers;
  readonly #queue = new SerialQueue();

  /**
   * Constructs `RoomEvents`.
   *
   * @param context The log and the checks of the connection
   * @param users The callers of the room
   */
  constructor(context: Pick<RoomContext, "log" | "checks">, users: RoomUsers) {
    this.#context = context;
    this.#users = users;
  }

  /** Validates a message, and passes it on after all earlier events. */
  add(frame: PublicationFrame): void {
    const { log, checks } = this.#context;
    this.#queue.add(
      (): Checking => checks?.roomEvent(frame.room, frame.message),
      () => this.#pass(frame),
      (error) => log.ignore(error),
    );
  }

  /** Calls a function with each caller, after all earlier events. */
  each(callback: (user: RoomUser) => void): void {
    const call = () => this.#users.each(callback);
    this.#queue.add(() => {}, call, call);
  }

  #pass({ message, ...source }: PublicationFrame): void {
    const { message: name } = message;
    if (!this.#users.hear(name)) this.#context.log.unheard(name);
    const received = new RoomMessage(message, source);
    this.#users.each((user) => user.onMessage(received));
  }
}
