/** The limits of a client for what its server can make it keep. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import {
  BufferFullError,
  ConnectError,
  ConnectionClosedError,
  TimeoutError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import {
  broadcastFrame,
  fakeServer,
  recordingServer,
  successFrame,
} from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import {
  answerAll,
  answerLoginOnly,
  closeOnRequest,
  FAST_RECONNECT,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { pause } from "../support/timing.ts";

/** Returns a body without an end, and counts its chunks of 16 KiB. */
function endlessBody(chunk = " ".repeat(16_384)) {
  const state = { chunks: 0, isCancelled: false };
  const bytes = new TextEncoder().encode(chunk);
  const body = new ReadableStream({
    pull: (controller) => {
      state.chunks++;
      controller.enqueue(bytes);
    },
    cancel: () => void (state.isCancelled = true),
  });
  return { state, body };
}

for (const status of [200, 404, 500]) {
  Deno.test(`connect() does not read an ack without an end, if its status is ${status}`, async () => {
    const { state, body } = endlessBody();
    const ack = () => new Response(body, { status });
    await using server = fakeServer(() => {}, ack);
    const error = await rejection(
      connect("test", { url: server.url, timeout: Infinity }),
    );
    assert(error instanceof ConnectError);
    if (status === 200) {
      assert.match(
        error.message,
        /\/hoist\/ack returned more than 65536 bytes\./,
      );
    }
    while (!state.isCancelled) await pause(1);
    // What the operating system buffers is sent before the server sees the end.
    assert(state.chunks < 2_000, `The server sent ${state.chunks} chunks`);
  });
}

Deno.test("connect() cancels the ack of a function that ignores the signal", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream({ cancel: () => resolve() });
  const fetch = () => Promise.resolve(new Response(body));
  const error = await rejection(connect("test", { fetch, timeout: 10 }));
  assert(error instanceof TimeoutError);
  await promise;
});

Deno.test("connect() does not read empty chunks without an end", async () => {
  const { body } = endlessBody("");
  const fetch = () => Promise.resolve(new Response(body));
  const error = await rejection(connect("test", { fetch, timeout: Infinity }));
  assert.match(error.message, /returned more than 65536 bytes\./);
});

Deno.test("connect() accepts an ack of up to 64 KiB", async () => {
  const ack = JSON.stringify({ version: "1.0.0" }).padEnd(65_536);
  await using server = fakeServer(
    (socket, { id }) => {
      if (id === 0) socket.send(successFrame(0, null));
      else socket.close(1000);
    },
    () => new Response(ack),
  );
  const connection = await connectTo(server);
  await connection.close();
});

Deno.test("connect() rejects after its timeout if the ack comes byte by byte", async () => {
  await using server = fakeServer(
    () => {},
    () => {
      let timer: ReturnType<typeof setInterval>;
      return new Response(
        new ReadableStream({
          start: (controller) => {
            const byte = new Uint8Array([0x20]);
            timer = setInterval(() => controller.enqueue(byte), 5);
          },
          cancel: () => clearInterval(timer),
        }),
      );
    },
  );
  const error = await rejection(connectTo(server, { timeout: 50 }));
  assert.match(error.message, /no response within 50 ms/);
});

/** A server that sends replies to a message, and never says that they end. */
function endlessReplies() {
  const state = { replies: 0 };
  const reply = (replying: unknown) => {
    state.replies++;
    const data = { text: "x".repeat(10_000) };
    const message = { message: "more", data, id: state.replies, replying };
    return successFrame(1, "newmsg", message);
  };
  const server = recordingServer(successFrame(0, null), (socket, requests) => {
    const { id } = requests[0]!;
    if (id !== 1) return socket.send(successFrame(id, "done", { id: 2 }));
    for (let n = 0; n < 100; n++) socket.send(reply(null));
  });
  return { ...server, state };
}

Deno.test("a message rejects if its replies have more than `maxBuffered` bytes, and the connection stays open", async () => {
  await using server = endlessReplies();
  await using connection = await connectTo(server, {
    maxBuffered: 200_000,
    logger: new LogRecorder(),
  });
  let replies = 0;
  const sent = connection.message("flood", {}, { onReply: () => replies++ });
  const error = await rejection(sent);
  assert(error instanceof BufferFullError);
  assert.match(error.message, /^Cannot finish message "flood": the replies /);
  assert(replies <= 20, `The client kept ${replies} replies`);
  assert.equal((await connection.message("other")).replies.length, 0);
});

