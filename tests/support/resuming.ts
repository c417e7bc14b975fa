/** A server with a stream that continues after any item, and clients behind a proxy. */

import { connect } from "../../client.ts";
import type { ConnectOptions } from "../../client/options.ts";
import type { Connection } from "../../client/connection.ts";
import { type ServeOptions, type Server, tracked } from "../../server.ts";
import { LogRecorder } from "./log_recorder.ts";
import { FAST_RECONNECT } from "./reconnecting.ts";
import { serveQuietly } from "./server.ts";
import { TcpProxy } from "./tcp_proxy.ts";

/** The options of a stream that continues. */
export const RESUME = { resume: true } as const;

/** Serves `numbers`: 1, 2, … `to`, with their ids. It records where each call began. */
export function serveNumbers(options: ServeOptions = {}) {
  const server = serveQuietly(options);
  const starts: (string | undefined)[] = [];
  server.operation("numbers", async function* ({ to }, { lastEventId }) {
    starts.push(lastEventId);
    yield* numbersAfter(lastEventId, Number(to ?? Infinity));
  });
  return {
    server,
    starts,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Yields the numbers after an id, up to a number. It lets other tasks run. */
export async function* numbersAfter(id: string | undefined, to = Infinity) {
  for (let n = Number(id ?? 0) + 1; n <= to; n++) {
    if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    yield tracked(String(n), n);
  }
}

/** Connects a client that reconnects at once, through a proxy that can cut the line. */
export async function connectThrough(
  server: Pick<Server, "url">,
  options: ConnectOptions = {},
): Promise<{ proxy: TcpProxy; connection: Connection } & AsyncDisposable> {
  const proxy = new TcpProxy(server);
  const { url } = proxy;
  const logger = new LogRecorder();
  const reconnect = FAST_RECONNECT;
  const connection = await connect("test", {
    ...{ url, logger, reconnect, ...options },
  });
  return {
    proxy,
    connection,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** Returns 1, 2, … up to a number. */
export function numbersTo(to: number): number[] {
  return Array.from({ length: to }, (_, n) => n + 1);
}
