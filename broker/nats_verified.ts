/**
 * Where the rooms of this server were a short time ago.
 *
 * The last message of a silent room expires. Only the message itself would prove that nothing
 * after it is missing. But if the room was there a short time ago, a later message cannot have
 * expired yet.
 *
 * @module
 */

/** How much earlier than its messages a position is doubted, in milliseconds. */
const MARGIN = 5_000;

/** The positions of the rooms that this server has read. */
export class NatsVerified {
  readonly #rooms = new Map<
    string,
    { readonly position: string; readonly time: number }
  >();

  /**
   * Returns whether no message after a position can have expired.
   *
   * @param room The name of the room
   * @param position The position
   * @param ttl How long a message is kept, in milliseconds
   */
  has(room: string, position: string, ttl: number): boolean {
    const known = this.#rooms.get(room);
    return known?.position === position &&
      performance.now() - known.time < ttl - MARGIN;
  }

  /** Notes where a room was at a time before it was read. */
  set(room: string, position: string, time: number): void {
    const known = this.#rooms.get(room);
    if (known !== undefined && known.time > time) return;
    this.#rooms.set(room, { position, time });
  }

  /** Forgets a room. */
  delete(room: string): void {
    this.#rooms.delete(room);
  }

  /** Forgets all rooms. */
  clear(): void {
    this.#rooms.clear();
  }
}
