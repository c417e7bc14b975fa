/** Servers whose answers a client cannot read. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ConnectError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import {
  fakeServer,
  recordingServer,
  successFrame,
} from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";

const LOGIN = successFrame(0, null, { features: ["stream", "batch"] });

/** Starts a server that answers each stream with frames, and records what its client sends. */
function serveFrames(framesFor: (id: number) => readonly string[]) {
  return recordingServer(LOGIN, (socket, requests) => {
    for (const { id, action } of requests) {
      if (action !== "stream") continue;
      socket.send(`[${framesFor(id).join(",")}]`);
    }
  });
}

/** Returns a frame with items. */
function itemsFrame(id: number, items: unknown): string {
  return successFrame(id, "items", { items });
}

for (const items of [undefined, null, {}, 1, "12"]) {
  Deno.test(`a stream ends at items that are ${JSON.stringify(items)}`, async () => {
    await using server = serveFrames((id) => [
      itemsFrame(id, [1, 2]),
      itemsFrame(id, items),
      // After a hole, the caller gets no more items.
      itemsFrame(id, [4]),
    ]);
    const logger = new LogRecorder();
    const connection = await connect("test", { url: server.url, logger });
    const signal = AbortSignal.timeout(10_000);
    const received: unknown[] = [];
    const error = await rejection((async () => {
      for await (const item of connection.stream("numbers", {}, { signal })) {
        received.push(item);
      }
    })());
    assert.match(
      error.message,
      /^Cannot finish stream "numbers": .* or that is invalid\./,
    );
    assert.deepEqual(received, [1, 2]);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0]!, /^warn receive: .*not of Hoist 1$/);
    await connection.close();
    const cancels = server.texts.filter((text) => text.includes('"cancel"'));
    assert.equal(cancels.length, 1, server.texts.join());
  });
}

for (const method of ["message", "request"] as const) {
  Deno.test(`${method}() rejects if a reply is invalid`, async () => {
    await using server = recordingServer(LOGIN, (socket, requests) => {
      const { id } = requests[0]!;
      const reply = { message: "hi", data: [], replying: null, id: 1 };
      const frames = ["newmsg", "done"].map((kind) =>
        successFrame(id, kind, reply)
      );
      socket.send(`[${frames.join(",")}]`);
    });
    const logger = new LogRecorder();
    const options = { url: server.url, logger };
    await using connection = await connect("test", options);
    await assert.rejects(connection[method]("hello"), {
      name: "HoistError",
      message:
        /^Cannot finish (message|request) "hello": .* or that is invalid\./,
    });
    assert.equal(logger.lines.length, 1);
  });
}

for (const answer of [{}, { success: false }, { success: "yes" }]) {
  Deno.test(`connect() reports a login that is answered with ${JSON.stringify(answer)}`, async () => {
    await using server = fakeServer((socket) =>
      socket.send(JSON.stringify({ ...answer, id: 0 }))
    );
    const options = { url: server.url, timeout: 5_000 };
    const error = await rejection(connect("test", options));
    assert(error instanceof ConnectError, error.message);
    assert.match(error.message, /the server sent an invalid frame\. Check /);
  });
}

Deno.test("a client warns of an invalid answer that no request waits for", async () => {
  await using server = recordingServer(LOGIN, (socket, requests) => {
    const invalid = JSON.stringify({ success: false, id: 77 });
    const answer = successFrame(requests[0]!.id, null, { result: 1 });
    socket.send(`[${[invalid, answer, invalid].join(",")}]`);
  });
  const logger = new LogRecorder();
  const options = { url: server.url, logger };
  await using connection = await connect("test", options);
  assert.equal(await connection.operation("any"), 1);
  assert.equal(logger.lines.length, 1);
  assert.match(logger.lines[0]!, /^warn receive: .*not of Hoist 1$/);
});
