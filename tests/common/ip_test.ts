/** Tests of `common/ip.ts`. */

import assert from "node:assert/strict";
import { formatAddress, networkOf } from "../../common/ip.ts";

for (
  const [address, expected] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
    // All IPv4 clients behind one NAT64 have addresses of the same /64 network.
    ["64:ff9b::192.0.2.1", "192.0.2.1"],
    ["64:ff9b::c000:0202", "192.0.2.2"],
    ["64:ff9b:1::c000:202", "64:ff9b:1:0::/64"],
  ] as const
) {
  Deno.test(`networkOf("${address}") returns "${expected}"`, () => {
    assert.equal(networkOf(address), expected);
  });
}

// A string that is no address is its own network.
for (const address of ["", "unknown", "localhost", "/run/socket"]) {
  Deno.test(`networkOf() returns "${address}" unchanged`, () => {
    assert.equal(networkOf(address), address);
  });
}

const ADDRESSES: readonly (readonly [Deno.Addr | undefined, string])[] = [
  [{ transport: "tcp", hostname: "127.0.0.1", port: 80 }, "127.0.0.1:80"],
  [{ transport: "tcp", hostname: "::1", port: 80 }, "[::1]:80"],
  [{ transport: "unix", path: "socket" }, "socket"],
  [{ transport: "vsock", cid: 1, port: 2 }, "vsock"],
  [undefined, "unknown address"],
];

for (const [address, text] of ADDRESSES) {
  Deno.test(`formatAddress() returns ${text}`, () => {
    assert.equal(formatAddress(address), text);
  });
}
