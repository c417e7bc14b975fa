/**
 * A balancer of TCP connections: it passes each connection to the next server, without
 * affinity. If a server does not listen, it tries the one after it.
 *
 * @module
 */

import { type Dial, dial, Relay } from "../lib/relay.ts";

/** The address of a server. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Starts a balancer.
 *
 * @param servers Returns the addresses of all servers
 */
export function balance(servers: () => readonly Address[]): Relay {
  return new Relay(dialInTurn(servers));
}

function dialInTurn(servers: () => readonly Address[]): Dial {
  let turn = 0;
  return async () => {
    const addresses = servers();
    const first = turn++;
    for (let offset = 0; offset < addresses.length; offset++) {
      const address = addresses[(first + offset) % addresses.length]!;
      const connection = await dial(address);
      if (connection !== undefined) return connection;
    }
  };
}
