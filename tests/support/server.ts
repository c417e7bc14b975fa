/** Starts a server for a test, and connects clients to it. */

import { connect } from "../../client.ts";
import type { ConnectOptions } from "../../client/options.ts";
import type { Connection } from "../../client/connection.ts";
import { serve, type ServeOptions, type Server } from "../../server.ts";
import { canBeDrawn } from "../../tools/lib/ports.ts";
import { LogRecorder } from "./log_recorder.ts";

/**
 * Starts a server on a free port of the loopback interface without log output. A test that
 * chooses the port, for example for a server that starts again, takes it from `freePort`.
 */
export function serveQuietly(options: ServeOptions = {}): Server {
  if (canBeDrawn(options.port ?? 0)) {
    throw new Error(
      `Any connection can take port ${options.port}: use freePort()`,
    );
  }
  return serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    ...options,
  });
}

/** Connects a client to a server. */
export function connectTo(
  server: Pick<Server, "url">,
  options: ConnectOptions = {},
): Promise<Connection> {
  return connect("test", { url: server.url, ...options });
}

/** Connects several clients. */
export function connectMany(
  server: Pick<Server, "url">,
  count: number,
): Promise<readonly Connection[]> {
  return Promise.all(Array.from({ length: count }, () => connectTo(server)));
}
