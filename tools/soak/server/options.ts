/**
 * The options of the soak test's server.
 *
 * @module
 */

import type { ServeOptions } from "@hoist/cli";
import type { ServerSettings } from "../commands.ts";
import { IDLE_TIMEOUT, LIMITS } from "../limits.ts";

/** Returns the options of the server. */
export function optionsOf({ capacity }: ServerSettings): ServeOptions {
  return {
    hostname: "127.0.0.1",
    port: 0,
    hideToken: true,
    // Clients that are locked out have addresses of their own.
    trustProxy: true,
    idleTimeout: IDLE_TIMEOUT,
    limits: {
      ...LIMITS,
      maxConnections: capacity,
      maxConnectionsPerAddress: capacity,
      // All clients can connect at once.
      maxUnauthenticated: capacity,
    },
  };
}
