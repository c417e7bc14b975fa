/**
 * Opens a WebSocket over a connection: RFC 6455, section 4.1.
 *
 * @module
 */

import {
  acceptValue,
  encodeUpgrade,
  makeKey,
  type UpgradeRequest,
} from "./upgrade_request.ts";
import { type ResponseHead, UpgradeError } from "./upgrade_error.ts";
import { checkUpgrade, HeadReader } from "./upgrade_response.ts";

/** A connection over TCP or TLS */
export interface ByteStream {
  /** Reads some bytes; resolves to their number, or to `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes; resolves to their number. */
  write(bytes: Uint8Array): Promise<number>;
}

/** The size of the buffer for the response, in bytes. */
const BUFFER_SIZE = 4_096;

/**
 * Opens a WebSocket.
 *
 * @param stream The connection to the server
 * @param request The request, without its key
 * @returns The bytes that arrived behind the response
 *
 * @throws {UpgradeError} If the server does not open a WebSocket
 * @throws {TypeError} If a header of the request is invalid
 */
export async function upgrade(
  stream: ByteStream,
  request: Omit<UpgradeRequest, "key">,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = makeKey();
  await writeAll(stream, encodeUpgrade({ ...request, key }));
  const { head, rest } = await readHead(stream);
  checkUpgrade(head, await acceptValue(key), request.protocols);
  return rest;
}

async function writeAll(
  stream: ByteStream,
  bytes: Uint8Array,
): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(await stream.write(rest));
  }
}

/** Reads the head of the response, and returns the bytes behind it. */
async function readHead(stream: ByteStream): Promise<{
  readonly head: ResponseHead;
  readonly rest: Uint8Array<ArrayBuffer>;
}> {
  const reader = new HeadReader();
  const buffer = new Uint8Array(BUFFER_SIZE);
  for (;;) {
    const count = await stream.read(buffer);
    if (count === null) {
      throw new UpgradeError(
        "the server closed the connection without an answer",
      );
    }
    const result = reader.read(buffer.subarray(0, count));
    if (result === undefined) continue;
    const { head, rest } = result;
    return { head, rest: buffer.slice(count - rest, count) };
  }
}
