/**
 * The errors for data that waits in the client, and that exceeds `maxBuffered`.
 *
 * @module
 */

import { BufferFullError } from "../common/errors.ts";

/** Returns the error for a request that does not fit behind the unsent data. */
export function sendBufferFull(
  subject: string,
  maxBuffered: number,
): BufferFullError {
  return new BufferFullError(
    `Cannot send ${subject}: more than ${maxBuffered} bytes wait to be sent, because the server or the network is too slow. Await earlier requests first, or raise 'maxBuffered'.`,
  );
}

/** Returns the error for a request that does not fit into the queue of a reconnect. */
export function queueFull(
  subject: string,
  maxBuffered: number,
): BufferFullError {
  return new BufferFullError(
    `Cannot send ${subject}: more than ${maxBuffered} bytes wait until the client has reconnected. Call again when the state is 'open', or raise 'maxBuffered'.`,
  );
}

/** Returns the error for a message to a room that waits behind too many others. */
export function roomBufferFull(
  subject: string,
  maxBuffered: number,
): BufferFullError {
  return new BufferFullError(
    `Cannot publish ${subject}: the messages to rooms that wait for their answers have more than ${maxBuffered} bytes. Await earlier messages first, or raise 'maxBuffered'.`,
  );
}

/** Returns the error for a message with too many replies. */
export function repliesFull(
  subject: string,
  maxBuffered: number,
): BufferFullError {
  return new BufferFullError(
    `Cannot finish ${subject}: the replies to the messages in progress have more than ${maxBuffered} bytes, and this message has most of them. Use a stream, or raise 'maxBuffered'.`,
  );
}

/** Returns the error for a stream whose items have more than `limit` bytes together. */
export function streamFull(subject: string, limit: number): BufferFullError {
  return new BufferFullError(
    `Cannot continue ${subject}: the items that wait to be consumed have more than ${limit} bytes. Consume them faster, use a smaller 'buffer', or raise 'maxBuffered'.`,
  );
}
