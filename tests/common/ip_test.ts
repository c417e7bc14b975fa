import assert from "node:assert/strict";
import { forwardedAddress } from "../../server/admission.ts";
import { formatAddress, networkOf } from "../../common/ip.ts";

for (
  const [forwarded, proxies, expected] of [
    ["192.0.2.1", 1, "192.0.2.1"],
    ["192.0.2.1", 2, undefined],
    ["a, 192.0.2.1, b", 2, "192.0.2.1"],
    ["192.0.2.1,10.0.0.1", 2, "192.0.2.1"],
    [" 192.0.2.1\t", 1, "192.0.2.1"],
    ["192.0.2.1:80", 1, "192.0.2.1"],
    ["2001:DB8:0:0::1", 1, "2001:db8::1"],
    ["[2001:db8::1]", 1, "2001:db8::1"],
    ["[2001:db8::1]:80", 1, "2001:db8::1"],
    [null, 1, undefined],
    ["", 1, undefined],
    [",", 1, undefined],
    ["unknown", 1, undefined],
    ["1.2.3", 1, undefined],
    ["1.2.3.4.5", 1, undefined],
    ["256.1.1.1", 1, undefined],
    ["0x7f.1.1.1", 1, undefined],
    ["1.2.3.4:port", 1, undefined],
    ["[1.2.3.4]", 1, undefined],
    ["2001:db8::1::2", 1, undefined],
    ["2001:db8::12345", 1, undefined],
    ["fe80::1%eth0", 1, undefined],
    ["::1]/path[", 1, undefined],
    [":".repeat(100_000), 1, undefined],
    // What fails only at its end, too.
    [`${":".repeat(100_000)}x`, 1, undefined],
    ["1.".repeat(100_000), 1, undefined],
  ] as const
) {
  Deno.test(`forwardedAddress(${JSON.stringify(forwarded)?.slice(0, 40)}, ${proxies}) is ${expected}`, () => {
    assert.equal(forwardedAddress(forwarded, proxies), expected);
  });
}

for (
  const [address, expected] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
  ] as const
) {
  Deno.test(`networkOf("${address}") is "${expected}"`, () => {
    assert.equal(networkOf(address), expected);
  });
}

// What is no address still counts by itself.
for (const address of ["", "unknown", "localhost", "/run/socket"]) {
  Deno.test(`networkOf("${address}") is that`, () => {
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
  Deno.test(`formatAddress() shows an address as ${text}`, () => {
    assert.equal(formatAddress(address), text);
  });
}
