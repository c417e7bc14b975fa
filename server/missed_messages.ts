/**
 * Sends the messages that a client missed in a room, no faster than the client reads them.
 *
 * @module
 */

import type { Publication } from "../broker/broker.ts";
import type { RoomIdentity } from "./room_identities.ts";
import { type FairScheduler, Retry } from "./scheduler.ts";
import type { SlowClient } from "./waiting_events.ts";

/** How many missed messages are sent in one turn of the event loop. */
const FRAMES_PER_TURN = 32;

/** The pause before the history is read again, in milliseconds. */
const PAUSE = 1_000;

/** The connection of a member. */
export interface MemberHost extends SlowClient {
  readonly identity: RoomIdentity;
  readonly scheduler: FairScheduler;
  /** Called with the length of the messages that were read for the client, in UTF-16 units. */
  onRead(units: number): void;
}

/** The client that gets the messages. */
export interface MissingReader {
  readonly host: MemberHost;
  /** Returns the frame with a message; `undefined` if it is not for the client */
  encode(publication: Publication): string | undefined;
}

/** Sends the first missed messages, as many as one turn allows; returns the rest. */
export function sendFirst(
  { host, encode }: MissingReader,
  publications: readonly Publication[],
): readonly Publication[] {
  const { transport } = host;
  let index = 0;
  for (; index < Math.min(publications.length, FRAMES_PER_TURN); index++) {
    const publication = publications[index]!;
    if (!transport.hasCapacity(publication.payload.length)) break;
    const frame = encode(publication);
    if (frame !== undefined) transport.send(frame);
    host.onRead(publication.payload.length);
  }
  return publications.slice(index);
}

/**
 * Sends the other missed messages when the client has read the first ones.
 *
 * @param reader The client
 * @param publications The messages
 * @param isCurrent Whether the client still wants them
 */
export async function sendRest(
  reader: MissingReader,
  publications: readonly Publication[],
  isCurrent: () => boolean,
): Promise<void> {
  const { transport, scheduler } = reader.host;
  for (let rest = publications; rest.length > 0;) {
    const { length } = rest[0]!.payload;
    if (!transport.hasCapacity(length)) await transport.drained();
    await new Promise<void>((resolve) => scheduler.add(resolve));
    if (!isCurrent() || transport.closed !== undefined) return;
    rest = sendFirst(reader, rest);
  }
}

/** Resolves when the history can be read again, after the broker could not be reached. */
export function pauseReading(): Promise<void> {
  // A random part, so that not all clients of a room try at once.
  const pause = new Retry(PAUSE * (0.5 + Math.random()), () => {});
  pause.unref();
  return pause.ended;
}
