/**
 * Whether the WebSocket of Deno uses a proxy of the environment for a URL.
 *
 * @module
 */

import { groupsOf, parseAddress } from "../common/ip.ts";

/**
 * Reads a variable of the environment. Returns `undefined` if it is not set, and `null` if
 * the program has no permission to read it.
 */
export type ReadVariable = (name: string) => string | undefined | null;

/** `"unknown"` if the program has no permission to read the environment */
export type ProxyUse = "proxy" | "direct" | "unknown";

/**
 * Returns whether there is a proxy for a URL. If this is in doubt, it returns `"proxy"`,
 * because the WebSocket of the runtime knows all rules.
 *
 * @param url The URL, with the protocol `ws:` or `wss:`
 * @param read Reads a variable
 */
export function proxyUse(url: URL, read: ReadVariable): ProxyUse {
  const scheme = url.protocol === "wss:" ? "https" : "http";
  const names = [`${scheme}_proxy`, "all_proxy"];
  const values = names.flatMap((
    name,
  ) => [read(name.toUpperCase()), read(name)]);
  if (!values.some((value) => value)) {
    return values.includes(null) ? "unknown" : "direct";
  }
  // If the first one is set, Deno ignores the second one, also if it is empty.
  const exceptions = [read("NO_PROXY"), read("no_proxy")]
    .find((value) => value !== undefined) ?? "";
  return isException(url, exceptions) ? "direct" : "proxy";
}

function isException({ hostname }: URL, exceptions: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const bits = bitsOf(host);
  return exceptions.split(",").map((entry) => entry.trim()).some((entry) =>
    bits === undefined ? isDomainOf(host, entry) : isInNetwork(bits, entry)
  );
}

/**
 * Whether a host is a domain, or below it. Deno compares the case. To Deno, `*` is every
 * domain, and no address.
 */
function isDomainOf(host: string, domain: string): boolean {
  if (domain === "*") return true;
  const name = domain.replace(/^\./, "");
  return name !== "" && (host === name || host.endsWith(`.${name}`));
}

/** Whether an address is another one, or in a network such as `10.0.0.0/8` or `fd00::/8`. */
function isInNetwork(bits: string, network: string): boolean {
  const [, prefix = "", length] = /^([^/]*)(?:\/(\d+))?$/.exec(network) ?? [];
  const first = bitsOf(prefix);
  if (first?.length !== bits.length) return false;
  const shared = Number(length ?? bits.length);
  return shared <= bits.length && bits.startsWith(first.slice(0, shared));
}

/** Returns the 32 or 128 bits of an address without a port and without brackets. */
function bitsOf(address: string): string | undefined {
  const normal = parseAddress(address);
  if (normal === undefined || address.startsWith("[")) return undefined;
  if (normal.includes(":")) return joinBits(groupsOf(normal), 16);
  return normal === address
    ? joinBits(normal.split(".").map(Number), 8)
    : undefined;
}

function joinBits(numbers: readonly number[], size: number): string {
  return numbers.map((number) => number.toString(2).padStart(size, "0")).join(
    "",
  );
}
