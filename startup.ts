/**
 * What a server says when it starts.
 *
 * @module
 */

import { formatAddress } from "./listen.ts";
import type { Log } from "./log.ts";

const UNKNOWN =
  "'supportedOperations' or 'unsupportedOperations' name operations that there are none of";

/** A server that listens. */
interface Listener {
  readonly addr: Deno.NetAddr;
  readonly url: string;
  readonly token: string;
}

/** Says where a server listens, and with what token unless that is to be hidden. */
export function announce(
  log: Log,
  { addr, url, token }: Listener,
  { hideToken, login }: {
    readonly hideToken: boolean;
    readonly login: unknown;
  },
): void {
  // A login of the host may take quite other tokens.
  const isHidden = hideToken || login !== undefined || token === "";
  const rest = isHidden ? "" : ` with token ${token}`;
  log.info("startup", `starting server on ${formatAddress(addr)}${rest}`);
  log.http(() => `listening on ${url}`);
}

/** Warns of options that there are none of, which only a type check finds otherwise. */
export function reportUnknown(log: Log, names: readonly string[]): void {
  for (const name of names) {
    log.warn("options", `there is no option ${JSON.stringify(name)}`);
  }
}

/** The operations of a server. */
interface Registry {
  /** Those of the contract that nobody handles */
  readonly missing: readonly string[];
  readonly operations: { has(name: string): boolean };
}

/** Warns of operations that are spoken of, and that clients will call in vain. */
export function reportMissing(
  log: Log,
  registry: Registry,
  listed: readonly string[],
): void {
  if (registry.missing.length === 0 && listed.length === 0) return;
  const warn = (key: string, text: string, names: readonly string[]) => {
    if (names.length > 0) log.warn(key, `${text} so far: ${names.join(", ")}`);
  };
  // After the program has had its turn to add them.
  setImmediate(() => {
    const { missing, operations } = registry;
    const unknown = listed.filter((name) => !operations.has(name));
    warn("contract", "there are operations without a handler", missing);
    warn("options", UNKNOWN, unknown);
  });
}
