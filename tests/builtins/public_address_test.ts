import assert from "node:assert/strict";
import { isPublicAddress } from "../../builtins/public_address.ts";

/** The first and the last address of each network, and their neighbors */
const IPV4_NETWORKS = [
  [undefined, "0.0.0.0", "0.255.255.255", "1.0.0.0"],
  ["9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"],
  ["100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"],
  ["126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"],
  ["169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"],
  ["172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"],
  ["191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"],
  ["192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"],
  ["192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"],
  ["192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"],
  ["198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"],
  ["198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"],
  ["203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"],
  ["223.255.255.255", "224.0.0.0", "239.255.255.255", undefined],
  [undefined, "240.0.0.0", "255.255.255.255", undefined],
] as const;

for (const [before, first, last, after] of IPV4_NETWORKS) {
  Deno.test(`the addresses from ${first} to ${last} are not public, and their neighbors are`, () => {
    for (const outside of [before, after]) {
      if (outside !== undefined) assert(isPublicAddress(outside), outside);
    }
    for (const inside of [first, last]) assert(!isPublicAddress(inside));
  });
}

/** The ways to embed an IPv4 address in an IPv6 address */
const CARRIERS: Readonly<Record<string, (ipv4: string) => string>> = {
  mapped: (ipv4) => `::ffff:${ipv4}`,
  compatible: (ipv4) => `::${ipv4}`,
  "behind NAT64": (ipv4) => `64:ff9b::${ipv4}`,
  "behind 6to4": (ipv4) => {
    const [a, b, c, d] = ipv4.split(".").map((part) =>
      Number(part).toString(16).padStart(2, "0")
    );
    return `2002:${a}${b}:${c}${d}::1`;
  },
};

for (const [name, carry] of Object.entries(CARRIERS)) {
  Deno.test(`an IPv4 address that is ${name} is checked itself`, () => {
    for (const [before, first, last, after] of IPV4_NETWORKS) {
      for (const outside of [before, after]) {
        if (outside === undefined) continue;
        assert(isPublicAddress(carry(outside)), carry(outside));
      }
      for (const inside of [first, last]) {
        assert(!isPublicAddress(carry(inside)), carry(inside));
      }
    }
  });
}

for (
  const address of [
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700:4700::1111",
    "2606:4700:4700:0:0:0:0:1111",
    "2A00:1450:4001:830::200E",
    "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2003::1",
    "2000::1",
    "3ffe:ffff::1",
    "3fff:1000::",
    "::ffff:808:808",
    "0:0:0:0:0:FFFF:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
  ]
) {
  Deno.test(`${address} is public`, () => {
    assert(isPublicAddress(address));
  });
}

for (
  const address of [
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "0000:0000:0000:0000:0000:0000:0000:0001",
    "::ffff:7f00:1",
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:0:0:0:1:808:808",
    "64:ff9b:1::808:808",
    "100::",
    "100::ffff:ffff:ffff:ffff",
    "100:0:0:1::",
    "1fff:ffff::",
    "2001::1",
    "2001:0:808:808::f7f7:f7f7",
    "2001:2::1",
    "2001:20::1",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::",
    "2002:7f00:1::",
    "2002:a00:1:1::1",
    "3fff::",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::",
    "5f00::1",
    "fbff::",
    "fc00::",
    "fd00:ec2::254",
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff00::",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  ]
) {
  Deno.test(`${address} is not public`, () => {
    assert(!isPublicAddress(address));
  });
}

for (
  const text of [
    "",
    " ",
    "8",
    "8.8.8",
    "8.8.8.8.8",
    "8.8.8.8.",
    "8.8.8.256",
    "8.8.8.-8",
    "8.8.8.08",
    "010.8.8.8",
    "0x8.8.8.8",
    "134744072",
    "0x08080808",
    "8.8.8.8:80",
    "8.8.8.8/32",
    " 8.8.8.8",
    "8.8.8.8\n",
    "٨.٨.٨.٨",
    "[2606:4700:4700::1111]",
    "2606:4700:4700::1111]:80/[",
    "2606:4700:4700::1111%eth0",
    "fe80::1%eth0",
    "::ffff:8.8.8.8%1",
    "2606:4700::4700::1111",
    "2606:4700:4700:1111",
    "2606:4700:4700::11111",
    "1:2:3:4:5:6:7:8:9",
    "2606:4700:4700::8.8.8",
    "2606:4700:4700::8.8.8.8:1",
    ":",
    ":::",
    "localhost",
    "example.org",
    "face",
    ":".repeat(100_000),
    `${":".repeat(100_000)}x`,
    "8.".repeat(100_000),
  ]
) {
  Deno.test(`${JSON.stringify(text.slice(0, 40))} is not an address and not public`, () => {
    assert.equal(isPublicAddress(text), false);
  });
}
