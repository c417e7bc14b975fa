/** Batches that the client sends, if the server supports `batch`. */

import assert from "node:assert/strict";
import { FEATURES } from "../../protocol/features.ts";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import type { ConnectOptions } from "../../client/options.ts";
import { encodeOperationRequest, GOODBYE } from "../../protocol/encode.ts";
import { VERSION } from "../../version.ts";
import { rejection } from "../support/errors.ts";
import {
  broadcastFrame,
  type FakeRequest,
  fakeServer,
  recordingServer,
  successFrame,
} from "../support/fake_server.ts";
import { byteLength } from "../support/bytes.ts";
import { LogRecorder } from "../support/log_recorder.ts";

/** A login reply of a server that supports batches. */
const BATCH_LOGIN = successFrame(0, null, { features: ["batch"] });

/** Answers each request with its id. */
function answer(socket: WebSocket, requests: readonly FakeRequest[]): void {
  for (const { id } of requests) {
    socket.send(successFrame(id, null, { result: id }));
  }
}

/** A class that an application has derived. */
class DerivedWebSocket extends WebSocket {}

/** The maximum size of a batch for each WebSocket class. */
const LIMITS: readonly [
  what: string,
  options: ConnectOptions,
  limit: number,
][] = [
  ["the socket of the package", {}, 16_384],
  ["Deno's WebSocket", { WebSocket }, 1_024],
  ["a class derived from it", { WebSocket: DerivedWebSocket }, 1_024],
];

for (const [what, options, limit] of LIMITS) {
  Deno.test(`the client sends the requests of one tick in batches of up to ${limit} bytes with ${what}`, async () => {
    await using server = recordingServer(BATCH_LOGIN, answer);
    await using connection = await connect("test", {
      url: server.url,
      ...options,
    });
    const sizes = Array.from({ length: 300 }, (_, n) => (n * 37) % 400);
    const results = await Promise.all(
      sizes.map((size) =>
        connection.operation("echo", { text: "ü".repeat(size) })
      ),
    );
    const ids = sizes.map((_, n) => n + 1);
    assert.deepEqual(results, ids);
    const batches = server.texts.map((text) =>
      [JSON.parse(text)].flat() as FakeRequest[]
    );
    assert.deepEqual(batches.flat().map(({ id }) => id), ids);
    for (const [n, text] of server.texts.entries()) {
      assert(byteLength(text) <= limit);
      assert.equal(text.startsWith("["), batches[n]!.length > 1);
      // The next request would not fit into this batch.
      const [next] = batches[n + 1] ?? [];
      const more = JSON.stringify([...batches[n]!, next]);
      assert(next === undefined || byteLength(more) > limit);
    }
  });

  Deno.test(`the client fills a batch to the last byte with ${what}`, async () => {
    for (const over of [0, 1]) {
      await using server = recordingServer(BATCH_LOGIN, answer);
      await using connection = await connect("test", {
        url: server.url,
        ...options,
      });
      const rest = limit + over - byteLength(
        `[${encodeOperationRequest("a", { text: "ü" })(1)},${
          encodeOperationRequest("b", { text: "" })(2)
        }]`,
      );
      await Promise.all([
        connection.operation("a", { text: "ü" }),
        connection.operation("b", { text: "x".repeat(rest) }),
      ]);
      assert.equal(server.texts.length, 1 + over);
      const bytes = server.texts.reduce(
        (sum, text) => sum + byteLength(text),
        0,
      );
      assert.equal(over === 0 ? bytes : bytes + 3, limit + over);
    }
  });

  Deno.test(`the client sends a request of more than ${limit} bytes alone with ${what}`, async () => {
    await using server = recordingServer(BATCH_LOGIN, answer);
    await using connection = await connect("test", {
      url: server.url,
      ...options,
    });
    const calls = ["", "x".repeat(limit), "", ""].map((text) =>
      connection.operation("echo", { text })
    );
    assert.deepEqual(await Promise.all(calls), [1, 2, 3, 4]);
    const counts = server.texts.map((text) => [JSON.parse(text)].flat().length);
    assert.deepEqual(counts, [1, 1, 2]);
  });
}

for (
  const [what, data] of [
    ["that speaks Hoist 1", null],
    ["that sends no features", {}],
    ["that sends an empty list", { features: [] }],
    ["that sends other features", { features: ["done-id", "Batch", 1, null] }],
    ["whose features are a string", { features: "batch" }],
    ["whose features are an object", { features: { batch: true, 0: "batch" } }],
  ] as const
) {
  Deno.test(`the client neither sends nor accepts batches with a server ${what}`, async () => {
    const login = successFrame(0, null, data);
    await using server = recordingServer(login, (socket, requests) => {
      socket.send(`[${broadcastFrame("ignored")}]`);
      answer(socket, requests);
    });
    const logger = new LogRecorder();
    const connection = await connect("test", { url: server.url, logger });
    connection.receive(() => assert.fail("the client accepted a batch"));
    const calls = [1, 2, 3].map((n) => connection.operation("echo", { n }));
    assert.deepEqual(await Promise.all(calls), [1, 2, 3]);
    await connection.close();
    assert.deepEqual(
      server.texts.map((text) => JSON.parse(text).id),
      [1, 2, 3, null],
    );
    assert.equal(logger.lines.length, 3);
    for (const line of logger.lines) assert.match(line, /^warn .* Hoist 1$/);
  });
}

Deno.test("the client sends its features at its login", async () => {
  const frames: unknown[] = [];
  await using server = fakeServer((socket, frame) => {
    frames.push(frame);
    if (frame.end === true) socket.close(1000);
    else socket.send(successFrame(0, null));
  });
  const connection = await connect("test", { url: server.url });
  await connection.close();
  assert.deepEqual(frames[0], {
    id: 0,
    token: "test",
    version: VERSION,
    features: FEATURES.filter((feature) => feature !== "retry"),
  });
});

Deno.test("the client sends a single request without a batch", async () => {
  await using server = recordingServer(BATCH_LOGIN, answer);
  await using connection = await connect("test", { url: server.url });
  for (let n = 1; n <= 3; n++) {
    assert.equal(await connection.operation("echo"), n);
  }
  assert.deepEqual(server.texts.map((text) => JSON.parse(text).id), [1, 2, 3]);
});

Deno.test("the client sends all kinds of requests and the goodbye in one batch", async () => {
  await using server = recordingServer(BATCH_LOGIN, answer);
  const connection = await connect("test", { url: server.url });
  const errors = [
    rejection(connection.message("hello")),
    rejection(connection.operation("add")),
  ];
  await connection.close();
  for (const error of await Promise.all(errors)) {
    assert(error instanceof ConnectionClosedError);
  }
  assert.equal(server.texts.length, 1);
  const [message, operation, goodbye] = JSON.parse(server.texts[0]!);
  assert.deepEqual([message.action, operation.action], [
    "message",
    "operation",
  ]);
  assert.deepEqual(goodbye, JSON.parse(GOODBYE));
});

Deno.test("the client accepts the results of a batch in any order", async () => {
  await using server = recordingServer(BATCH_LOGIN, (socket, requests) => {
    const answers = requests.toReversed().map(({ id }) =>
      successFrame(id, null, { result: id })
    );
    socket.send(`[${answers}]`);
  });
  await using connection: Connection = await connect("test", {
    url: server.url,
  });
  const settled: unknown[] = [];
  const calls = [1, 2, 3].map(async () =>
    settled.push(await connection.operation("echo"))
  );
  await Promise.all(calls);
  assert.deepEqual(settled, [3, 2, 1]);
});
