/**
 * The engine that connects the servers of a deployment, such as NATS or Redis: the option
 * `broker` of a server.
 *
 * @module
 */

import type { Broker } from "./broker.ts";
import type { Cluster } from "./cluster.ts";

/** What one server uses of an engine. Both parts can share a connection. */
export interface EngineConnection {
  /** Carries the messages of rooms */
  readonly broker: Broker;
  /** Connects the servers; it starts before the broker and ends after it */
  readonly cluster: Cluster;
}

/** An engine, as an application passes it to a server. */
export interface Engine {
  /** Its name, for the log: such as `NATS` */
  readonly name: string;
  /** @ignore Servers call this. The connection begins when its parts start. */
  open(): EngineConnection;
}
