/** Batches that the client receives, and WebSockets that throw. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import {
  broadcastFrame,
  errorFrame,
  fakeServer,
  recordingServer,
  successFrame,
} from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { endOfTick, gate } from "../support/timing.ts";

/** A login reply of a server that supports `batch` and `done-id`. */
const LOGIN_REPLY = successFrame(0, null, { features: ["batch", "done-id"] });

Deno.test("the client accepts a batch right after the login reply", async () => {
  await using server = fakeServer((socket, { end }) => {
    if (end === true) return socket.close(1000);
    socket.send(LOGIN_REPLY);
    socket.send(`[${broadcastFrame("one")},${broadcastFrame("two")}]`);
    socket.send(broadcastFrame("three"));
  });
  const logger = new LogRecorder();
  await using connection = await connect("test", { url: server.url, logger });
  const { opened, open } = gate();
  const seen: string[] = [];
  connection.receive(({ name }) => {
    seen.push(name);
    if (name === "three") open();
  });
  await opened;
  assert.deepEqual([seen, logger.lines], [["one", "two", "three"], []]);
});

Deno.test("the client warns about invalid frames in a batch and handles the rest", async () => {
  await using server = recordingServer(LOGIN_REPLY, (socket, [request]) => {
    const invalid = [
      "{}",
      "null",
      "1",
      '"text"',
      "[]",
      `[${broadcastFrame("nested")}]`,
    ];
    const result = successFrame(request!.id, null, { result: "fine" });
    socket.send(`[${invalid},${broadcastFrame("news")},${invalid},${result}]`);
  });
  const logger = new LogRecorder();
  await using connection = await connect("test", { url: server.url, logger });
  const seen: string[] = [];
  connection.receive(({ name }) => void seen.push(name));
  assert.equal(await connection.operation("any"), "fine");
  assert.deepEqual(seen, ["news"]);
  const warning =
    `warn receive: ${server.url}: ignored a frame that is not of Hoist 1`;
  // Once for the batch, because a server can send millions of them in one.
  assert.deepEqual(logger.lines, [warning]);
});

Deno.test("the client drops the rest of a batch after close()", async () => {
  await using server = recordingServer(LOGIN_REPLY, (socket, [request]) => {
    const late = successFrame(request!.id, null, { result: "late" });
    socket.send(
      `[${broadcastFrame("one")},${broadcastFrame("two")},1,${late}]`,
    );
  });
  const logger = new LogRecorder();
  const connection = await connect("test", { url: server.url, logger });
  const seen: string[] = [];
  connection.receive(({ name }) => {
    seen.push(name);
    void connection.close();
  });
  const error = await rejection(connection.operation("any"));
  assert(error instanceof ConnectionClosedError);
  assert.equal((await connection.closed).code, 1000);
  assert.deepEqual([seen, logger.lines], [["one"], []]);
});

Deno.test("an error in a batch rejects its request only", async () => {
  await using server = recordingServer(
    LOGIN_REPLY,
    (socket, [one, two, three]) => {
      const answers = [
        successFrame(three!.id, null, { result: 3 }),
        errorFrame(two!.id, 5),
        successFrame(one!.id, null, { result: 1 }),
      ];
      socket.send(`[${answers}]`);
    },
  );
  await using connection = await connect("test", { url: server.url });
  const [one, two, three] = await Promise.allSettled(
    ["a", "b", "c"].map((name) => connection.operation(name)),
  );
  assert.deepEqual([one, three], [
    { status: "fulfilled", value: 1 },
    { status: "fulfilled", value: 3 },
  ]);
  assert.equal(two?.status === "rejected" && two.reason.code, 5);
});

