/** The frames of streams, and a server that answers them. */

import assert from "node:assert/strict";
import type { ServeOptions, Server } from "../../server.ts";
import { RawClient, SUCCESS } from "./raw_client.ts";
import { serveQuietly } from "./server.ts";

/** The frame that starts a stream. */
export function stream(
  id: number,
  name: string,
  credit: unknown,
  data: unknown = {},
) {
  return { id, action: "stream", data: { operation: name, data, credit } };
}

/** The frame that starts or continues a stream whose items have ids. */
export function resumable(
  id: number,
  name: string,
  credit: unknown,
  lastEventId: unknown,
) {
  const data = { operation: name, data: {}, credit, lastEventId };
  return { id, action: "stream", data };
}

/** The frame that adds credit to a stream. */
export function credit(id: unknown, credit: unknown) {
  return { id, action: "credit", data: { credit } };
}

/** The frame that cancels a stream. */
export function cancel(id: unknown) {
  return { id, action: "cancel", data: {} };
}

/** Starts a server with an endless stream, and counts its items and ends. */
export function serveEndless(options: ServeOptions = {}) {
  const server = serveQuietly(options);
  const progress = { count: 0, ended: 0 };
  server.operation("endless", async function* () {
    try {
      for (;;) yield ++progress.count;
    } finally {
      progress.ended++;
    }
  });
  server.operation("three", async function* () {
    yield* [1, 2, 3];
  });
  server.operation("one", () => 1);
  return {
    server,
    progress,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Logs in a client that supports streams. */
export function login(server: Server): Promise<RawClient> {
  return RawClient.logIn(server, ["stream"]);
}

/** Returns the next items of a stream, from one or more frames. */
export async function takeItems(
  client: RawClient,
  count: number,
): Promise<unknown[]> {
  const items: unknown[] = [];
  while (items.length < count) {
    const frame = await client.next();
    assert.equal(frame.message, "items");
    items.push(...frame.data.items);
  }
  return items;
}

/** The end of a stream, without its id. */
export const DONE = { ...SUCCESS, message: "done" };