Deno.test("requests to a server that does not read reject after `maxBuffered` bytes", async () => {
  await using server = serveQuietly();
  await using proxy = new TcpProxy(server);
  const maxBuffered = 1_000_000;
  const connection = await connectTo(proxy, { maxBuffered });
  proxy.hold();
  const text = "x".repeat(50_000);
  let accepted = 0;
  const refused = Promise.withResolvers<Error>();
  const send = () => {
    accepted++;
    connection.message("m", { text }).catch((error) => {
      if (error instanceof BufferFullError) refused.resolve(error);
    });
  };
  const sending = setInterval(send, 1);
  assert.match((await refused.promise).message, /wait to be sent/);
  clearInterval(sending);
  // The operating system and the proxy keep some megabytes, too.
  assert(accepted < 1_000, `The client accepted ${accepted} messages`);
  proxy.cut();
  await connection.close();
});

Deno.test("requests that wait for a reconnect reject after `maxBuffered` bytes", async () => {
  await using server = scriptedServer([
    closeOnRequest(1001),
    answerLoginOnly,
  ]);
  const connection = await connectTo(server, {
    maxBuffered: 10_000,
    reconnect: { minDelay: 60_000, maxDelay: 60_000, maxQueue: 100 },
  });
  await rejection(connection.operation("leave"));
  const text = "x".repeat(3_000);
  const results = [1, 2, 3, 4, 5].map(() =>
    rejection(connection.operation("add", { text }))
  );
  for (const error of await Promise.all(results.slice(3))) {
    assert(error instanceof BufferFullError);
    assert.match(error.message, /wait until the client has reconnected\. /);
  }
  await connection.close();
  for (const error of await Promise.all(results.slice(0, 3))) {
    assert(error instanceof ConnectionClosedError);
  }
});

Deno.test("a frame that is too large is logged, and the client reconnects", async () => {
  const logger = new LogRecorder();
  let sent = 0;
  await using server = scriptedServer([(socket, frame) => {
    answerLoginOnly(socket, frame);
    if (sent++ === 0) socket.send(broadcastFrame("x".repeat(1_000)));
  }]);
  await using connection = await connectTo(server, {
    logger,
    maxPayload: 1_000,
    reconnect: { minDelay: 50 },
  });
  const states = new StateRecorder(connection);
  if (connection.state !== "waiting") await states.next("waiting");
  await states.next("open");
  await logger.line(
    /^warn .*closed the connection, because a frame of the server was larger than 'maxPayload', 1000 bytes$/,
  );
});

Deno.test("an idempotent operation is not repeated if its result is too large", async () => {
  let calls = 0;
  await using server = serveQuietly();
  server.operation("large", () => {
    calls++;
    return "x".repeat(1_000);
  });
  await using connection = await connectTo(server, {
    maxPayload: 1_000,
    reconnect: FAST_RECONNECT,
    logger: new LogRecorder(),
  });
  const error = await rejection(
    connection.operation("large", {}, { idempotent: true }),
  );
  assert(error instanceof ConnectionClosedError);
  assert.match(error.message, /'maxPayload'/);
  assert.equal(calls, 1);
});

Deno.test("a stream rejects if the server ignores the credit, and the connection stays open", async () => {
  const features = { features: ["stream"] };
  await using server = recordingServer(
    successFrame(0, null, features),
    (socket, requests) => {
      const { id, action } = requests[0]!;
      if (action === "cancel") return;
      if (id !== 1) return socket.send(successFrame(id, "done", { id: 2 }));
      const items = Array.from({ length: 100 }, (_, n) => n);
      for (let n = 0; n < 10; n++) {
        socket.send(successFrame(1, "items", { items }));
      }
    },
  );
  await using connection = await connectTo(server);
  const stream = connection.stream("endless", {}, { buffer: 4 });
  const read = async () => {
    for await (const _item of stream) await pause(0);
  };
  const error = await rejection(read());
  assert.match(error.message, /sent more items than the client requested/);
  assert.equal((await connection.message("other")).replies.length, 0);
});

Deno.test("`maxBuffered` does not limit idempotent operations that are sent again", async () => {
  await using server = scriptedServer([closeOnRequest(1001, "", 3), answerAll]);
  await using connection = await connectTo(server, {
    maxBuffered: 1_024,
    reconnect: FAST_RECONNECT,
  });
  const text = "x".repeat(600);
  const results: Promise<unknown>[] = [];
  for (const name of ["one", "two", "three"]) {
    results.push(connection.operation(name, { text }, { idempotent: true }));
    // Until the server has received it, it counts.
    while ((server.frames[0]?.length ?? 0) <= results.length) await pause(1);
  }
  assert.deepEqual(await Promise.all(results), ["one", "two", "three"]);
});
