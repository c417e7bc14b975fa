/** Storms of connections that send nothing. */

import assert from "node:assert/strict";
import { repeat } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { connectTo } from "../support/server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { pause } from "../support/timing.ts";

/** The system that shows the descriptors of a process. */
const ignore = Deno.build.os !== "linux";

/** Waits for a condition, for at most a minute; resolves to whether it holds. */
async function holds(condition: () => boolean): Promise<boolean> {
  for (let count = 0; count < 600; count++) {
    if (condition()) return true;
    await pause(100);
  }
  return condition();
}

Deno.test({
  name: "250 idle connections do not end a server with 200 descriptors",
  ignore,
  fn: async () => {
    await using server = await AttackedServer.start({}, "200");
    // If the process ends, it refuses the last ones.
    const connect = () => TcpPeer.connect(server).catch(() => undefined);
    const peers = await repeat(250, 250, connect);
    assert(await holds(() => server.descriptors >= 199 || !server.isRunning));
    // Deno opens the descriptors for its signals half a second after the start at the latest.
    await pause(1_000);
    assert(server.isRunning, server.log.join("\n"));
    for (const peer of peers) peer?.[Symbol.dispose]();
    await using client = await connectTo(server, {
      reconnect: { maxDelay: 500 },
    });
    assert.deepEqual(await client.operation("echo", { n: 1 }), { n: 1 });
  },
});

Deno.test({
  name: "a client can log in first while the process has no descriptor left",
  ignore,
  fn: async () => {
    await using server = await AttackedServer.start({}, "200");
    using first = await TcpPeer.open(server);
    // Connections do the same, but the server frees a descriptor from time to time.
    await server.ask("exhaust");
    // Loading a module would end Deno now.
    await first.send({ id: 0, token: server.token, version: "1.0.0" });
    assert.equal((await first.next()).success, true);
    for (const name of ["read", "get"]) {
      const data = { operation: name, data: { path: "a", url: "http://a/" } };
      await first.send({ id: 1, action: "operation", data });
      assert.equal((await first.next()).success, false);
    }
  },
});
