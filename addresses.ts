/**
 * Who is behind a connection: addresses, what proxies say of them, and the networks
 * that they count for.
 *
 * @module
 */

/** The header to which each proxy appends the address that it was asked by. */
export const FORWARDED_HEADER = "x-forwarded-for";

/**
 * The address that the outermost of `proxies` proxies was asked by.
 *
 * @param forwarded What stands in `X-Forwarded-For`
 * @param proxies How many proxies append to it, from 1 on
 * @returns The address, or `undefined` if there is none that makes sense
 */
export function forwardedAddress(
  forwarded: string | null,
  proxies: number,
): string | undefined {
  // From the right: what stands further left came from the client, and may be anything.
  const entry = forwarded?.split(",").at(-proxies)?.trim();
  return entry === undefined ? undefined : parseAddress(entry);
}

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
function parseAddress(text: string): string | undefined {
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
