/** Connections to servers of NATS for tests. */

import { NatsBroker } from "../../broker/nats_broker.ts";
import { NatsLink } from "../../broker/nats_link.ts";
import {
  type NatsOptions,
  resolveNatsOptions,
} from "../../broker/nats_options.ts";
import type { NatsEngine } from "../../tools/engines/nats.ts";

/** How often lost messages are looked for, in milliseconds: not during a test. */
const SYNC_INTERVAL = 600_000;

/** Creates a connection to a server of NATS, which has not started. */
export function linkTo(
  engine: NatsEngine,
  options: Partial<NatsOptions> = {},
): NatsLink {
  return new NatsLink(
    resolveNatsOptions({ servers: [engine.url], ...options }),
  );
}

/** Creates a broker, which has not started. */
export function openBroker(
  engine: NatsEngine,
  options: Partial<NatsOptions> = {},
  syncInterval = SYNC_INTERVAL,
): { readonly link: NatsLink; readonly broker: NatsBroker } {
  const link = linkTo(engine, options);
  return { link, broker: new NatsBroker({ link, syncInterval }) };
}

/** Waits until a connection is made again. */
export async function untilUp(link: NatsLink): Promise<void> {
  while (!link.isUp) await pause(5);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
