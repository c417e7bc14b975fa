/**
 * Connects the servers of a deployment over NATS.
 *
 * @module
 */

import type { Engine, EngineConnection } from "./engine.ts";
import { NatsBroker } from "./nats_broker.ts";
import { NatsCluster } from "./nats_cluster.ts";
import { NatsLink } from "./nats_link.ts";
import { type NatsOptions, resolveNatsOptions } from "./nats_options.ts";

export type { Engine } from "./engine.ts";
export type { NatsCredentials, NatsOptions } from "./nats_options.ts";

/** How often lost messages are looked for, in milliseconds, roughly. */
const SYNC_INTERVAL = 30_000;

/**
 * Creates an engine for NATS 2.11 or later with JetStream. It connects when a server starts.
 *
 * The program needs the permission `--allow-net` for the servers of NATS.
 *
 * @param options The servers of NATS, and how to log in
 * @returns The value of the option `broker` of each server
 *
 * @throws {TypeError} If an option is unknown, missing, or has the wrong type or form
 * @throws {RangeError} If `replicas` is out of range
 *
 * @example
 * ```ts
 * import { nats } from "@hoist/cli/nats";
 *
 * const broker = nats({ servers: ["tls://n1.example.com"], prefix: "app1" });
 * console.log(broker.name);
 * ```
 */
export function nats(options: NatsOptions): Engine {
  const resolved = resolveNatsOptions(options);
  return { name: "NATS", open };

  function open(): EngineConnection {
    const link = new NatsLink(resolved);
    return {
      broker: new NatsBroker({ link, syncInterval: SYNC_INTERVAL }),
      cluster: new NatsCluster(link),
    };
  }
}
