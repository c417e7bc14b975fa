/** Streams of long items: how much a client keeps. */

import assert from "node:assert/strict";
import { BufferFullError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { recordingServer, successFrame } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";

/** Starts a server that sends 16 items of 100,000 bytes at once, in frames of a kind. */
function serveLongItems(toFrame: (items: string) => string) {
  const login = successFrame(0, null, { features: ["stream", "batch"] });
  const items = ["x".repeat(100_000)];
  return recordingServer(login, (socket, requests) => {
    const { id, action } = requests[0]!;
    if (action === "cancel" || action === "credit") return;
    if (id !== 1) return socket.send(successFrame(id, "done", { id: 2 }));
    const frame = toFrame(successFrame(1, "items", { items }));
    for (let n = 0; n < 16; n++) socket.send(frame);
  });
}

for (
  const [kind, toFrame] of [
    ["alone", (items: string) => items],
    ["in batches", (items: string) => `[${items}${",null".repeat(1_000)}]`],
  ] as const
) {
  Deno.test(`a stream rejects if its items, sent ${kind}, are too long to wait, and the connection stays open`, async () => {
    await using server = serveLongItems(toFrame);
    await using connection = await connectTo(server, {
      maxBuffered: 400_000,
      logger: new LogRecorder(),
    });
    const stream = connection.stream("long");
    let items = 0;
    const read = async () => {
      for await (const _item of stream) {
        if (++items === 16) return;
        await connection.message("other");
      }
    };
    const error = await rejection(read());
    assert(error instanceof BufferFullError, error.stack);
    assert.match(error.message, /^Cannot continue stream "long": .+ 800000 /);
    assert(items < 10, `The client read ${items} items`);
    assert.equal((await connection.message("other")).replies.length, 0);
  });
}

Deno.test("a slow consumer of long items reads all items, and few items wait", async () => {
  const limits = { maxBuffered: 64 * 1_048_576 };
  await using server = serveQuietly({ limits });
  const text = "x".repeat(1_048_576);
  let sent = 0;
  server.operation("long", async function* () {
    while (sent < 60) yield { n: ++sent, text };
  });
  await using connection = await connectTo(server);
  let received = 0;
  let most = 0;
  for await (const item of connection.stream("long")) {
    assert.equal((item as { n: number }).n, ++received);
    await pause(10);
    most = Math.max(most, sent - received);
  }
  assert.equal(received, 60);
  assert(most <= 16, `${most} items were waiting`);
});