for (
  const [what, frames] of [
    ["the done frame", [successFrame(1, "done", { id: 42 })]],
    ["the open frame", [
      successFrame(1, "open", { id: 42 }),
      successFrame(1, "done"),
    ]],
    ["both frames", [
      successFrame(1, "open", { id: 42 }),
      successFrame(1, "done", { id: 42 }),
    ]],
  ] as const
) {
  for (const batches of [false, true]) {
    const how = batches ? "in a batch" : "in separate frames";
    Deno.test(`a message gets its id from ${what}, ${how}`, async () => {
      await using server = recordingServer(LOGIN_REPLY, (socket) => {
        if (batches) socket.send(`[${frames}]`);
        else for (const frame of frames) socket.send(frame);
      });
      await using connection = await connect("test", { url: server.url });
      const sent = await connection.message("hello", { a: 1 });
      assert.deepEqual([sent.id, sent.name, sent.data], [42, "hello", {
        a: 1,
      }]);
      assert.deepEqual(sent.replies, []);
    });
  }
}

Deno.test("replies arrive before the done frame with the id of the message", async () => {
  const message = { message: "hello", data: {}, id: 42, replying: null };
  const reply = { message: "hi", data: {}, id: 43, replying: message };
  await using server = recordingServer(LOGIN_REPLY, (socket) => {
    const frames = [
      successFrame(1, "newmsg", reply),
      successFrame(1, "newmsg", { ...reply, id: 44 }),
      successFrame(1, "done", { id: 42 }),
    ];
    socket.send(`[${frames}]`);
  });
  await using connection = await connect("test", { url: server.url });
  const seen: number[] = [];
  const sent = await connection.message("hello", {}, {
    onReply: ({ id }) => void seen.push(id),
  });
  assert.deepEqual([sent.id, seen], [42, [43, 44]]);
  assert.deepEqual(sent.replies.map(({ id }) => id), [43, 44]);
  assert.equal(sent.replies[0]?.replying?.id, 42);
});

for (
  const [what, login] of [
    ["at the end of the tick", LOGIN_REPLY],
    ["at once, with a Hoist 1 server", successFrame(0, null)],
  ] as const
) {
  Deno.test(`a WebSocket that throws ${what} rejects pending requests and ends the connection`, async () => {
    let broken = false;
    class BrokenWebSocket extends WebSocket {
      override send(data: string): void {
        if (broken) throw new DOMException("it broke", "NetworkError");
        super.send(data);
      }
    }
    await using server = recordingServer(login, () => {});
    const connection = await connect("test", {
      url: server.url,
      WebSocket: BrokenWebSocket,
    });
    const early = rejection(connection.operation("early"));
    // This request is sent before the WebSocket breaks.
    await endOfTick();
    broken = true;
    const waiting = [
      early,
      rejection(connection.operation("one")),
      rejection(connection.message("two", { text: "x".repeat(2_000) })),
      rejection(connection.operation("three", { text: "x".repeat(2_000) })),
      rejection(connection.operation("four", {}, { timeout: 60_000 })),
    ];
    for (const error of await Promise.all(waiting)) {
      assert(error instanceof ConnectionClosedError, String(error));
      assert.equal(error.code, 1006);
    }
    assert.deepEqual(await connection.closed, { code: 1006, reason: "" });
    const late = await rejection(connection.operation("late"));
    assert(late instanceof ConnectionClosedError);
    await connection.close();
    assert(server.texts.length <= 1);
  });
}

Deno.test("close() resolves if the WebSocket throws at the goodbye", async () => {
  let broken = false;
  class BrokenWebSocket extends WebSocket {
    override send(data: string): void {
      if (broken) throw new DOMException("it broke", "NetworkError");
      super.send(data);
    }
  }
  await using server = fakeServer((socket) => socket.send(LOGIN_REPLY));
  const connection = await connect("test", {
    url: server.url,
    WebSocket: BrokenWebSocket,
  });
  broken = true;
  const waiting = rejection(connection.operation("any"));
  await connection.close();
  assert(await waiting instanceof ConnectionClosedError);
  // The client closed the connection before the WebSocket reported that it has failed.
  assert.equal((await connection.closed).code, 1000);
});
