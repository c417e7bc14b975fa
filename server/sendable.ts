/**
 * Checks that the contract has what the application of a server sends.
 *
 * @module
 */

import { describeMessage, describeRoom } from "../common/text.ts";
import { assertNamed } from "../contract/checks.ts";
import { type Contract, repliesTo } from "../contract/contract.ts";
import { eventsOf, type RoomEntry } from "../contract/room_entry.ts";
import type { WireMessage } from "../protocol/message.ts";

/**
 * Checks that the contract has an event or a reply before it is sent.
 *
 * @throws {TypeError} If the contract does not have it
 */
export function assertSendable(
  contract: Contract,
  name: string,
  replying: WireMessage | null,
): void {
  const message = describeMessage(name);
  if (replying === null) {
    return assertNamed(`Cannot send ${message}`, contract.events, name);
  }
  const request = describeMessage(replying.message);
  const replies = repliesTo(contract.messages, replying.message);
  assertNamed(`Cannot reply with ${message} to ${request}`, replies, name);
}

/**
 * Checks that the contract has an event of a room before the application sends it.
 *
 * @throws {TypeError} If the contract does not have it
 */
export function assertRoomEvent(
  entry: RoomEntry | undefined,
  room: string,
  event: string,
): void {
  if (entry === undefined) return;
  const subject = `Cannot send ${describeMessage(event)} to ${
    describeRoom(room)
  }`;
  assertNamed(subject, eventsOf(entry), event);
}
