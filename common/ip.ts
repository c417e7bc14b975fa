/**
 * Who is behind a connection: addresses, what proxies say of them, and the networks
 * that they count for.
 *
 * @module
 */

/**
 * What limits for one address count by: the address itself or, for IPv6, its /64
 * network, as every client has so many addresses.
 *
 * @param address An address, as {@linkcode forwardedAddress} or Deno tells it
 */
export function networkOf(address: string): string {
  const normal = parseAddress(address);
  if (normal === undefined || !normal.includes(":")) return address;
  const groups = groupsOf(normal);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) &&
    groups[5] === 0xffff;
  return isMapped
    ? ipv4Of(groups[6]!, groups[7]!)
    : `${groups.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}

/** An address in its shortest form, without a port, or `undefined` if it is none. */
export function parseAddress(text: string): string | undefined {
  const [, ipv4] = text.match(/^(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/) ?? [];
  if (ipv4 !== undefined) return isIpv4(ipv4) ? ipv4 : undefined;
  const [, bracketed] = text.match(/^\[(.*)\](?::\d+)?$/) ?? [];
  const ipv6 = bracketed ?? text;
  // As one pattern it would take a time that grows with the square of the length.
  if (!ipv6.includes(":") || !/^[\da-f:.]+$/i.test(ipv6)) return undefined;
  const url = `http://[${ipv6}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

function isIpv4(text: string): boolean {
  return text.split(".").every((part) => Number(part) <= 255);
}

/** The eight groups of an IPv6 address in its shortest form. */
export function groupsOf(address: string): readonly number[] {
  const [left = "", right] = address.split("::");
  const before = left.split(":").filter((group) => group !== "");
  const after = right?.split(":").filter((group) => group !== "") ?? [];
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].map((group) => parseInt(group, 16));
}

function ipv4Of(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** An address as logs show it. */
export function formatAddress(address: Deno.Addr | undefined): string {
  if (address === undefined) return "unknown address";
  if ("port" in address && "hostname" in address) {
    return `${bracket(address.hostname)}:${address.port}`;
  }
  return "path" in address ? address.path : address.transport;
}

export function bracket(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
