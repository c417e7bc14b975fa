/** The size limit that a server sends to its clients: `max-payload`. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import {
  encodeMessageRequest,
  encodeOperationRequest,
} from "../../protocol/encode.ts";
import { byteLength } from "../support/bytes.ts";
import { rejection } from "../support/errors.ts";
import {
  type FakeRequest,
  recordingServer,
  successFrame,
} from "../support/fake_server.ts";
import {
  answerAll,
  closeOnRequest,
  type ConnectionScript,
  connectReconnecting,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

/** A login reply with a limit. */
function loginReply(maxPayload: unknown, ...features: string[]): string {
  return successFrame(0, null, {
    features: ["max-payload", ...features],
    maxPayload,
  });
}

function answer(socket: WebSocket, requests: readonly FakeRequest[]): void {
  for (const { id, action } of requests) {
    const kind = action === "message" ? "done" : null;
    socket.send(successFrame(id, kind, { result: id }));
  }
}

/** Calls an operation with a frame of `bytes` bytes. */
function call(connection: Connection, id: number, bytes: number) {
  const text = "x".repeat(
    bytes - byteLength(encodeOperationRequest("echo", { text: "" })(id)),
  );
  return connection.operation("echo", { text });
}

Deno.test("the client sends a request of maxPayload bytes and rejects a larger one", async () => {
  await using server = recordingServer(loginReply(500), answer);
  await using connection = await connect("test", { url: server.url });
  assert.equal(await call(connection, 1, 500), 1);
  const error = await rejection(call(connection, 2, 501));
  assert(error instanceof RangeError);
  assert.equal(
    error.message,
    `Cannot send operation "echo": it must be at most 500 bytes long. It has 501 bytes. Send less data, or raise 'limits.maxPayload' of the server.`,
  );
  assert.equal(await call(connection, 3, 500), 3);
  assert.deepEqual(server.texts.map(byteLength), [500, 500]);
});

Deno.test("the client and the server agree on the limit to the byte", async () => {
  await using server = serveQuietly();
  server.operation("echo", () => "fine");
  await using connection = await connectTo(server);
  assert.equal(await call(connection, 1, 65_536), "fine");
  const error = await rejection(call(connection, 2, 65_537));
  assert(error instanceof RangeError);
  assert.equal(await call(connection, 3, 65_536), "fine");
});

Deno.test("the client counts bytes and not characters", async () => {
  await using server = recordingServer(loginReply(200), answer);
  await using connection = await connect("test", { url: server.url });
  const rest = 200 - byteLength(encodeMessageRequest("hello", {}, null)(1)) -
    byteLength('"text":""');
  const fitting = "€".repeat(rest / 3) + "x".repeat(rest % 3);
  await connection.message("hello", { text: fitting });
  const error = await rejection(
    connection.message("hello", { text: `${fitting}x` }),
  );
  assert.match(
    error.message,
    /^Cannot send message "hello": .* at most 200 bytes long\. It has 201 bytes\./,
  );
  assert.deepEqual(server.texts.map(byteLength), [200]);
});

Deno.test("a request that is too large does not affect other requests", async () => {
  await using server = recordingServer(loginReply(300, "batch"), answer);
  await using connection = await connect("test", { url: server.url });
  const results = await Promise.allSettled(
    [100, 301, 100].map((bytes, n) => call(connection, n + 1, bytes)),
  );
  const statuses = results.map(({ status }) => status);
  assert.deepEqual(statuses, ["fulfilled", "rejected", "fulfilled"]);
  assert.equal(connection.state, "open");
});

Deno.test("a batch stays within the limit of the server", async () => {
  await using server = recordingServer(loginReply(300, "batch"), answer);
  await using connection = await connect("test", { url: server.url });
  const sizes = Array.from({ length: 100 }, (_, n) => 80 + (n * 37) % 221);
  await Promise.all(sizes.map((bytes, n) => call(connection, n + 1, bytes)));
  const lengths = server.texts.map(byteLength);
  assert(Math.max(...lengths) <= 300);
  assert(server.texts.some((text) => text.startsWith("[")));
});

Deno.test("a batch stays within the limit of the client", async () => {
  await using server = recordingServer(loginReply(100_000, "batch"), answer);
  await using connection = await connect("test", { url: server.url });
  const calls = Array.from(
    { length: 400 },
    (_, n) => call(connection, n + 1, 100),
  );
  await Promise.all(calls);
  const longest = Math.max(...server.texts.map(byteLength));
  assert(longest <= 16_384 && longest > 16_000, String(longest));
});

for (
  const [what, login] of [
    [
      "without the extension `max-payload`",
      successFrame(0, null, { maxPayload: 10 }),
    ],
    ["without a limit", loginReply(undefined)],
    ["whose limit is a string", loginReply("10")],
    ["whose limit is zero", loginReply(0)],
    ["whose limit is negative", loginReply(-1)],
    ["whose limit is not an integer", loginReply(10.5)],
  ] as const
) {
  Deno.test(`the client applies no limit with a server ${what}`, async () => {
    await using server = recordingServer(login, answer);
    await using connection = await connect("test", { url: server.url });
    assert.equal(await call(connection, 1, 100_000), 1);
  });
}

Deno.test("the client applies the limit of the server after a reconnect", async () => {
  const strict: ConnectionScript = (socket, frame) => {
    if (frame.token === undefined) answerAll(socket, frame);
    else socket.send(loginReply(300));
  };
  await using server = scriptedServer([closeOnRequest(1001), strict]);
  await using connection = await connectReconnecting(server, { maxQueue: 2 });
  const watch = new StateRecorder(connection);
  await rejection(call(connection, 1, 400));
  await watch.next("waiting");
  const results = await Promise.allSettled([
    call(connection, 1, 400),
    call(connection, 2, 300),
  ]);
  const statuses = results.map(({ status }) => status);
  assert.deepEqual(statuses, ["rejected", "fulfilled"]);
});
