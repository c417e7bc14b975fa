/**
 * How the server of the long run is set.
 *
 * @module
 */

import type { ServeOptions } from "@hoist/cli";
import type { ServerSettings } from "../commands.ts";
import { LIMITS } from "../limits.ts";

/** The options of the server. */
export function optionsOf({ capacity }: ServerSettings): ServeOptions {
  return {
    hostname: "127.0.0.1",
    port: 0,
    hideToken: true,
    // Clients that are to be locked out come from addresses of their own.
    trustProxy: true,
    limits: {
      ...LIMITS,
      maxConnections: capacity,
      maxConnectionsPerAddress: capacity,
    },
  };
}
