/** Servers that close while their engine does not answer. */

import assert from "node:assert/strict";
import type { Engine } from "../../broker/engine.ts";
import { nats } from "../../broker/nats.ts";
import { redis } from "../../broker/redis.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { withEngine } from "../support/engines.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

/** More than `close` needs, and half of the timeout of the engine, in milliseconds. */
const LIMIT = 30_000;

/** An engine in a process. */
interface Freezable extends AsyncDisposable {
  readonly url: string;
  freeze(): void;
  thaw(): void;
}

/** Closes a server with a member of a room and a message on its way. */
async function closeFrozen(process: Freezable, broker: Engine): Promise<void> {
  await using server = serveQuietly({ broker });
  server.defineRoom("a", { history: { size: 10 }, authorize: () => true });
  await server.cluster.ready;
  const connection = await connectTo(server);
  await connection.room("a").join();
  process.freeze();
  try {
    const publishing = server.room("a").broadcast("say", { n: 1 });
    const rejected = assert.rejects(publishing, { name: "PublishError" });
    const start = performance.now();
    await server.close();
    const time = performance.now() - start;
    assert(time < LIMIT, `It has taken ${time} ms`);
    await rejected;
    await connection.closed;
  } finally {
    process.thaw();
  }
}

await withEngine("servers and a frozen engine", () => {
  Deno.test("NATS: a server closes in time while NATS is frozen", async () => {
    await using engine = await NatsEngine.start();
    await closeFrozen(engine, nats({ servers: [engine.url] }));
  });

  Deno.test("Redis: a server closes in time while Redis is frozen", async () => {
    await using engine = await RedisEngine.start();
    await closeFrozen(engine, redis({ url: engine.url, timeout: 60_000 }));
  });
});
