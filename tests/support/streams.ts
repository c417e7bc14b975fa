/** A server with a stream, and functions that read streams. */

import type { OperationStream } from "../../client/stream.ts";
import type { Json } from "../../common/json.ts";
import { serveQuietly } from "./server.ts";

/** Starts a server whose operation `count` is a generator, and records how it ends. */
export function serveCount(options = {}) {
  const server = serveQuietly(options);
  const ends: string[] = [];
  const ended = Promise.withResolvers<void>();
  const progress = { count: 0 };
  server.operation("count", async function* ({ to = Infinity }, { signal }) {
    try {
      for (let n = 1; n <= Number(to); n++) {
        progress.count = n;
        yield n;
      }
    } finally {
      ends.push(signal.aborted ? String(signal.reason.message) : "finished");
      ended.resolve();
    }
  });
  return {
    server,
    ends,
    ended: ended.promise,
    progress,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Returns the first items of a stream. */
export async function take(
  stream: OperationStream<Json>,
  count: number,
): Promise<Json[]> {
  const items: Json[] = [];
  for await (const item of stream) {
    if (items.push(item) === count) break;
  }
  return items;
}

/** Returns all items of a stream. */
export async function collect(stream: OperationStream): Promise<Json[]> {
  return await Array.fromAsync(stream);
}
