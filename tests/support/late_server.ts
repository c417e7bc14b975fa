/** Servers that start after their clients. */

import { createConnection } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { ConnectOptions } from "../../client/options.ts";
import type { TokenFunction } from "../../client/token_source.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { FAST_RECONNECT } from "./reconnecting.ts";
import { serveQuietly } from "./server.ts";

/** A server that does not run yet */
export interface LateServer {
  readonly url: string;
  readonly port: number;
  /** Starts the server. */
  start(options?: ServeOptions): Server;
}

/** Reserves a port for a server that starts later. */
export function lateServer(): LateServer {
  const port = freePort();
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    start: (options = {}) => serveQuietly({ ...options, port }),
  };
}

/** Creates a connection that tries again after short delays. */
export function createFast(
  server: { readonly url: string },
  options: ConnectOptions = {},
  token: string | TokenFunction = "test",
): Connection {
  const reconnect = { ...FAST_RECONNECT };
  return createConnection(token, { url: server.url, reconnect, ...options });
}
