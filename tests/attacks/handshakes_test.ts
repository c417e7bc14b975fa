/** Handshakes that are not allowed. */

import assert from "node:assert/strict";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer, UPGRADE } from "../support/tcp_peer.ts";

/** Replaces the headers of a handshake whose names are in the new ones. */
function withHeaders(...headers: readonly string[]): readonly string[] {
  const names = headers.map((header) => header.split(":")[0]);
  const others = UPGRADE.filter((header) => {
    return !names.includes(header.split(":")[0]);
  });
  return [...others, ...headers];
}

const KEY = "Sec-WebSocket-Key";

const HOST = "Host: localhost";

/** The headers of handshakes that no server accepts. */
const INVALID: Readonly<Record<string, readonly string[]>> = {
  "an empty key": withHeaders(`${KEY}:`),
  "a short key": withHeaders(`${KEY}: c2hvcnQ=`),
  "a long key": withHeaders(`${KEY}: ${btoa("seventeen bytes..")}`),
  "a key that is not base64": withHeaders(`${KEY}: not base64 at all!!!!!==`),
  "no host, as in HTTP/1.0": UPGRADE.filter((header) => header !== HOST),
  "a page without TLS in front of a proxy with TLS": [
    ...UPGRADE,
    "Origin: http://localhost",
    "X-Forwarded-Proto: https",
  ],
  "a host with a path": withHeaders("Host: localhost/hoist?"),
  "a host with a user": withHeaders("Host: user@localhost"),
};

for (const [what, standard] of Object.entries(INVALID)) {
  Deno.test(`a handshake with ${what} opens no WebSocket`, async () => {
    await using server = await AttackedServer.start();
    using peer = await TcpPeer.open(server, [], { standard });
    const { status } = peer.response;
    assert(status >= 400 && status < 500, `the status is ${status}`);
  });
}
