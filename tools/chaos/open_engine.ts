/**
 * Opens the engine in a node.
 *
 * @module
 */

import type { Engine } from "../../broker/engine.ts";
import { LOGIN, type NodeSettings } from "./commands.ts";

/** How often each room looks for lost messages, in milliseconds. */
const SYNC_INTERVAL = 3_000;

/** Creates the engine of a node. Only the modules of this engine are loaded. */
export function openEngine(settings: NodeSettings): Promise<Engine> {
  return settings.engine === "nats" ? openNats(settings) : openRedis(settings);
}

async function openNats({ address }: NodeSettings): Promise<Engine> {
  const { resolveNatsOptions } = await load("nats_options");
  const { NatsLink } = await load("nats_link");
  const { NatsBroker } = await load("nats_broker");
  const { NatsCluster } = await load("nats_cluster");
  const servers = [`nats://${address.hostname}:${address.port}`];
  const options = resolveNatsOptions({ servers, credentials: LOGIN });
  const open = () => {
    const link = new NatsLink(options);
    return {
      broker: new NatsBroker({ link, syncInterval: SYNC_INTERVAL }),
      cluster: new NatsCluster(link),
    };
  };
  return { name: "NATS", open };
}

async function openRedis({ address }: NodeSettings): Promise<Engine> {
  const { checkRedisOptions } = await load("redis_options");
  const { RedisEngine } = await load("redis_engine");
  const { user: username, password } = LOGIN;
  const url = `redis://${address.hostname}:${address.port}`;
  const settings = checkRedisOptions({ url, username, password });
  return new RedisEngine(settings, SYNC_INTERVAL);
}

/**
 * Loads a module of the package by its name. `deno check` of the package does not follow the
 * import, so that the packages of the engines are not in its lock file.
 */
async function load(name: string) {
  return await import(new URL(`../../broker/${name}.ts`, import.meta.url).href);
}
