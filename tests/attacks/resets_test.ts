/** Storms of upgrades that the client resets. */

import assert from "node:assert/strict";
import { atRate, repeat, resetUpgrade } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { connectTo } from "../support/server.ts";
import { pause, until } from "../support/timing.ts";

/** The system that shows the descriptors of a process. */
const ignore = Deno.build.os !== "linux";

/** Resets other connections, because the first resets of a process are slower. */
async function practise(): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { addr } = listener;
  const closed = repeat(100, 1, async () => (await listener.accept()).close());
  await repeat(100, 20, () => resetUpgrade({ addr: addr as Deno.NetAddr }));
  await closed;
}

Deno.test({
  name: "2,000 upgrades that are reset at once cost at most 10 descriptors",
  ignore,
  fn: async () => {
    await using server = await AttackedServer.start({
      limits: { loginTimeout: 1_000 },
    });
    await practise();
    const before = server.descriptors;
    await atRate(500, 4, () => resetUpgrade(server));
    // Connections that opened before their reset end at once.
    await pause(1_500);
    // Deno opens a few descriptors of its own. A busy server ends the others later.
    const lost = () => server.descriptors - before;
    await until(() => lost() <= 10 + 5, "descriptors are lost");
    assert.equal((await server.health()).status, "ok");
    await using client = await connectTo(server);
    assert.deepEqual(await client.operation("echo", { n: 1 }), { n: 1 });
  },
});
