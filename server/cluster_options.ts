/**
 * The options of a server that is one of several.
 *
 * @module
 */

import type { Engine } from "../broker/engine.ts";
import { checkBoolean, invalidType } from "../common/check.ts";

/** The options of a server that is one of several. */
export interface ClusterOptions {
  /**
   * Connects several servers, so that they act as one: `nats(…)`, `redis(…)` or `memory()`. The
   * server connects when it is created, and accepts clients as soon as it is connected. If
   * omitted, the server is alone.
   */
  readonly broker?: Engine | undefined;
  /**
   * Whether `GET /hoist/health` has the status 503 while the broker is down. A load balancer then
   * sends new clients to other servers. The clients that are connected stay in any case.
   *
   * @default {false}
   */
  readonly requireBroker?: boolean | undefined;
}

/** The options after the checks. */
export interface ResolvedClusterOptions {
  /** `undefined` if the server is alone */
  readonly broker: Engine | undefined;
  readonly requireBroker: boolean;
}

/** The names of the options. */
export const CLUSTER_KEYS: Readonly<Record<keyof ClusterOptions, true>> = {
  broker: true,
  requireBroker: true,
};

const SERVE = "Cannot serve";

/** Checks the options, and adds the defaults. */
export function resolveClusterOptions(
  { broker, requireBroker = false }: ClusterOptions,
): ResolvedClusterOptions {
  checkBoolean(SERVE, "requireBroker", requireBroker);
  if (broker !== undefined && !isEngine(broker)) {
    const needed = "a broker, such as the result of nats() or redis()";
    throw invalidType(SERVE, "'broker'", needed, broker);
  }
  if (requireBroker && broker === undefined) {
    throw new TypeError(
      `${SERVE}: 'requireBroker' needs a broker. Pass one as the option 'broker'.`,
    );
  }
  return { broker, requireBroker };
}

function isEngine(value: Partial<Engine> | null): boolean {
  return typeof value === "object" && value !== null &&
    typeof value.open === "function" && typeof value.name === "string";
}
