/**
 * How many streams of the admin contract run: one of them can keep what it knows of all clients.
 *
 * @module
 */

import { ErrorCode } from "../common/codes.ts";
import { quote } from "../common/text.ts";
import { RequestError } from "../protocol/request_error.ts";
import { nameOf } from "../server/connection_log.ts";
import type { Client } from "../server/message.ts";

/** How many streams one connection can read at once. */
export const MAX_STREAMS = 16;

/** How many streams all connections of one admin can read at once. */
export const MAX_STREAMS_OF_NAME = 64;

/** What a limit needs to know of a client. */
type Reader = Pick<Client, "user" | "identity">;

/** Counts the streams of each connection, and of each admin. */
export class StreamPlaces {
  readonly #byClient = new Map<Reader, number>();
  /** By the user or the name of the admins. Those without a name share one place */
  readonly #byName = new Map<string, number>();

  /**
   * Counts a stream, until the result is disposed.
   *
   * @throws {RequestError} If the client, or the admin with all connections, reads too many
   */
  enter(client: Reader): Disposable {
    const name = client.user ?? nameOf(client.identity);
    if (countOf(this.#byClient, client) >= MAX_STREAMS) throw tooMany();
    if (countOf(this.#byName, name) >= MAX_STREAMS_OF_NAME) {
      throw tooManyOf(name);
    }
    add(this.#byClient, client, 1);
    add(this.#byName, name, 1);
    return {
      [Symbol.dispose]: () => {
        add(this.#byClient, client, -1);
        add(this.#byName, name, -1);
      },
    };
  }
}

function countOf<Key>(counts: ReadonlyMap<Key, number>, key: Key): number {
  return counts.get(key) ?? 0;
}

function add<Key>(counts: Map<Key, number>, key: Key, change: number): void {
  const count = countOf(counts, key) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function tooMany(): RequestError {
  return new RequestError(
    ErrorCode.LIMIT_EXCEEDED,
    `the client reads ${MAX_STREAMS} streams of the admin contract. End one of them first.`,
    { data: { limit: "adminStreams", value: MAX_STREAMS } },
  );
}

function tooManyOf(name: string): RequestError {
  const admin = name === ""
    ? "the admins without a name"
    : `the admin ${quote(name)}`;
  return new RequestError(
    ErrorCode.LIMIT_EXCEEDED,
    `${admin} ${
      name === "" ? "read" : "reads"
    } ${MAX_STREAMS_OF_NAME} streams of the admin contract, over all connections. End one of them first, or use a token with another name.`,
    { data: { limit: "adminStreamsPerName", value: MAX_STREAMS_OF_NAME } },
  );
}
