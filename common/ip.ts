/**
 * IP addresses: parsing, formatting, and the networks that limits count by.
 *
 * @module
 */

/** The beginnings of IPv6 addresses that contain one of IPv4: mapped, and of NAT64 (RFC 6052). */
const IPV4_PREFIXES = [[0, 0, 0, 0, 0, 0xffff], [0x64, 0xff9b, 0, 0, 0, 0]];

function startsWith(
  groups: readonly number[],
  prefix: readonly number[],
): boolean {
  return prefix.every((group, index) => groups[index] === group);
}

/**
 * Returns the unit that limits for one address count by. For IPv4 it is the address
 * itself. For IPv6 it is the /64 network, because every client has that many addresses.
 *
 * @param address An address, as Deno or the header `X-Forwarded-For` has it
 */
export function networkOf(address: string): string {
  const normal = parseAddress(address);
  if (normal === undefined || !normal.includes(":")) return address;
  const groups = groupsOf(normal);
  return IPV4_PREFIXES.some((prefix) => startsWith(groups, prefix))
    ? ipv4Of(groups[6]!, groups[7]!)
    : `${groups.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}

/**
 * Parses an address.
 *
 * @param text The address, with or without a port
 * @returns The address in its shortest form and without a port; `undefined` if the
 * string is no address
 */
export function parseAddress(text: string): string | undefined {
  const [, ipv4] = text.match(/^(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/) ?? [];
  if (ipv4 !== undefined) return isIpv4(ipv4) ? copyIpv4(ipv4) : undefined;
  const [, bracketed] = text.match(/^\[(.*)\](?::\d+)?$/) ?? [];
  const ipv6 = bracketed ?? text;
  // One pattern for both would need quadratic time.
  if (!ipv6.includes(":") || !/^[\da-f:.]+$/i.test(ipv6)) return undefined;
  const url = `http://[${ipv6}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

/** Returns a new string, because a part of a long header keeps all of it in memory. */
function copyIpv4(text: string): string {
  return text.split(".").map(Number).join(".");
}

function isIpv4(text: string): boolean {
  return text.split(".").every((part) => Number(part) <= 255);
}

/** Returns the eight groups of an IPv6 address in its shortest form. */
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

/** The address of the other side of a connection, as Deno reports it. */
export interface PeerAddress {
  /** The transport, such as `tcp` */
  readonly transport: string;
  /** The IP address, if the transport has one */
  readonly hostname?: string;
  /** The port, if the transport has one */
  readonly port?: number;
  /** The path of a Unix socket */
  readonly path?: string;
}

/** Formats an address for log lines. */
export function formatAddress(address: PeerAddress | undefined): string {
  if (address === undefined) return "unknown address";
  const { hostname, port, path, transport } = address;
  return hostname !== undefined && port !== undefined
    ? `${bracket(hostname)}:${port}`
    : path ?? transport;
}

/** Puts an IPv6 address into brackets, as in a URL. */
export function bracket(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
