/**
 * Items of a stream that have an id, so that a client can continue after them:
 * docs/reference/protocol.md, `resume`.
 *
 * @module
 */

import { invalidType } from "./check.ts";
import { byteLength } from "./text.ts";

/** The longest id of an item, in bytes of UTF-8. */
export const MAX_EVENT_ID = 200;

/** Whether a value can be the id of an item: a string of 1 to 200 bytes of UTF-8. */
export function isEventId(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0) return false;
  // The first comparison keeps a long string of a stranger from being read.
  return value.length <= MAX_EVENT_ID && value.isWellFormed() &&
    byteLength(value) <= MAX_EVENT_ID;
}

/** An item of a stream with its id, from {@linkcode tracked} */
export class TrackedItem<Item = unknown> {
  readonly #isTracked = true;
  /** The id, 1 to 200 bytes of UTF-8 */
  readonly id: string;
  /** The item that the client gets */
  readonly item: Item;

  /** @ignore Applications call `tracked`. */
  constructor(id: string, item: Item) {
    this.id = id;
    this.item = item;
  }

  /** Whether a value is a `TrackedItem`; runs no code of the value. */
  static is(value: unknown): value is TrackedItem {
    return typeof value === "object" && value !== null && #isTracked in value;
  }
}

/**
 * Gives an item of a stream an id. After a reconnect, a client with the option `resume`
 * calls the operation again, and its handler gets the id of the last item that has arrived
 * as `context.lastEventId`. The client gets only the item. Its schema in the contract applies
 * to the item, too.
 *
 * A handler that cannot continue after an id must throw an error. Otherwise the client would
 * miss items without noticing. For a log that is lost when the server ends, put the identity of
 * the log into each id, and throw if it is another one.
 *
 * @param id The id, a string of 1 to 200 bytes of UTF-8, unique within the stream
 * @param item The item, which must be a JSON value
 * @returns What the handler yields
 *
 * @throws {TypeError} If the id is not a string, or has a lone surrogate
 * @throws {RangeError} If the id is empty or longer than 200 bytes
 *
 * @example
 * ```ts
 * import { connect, serve, tracked } from "@hoist/cli";
 * import assert from "node:assert/strict";
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * const lines = ["first", "second", "third"];
 * server.operation("lines", async function* (_data, { lastEventId }) {
 *   const next = lastEventId === undefined ? 0 : Number(lastEventId) + 1;
 *   if (!(next in [...lines, ""])) throw new Error(`no line ${next}`);
 *   for (let n = next; n < lines.length; n++) yield tracked(String(n), lines[n]);
 * });
 *
 * await using connection = await connect("test", { url: server.url, reconnect: true });
 * const stream = connection.stream("lines", {}, { resume: true });
 * assert.deepEqual(await Array.fromAsync(stream), lines);
 * ```
 */
export function tracked<Item>(id: string, item: Item): TrackedItem<Item> {
  if (!isEventId(id)) throw invalidId(id);
  return new TrackedItem(id, item);
}

function invalidId(id: unknown): Error {
  const subject = "Cannot track an item";
  if (typeof id !== "string") {
    return invalidType(subject, "its id", "a string", id);
  }
  if (!id.isWellFormed()) {
    return new TypeError(
      `${subject}: its id has a lone surrogate. Pass a string of whole characters.`,
    );
  }
  return new RangeError(
    `${subject}: its id must have 1 to ${MAX_EVENT_ID} bytes. It has ${
      byteLength(id)
    }. Pass a shorter string, such as a number or a hash.`,
  );
}
