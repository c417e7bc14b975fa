/**
 * Whether the WebSocket of Deno uses a proxy of the environment for a URL.
 *
 * @module
 */

import { parseAddress } from "../common/ip.ts";

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
  return exceptions.split(",").map((entry) => entry.trim()).some((entry) =>
    entry === "*" ||
    (parseAddress(host) === undefined
      ? isDomainOf(host, entry)
      : entry === host || isInNetwork(host, entry))
  );
}

/** Whether a host is a domain, or below it. Deno compares the case. */
function isDomainOf(host: string, domain: string): boolean {
  const name = domain.replace(/^\./, "");
  return name !== "" && (host === name || host.endsWith(`.${name}`));
}

/** Whether an IPv4 address is in a network such as `10.0.0.0/8`. */
function isInNetwork(address: string, network: string): boolean {
  const [prefix = "", length = ""] = network.split("/");
  const first = toNumber(prefix);
  const other = toNumber(address);
  if (first === undefined || other === undefined) return false;
  if (!/^\d+$/.test(length) || Number(length) > 32) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(first / size) === Math.floor(other / size);
}

function toNumber(address: string): number | undefined {
  if (!/^\d+(\.\d+){3}$/.test(address)) return undefined;
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
