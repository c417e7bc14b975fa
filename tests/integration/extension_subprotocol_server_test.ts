/** The subprotocol that the server selects: docs/reference/protocol.md, "Extensions". */

import assert from "node:assert/strict";
import { VERSION } from "../../version.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

for (
  const [offered, echoed] of [
    [[], null],
    [["hoist.v1"], "hoist.v1"],
    [["other, hoist.v1"], "hoist.v1"],
    [["hoist.v1,other"], "hoist.v1"],
    [["other,hoist.v1"], "hoist.v1"],
    [["other", "hoist.v1"], "hoist.v1"],
    [["hoist.v1, hoist.heartbeat"], "hoist.v1"],
    [["hoist.heartbeat", "hoist.v1"], "hoist.v1"],
    [["hoist.heartbeat"], null],
    [["other"], null],
    [["hoist.v2"], null],
    [["hoist.v11"], null],
    [["xhoist.v1"], null],
    [["hoist.v1;q=1"], null],
  ] as const
) {
  Deno.test(`the server selects ${echoed} of the subprotocols ${JSON.stringify(offered)}`, async () => {
    await using server = serveQuietly();
    const headers = offered.map((name) => `Sec-WebSocket-Protocol: ${name}`);
    using peer = await TcpPeer.open(server, headers);
    assert.equal(peer.response.status, 101);
    assert.equal(peer.response.headers.get("sec-websocket-protocol"), echoed);
    await peer.send({ id: 0, token: "test", version: "1.0.0" });
    assert.equal((await peer.next()).code, 0);
  });
}

Deno.test("a WebSocket that offers the subprotocol opens", async () => {
  await using server = serveQuietly();
  const url = `${server.url.replace("http", "ws")}/hoist`;
  const socket = new WebSocket(url, ["hoist.v1"]);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  assert.equal(socket.protocol, "hoist.v1");
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
});

Deno.test("the ack names the subprotocols", async () => {
  await using server = serveQuietly();
  const response = await fetch(`${server.url}/hoist/ack`);
  assert.deepEqual(await response.json(), {
    version: VERSION,
    protocols: ["hoist.v1", "hoist.heartbeat"],
  });
});
