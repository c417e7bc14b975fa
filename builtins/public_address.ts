/**
 * Tells public IP addresses from private, local and reserved ones: the special-purpose
 * registries of IANA, RFC 6890.
 *
 * @module
 */

import { groupsOf } from "../common/ip.ts";

/** The first bits of all addresses of a network */
interface Network {
  readonly bits: bigint;
  readonly length: bigint;
}

/** The IPv6 form of IPv4 addresses: RFC 4291, section 2.5.5.2 */
const IPV4 = network("::ffff:0:0/96");

/** The allocated part of IPv6: RFC 4291, section 2.4 */
const GLOBAL_IPV6 = network("2000::/3");

/** IPv6 networks that embed an IPv4 address, and the number of bits after it */
const CARRIERS: readonly (readonly [Network, bigint])[] = [
  [network("::/96"), 0n],
  [IPV4, 0n],
  // A gateway connects to the embedded address: RFC 6052, section 2.1, and RFC 3056.
  [network("64:ff9b::/96"), 0n],
  [network("2002::/16"), 80n],
];

const PRIVATE: readonly Network[] = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared by the customers of a provider
  "127.0.0.0/8", // this machine
  "169.254.0.0/16", // this link, and the metadata services of clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocols
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // relays to IPv6, deprecated
  "192.168.0.0/16", // private
  "198.18.0.0/15", // measurements
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
  "2001::/23", // protocols, Teredo among them
  "2001:db8::/32", // documentation
  "3fff::/20", // documentation
].map(network);

/**
 * Returns whether an address, in any spelling, belongs to the public internet. A string
 * that is not an address does not, and neither does an address with a zone.
 *
 * @param ip An IPv4 or IPv6 address without brackets
 */
export function isPublicAddress(ip: string): boolean {
  const address = parse(ip);
  if (address === undefined) return false;
  const carried = carriedBy(address);
  if (carried === undefined && !holds(GLOBAL_IPV6, address)) return false;
  return !PRIVATE.some((network) => holds(network, carried ?? address));
}

/** Returns the IPv4 address that an IPv6 address embeds. */
function carriedBy(address: bigint): bigint | undefined {
  const [, shift] = CARRIERS.find(([network]) => holds(network, address)) ?? [];
  return shift === undefined
    ? undefined
    : IPV4.bits | BigInt.asUintN(32, address >> shift);
}

function holds({ bits, length }: Network, address: bigint): boolean {
  const rest = 128n - length;
  return address >> rest === bits >> rest;
}

/** Parses a network such as `10.0.0.0/8`. */
function network(notation: string): Network {
  const [address = "", length = ""] = notation.split("/");
  const before = address.includes(":") ? 0n : 96n;
  return { bits: parse(address)!, length: before + BigInt(length) };
}

/** Returns the 128 bits of an address, or `undefined` if the string is not one. */
function parse(ip: string): bigint | undefined {
  if (!/^[\da-f:.]+$/i.test(ip)) return undefined;
  // In an IPv6 host, a URL needs all four parts and reads none of them as octal.
  const isIpv4 = /^\d+(?:\.\d+){3}$/.test(ip);
  const url = `http://[${isIpv4 ? `::ffff:${ip}` : ip}]`;
  if (!URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  const groups = groupsOf(hostname.slice(1, -1));
  return groups.reduce((bits, group) => bits << 16n | BigInt(group), 0n);
}
