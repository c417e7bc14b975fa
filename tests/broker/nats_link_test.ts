/** The connection to NATS, with a server that breaks it at chosen moments. */

import assert from "node:assert/strict";
import { NatsLink } from "../../broker/nats_link.ts";
import { resolveNatsOptions } from "../../broker/nats_options.ts";
import { pause } from "../support/nats.ts";
import { FakeNats } from "../support/nats_fake.ts";
import { settlesAtOnce } from "../support/timing.ts";

const PONG = "PONG\r\n";

/** The second ping of a connection asks whether NATS has the subscriptions. */
const FLUSH = 2;

Deno.test("NATS: connects again if the connection is lost while it subscribes", async () => {
  await using server = new FakeNats((connection, ping) =>
    connection === 2 && ping === FLUSH || connection === 1 && ping > FLUSH
      ? null
      : PONG
  );
  const link = await start(server);
  const states: string[] = [];
  link.listen((state) => states.push(state));
  await assert.rejects(link.flush(), { outcome: "unknown" });
  while (states.at(-1) !== "up") await pause(5);
  assert.equal(server.connections, 3);
  await link.release();
});

Deno.test("NATS: keeps a subscription that is made while it connects", async () => {
  const messages: string[] = [];
  const subscribeTo = { late: () => {} };
  await using server = new FakeNats((_connection, ping) => {
    if (ping === FLUSH) subscribeTo.late();
    return ping > FLUSH ? `MSG late 3 2\r\nhi\r\n${PONG}` : PONG;
  });
  const link = linkOf(server);
  subscribeTo.late = () =>
    link.subscribe("late", (message) => messages.push(message.string()));
  link.use();
  await link.start();
  await link.flush();
  assert.deepEqual(messages, ["hi"]);
  await link.release();
});

Deno.test("NATS: asks once whether NATS has all messages of one tick", async () => {
  let pings = 0;
  await using server = new FakeNats((_connection, ping) => {
    pings = ping;
    return PONG;
  });
  const link = await start(server);
  const before = pings;
  const flush = () => link.flush();
  await Promise.all(Array.from({ length: 10 }, flush));
  // A probe can come in between.
  assert(pings - before <= 2, `${pings - before}`);
  const after = pings;
  await link.flush();
  assert(pings > after);
  await link.release();
});

Deno.test("NATS: rejects all that wait for NATS with an error of their own", async () => {
  await using server = new FakeNats((_connection, ping) =>
    ping > FLUSH ? null : PONG
  );
  const link = await start(server);
  const flushes = Array.from({ length: 3 }, () => link.flush());
  const results = await Promise.allSettled(flushes);
  const errors = results.map((each) => (each as PromiseRejectedResult).reason);
  assert(errors.every(({ outcome }) => outcome === "unknown"));
  assert.equal(new Set(errors).size, 3);
  await link.release();
});

Deno.test("NATS: rejects a flush if the connection ends in the same tick", async () => {
  await using server = new FakeNats(() => PONG);
  const link = await start(server);
  const flushing = link.flush();
  const releasing = link.release();
  await assert.rejects(flushing, { outcome: "unknown" });
  await releasing;
  await assert.rejects(link.flush(), { outcome: "none" });
});

for (
  const [what, ping] of [
    ["logs in", 1],
    ["subscribes", FLUSH],
  ] as const
) {
  Deno.test(`NATS: ends an attempt that ${what} when it is closed`, async () => {
    const { promise: silent, resolve } = Promise.withResolvers<void>();
    await using server = new FakeNats((_connection, n) => {
      if (n < ping) return PONG;
      resolve();
      return "";
    });
    const link = linkOf(server);
    link.use();
    const starting = assert.rejects(link.start(), { name: "PublishError" });
    await silent;
    const ended = Promise.all([link.release(), starting]);
    assert(await settlesAtOnce(ended), "it waits for no answer");
    await ended;
  });
}

function linkOf({ url }: FakeNats): NatsLink {
  return new NatsLink(resolveNatsOptions({ servers: [url] }));
}

async function start(server: FakeNats): Promise<NatsLink> {
  const link = linkOf(server);
  link.use();
  await link.start();
  return link;
}
