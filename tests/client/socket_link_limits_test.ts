/** What a server can make a client keep. */

import assert from "node:assert/strict";
import {
  BufferFullError,
  ConnectError,
  ConnectionClosedError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { successFrame } from "../support/fake_server.ts";
import { openLink, requestOf, startLogin } from "../support/socket_link.ts";
import { endOfTick } from "../support/timing.ts";

/** Returns the frame of a message with a name. */
function messageFrame(name: string, kind = "s_newmsg"): string {
  const message = { message: name, data: {}, id: 1, replying: null };
  return successFrame(null, kind, message);
}

/** Returns the line that says why the client closed the connection. */
function warningOf(reason: string): string {
  return `receive: http://h:1: closed the connection, because ${reason}`;
}

const OVERHEAD = messageFrame("").length;

Deno.test("a frame that is larger than `maxPayload` ends the connection with 1009", async () => {
  const { server, link, events, socket } = await openLink({
    maxPayload: 1_000,
  });
  await using _server = server;
  const request = rejection(link.request(requestOf()));
  const name = "x".repeat(1_000 - OVERHEAD);
  socket.receive(messageFrame(name));
  socket.receive(messageFrame(`${name}x`));
  const reason =
    "a frame of the server was larger than 'maxPayload', 1000 bytes";
  assert.deepEqual(events, [
    ["message", name],
    ["closed", 1009, reason],
    ["warn", warningOf(reason)],
  ]);
  assert.deepEqual(socket.closed, [[1009]]);
  const error = await request;
  assert(error instanceof ConnectionClosedError);
  assert.equal(
    error.message,
    `Cannot finish operation "add": the connection is closed (1009, "${reason}")`,
  );
  socket.receive(messageFrame("late"));
  assert.equal(events.length, 3);
});

Deno.test("a socket that reports what the server did wrong ends the connection", async () => {
  const { server, link, events, socket } = await openLink({});
  await using _server = server;
  const message = "the server sent a masked frame";
  socket.dispatch("error", { message, error: new Error(), closeCode: 1002 });
  socket.end(1002, message);
  assert.deepEqual(events, [
    ["closed", 1002, message],
    ["warn", warningOf(message)],
  ]);
  assert.deepEqual(await link.closed, { code: 1002, reason: message });
});

Deno.test("`maxPayload` counts bytes, also before the login", async () => {
  const { server, opening, socket } = await startLogin({ maxPayload: 1_000 });
  await using _server = server;
  socket.receive(`"${"é".repeat(600)}"`);
  const error = await rejection(opening);
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /^Cannot log in to http.+: a frame of the server was larger than 'maxPayload', 1000 bytes\. Check /,
  );
});

Deno.test("a socket that does not send 1009 is closed without a code", async () => {
  const { server, socket } = await openLink({ maxPayload: 1_000 });
  await using _server = server;
  const { close } = socket;
  socket.close = (...args) => {
    if (args.length > 0) throw new DOMException("no", "InvalidAccessError");
    close.call(socket);
  };
  socket.receive("x".repeat(1_001));
  assert.deepEqual(socket.closed, [[]]);
});

Deno.test("messages that come before the login is answered have at most `maxBuffered` bytes", async () => {
  const maxBuffered = 10 * OVERHEAD;
  const { server, opening, events, socket } = await startLogin({ maxBuffered });
  await using _server = server;
  for (let n = 0; n < 10; n++) socket.receive(messageFrame(""));
  assert.deepEqual(events, []);
  socket.receive(messageFrame(""));
  const reason =
    `the server sent more than 'maxBuffered', ${maxBuffered} bytes, before it answered the login`;
  assert.deepEqual(events, [
    ["closed", 1009, reason],
    ["warn", warningOf(reason)],
  ]);
  const { message } = await rejection(opening);
  assert(message.includes(reason), message);
});

Deno.test("messages that come after the login is answered do not count as early", async () => {
  const maxBuffered = 10 * OVERHEAD;
  const { server, link, events, socket } = await openLink({ maxBuffered });
  await using _server = server;
  for (let n = 0; n < 100; n++) socket.receive(messageFrame(""));
  assert.equal(events.length, 100);
  const closing = link.close();
  socket.end(1000);
  await closing;
});

/** Lets everything that a socket sends wait in its buffer. */
function keepUnsent(
  socket: { bufferedAmount: number; send(frame: string): void },
): void {
  const { send } = socket;
  socket.send = (frame) => {
    socket.bufferedAmount += frame.length;
    send.call(socket, frame);
  };
}

for (const features of [[], ["batch"]]) {
  Deno.test(`a request that does not fit into \`maxBuffered\` rejects, with the extensions [${features}]`, async () => {
    const parts = await openLink({ maxBuffered: 2_000 }, features);
    const { server, link, socket } = parts;
    await using _server = server;
    keepUnsent(socket);
    // If nothing waits, any length is possible.
    const fits = [3_000, 0, 0].map((length) => link.request(requestOf(length)));
    for (const request of fits) request.catch(() => {});
    const errors = await Promise.all(
      [1_000, 1].map((length) => rejection(link.request(requestOf(length)))),
    );
    for (const error of errors) {
      assert(error instanceof BufferFullError);
      assert.match(
        error.message,
        /^Cannot send operation "add": more than 2000 bytes wait to be sent, .+ raise 'maxBuffered'\.$/,
      );
    }
    socket.bufferedAmount = 0;
    const again = link.request(requestOf(1_000));
    await endOfTick();
    assert.match(socket.sent.at(-1)!, /^\{"id":\d+\} +$/);
    again.catch(() => {});
  });
}

Deno.test("requests of one tick do not exceed `maxBuffered` together", async () => {
  const parts = await openLink({ maxBuffered: 10_000 }, ["batch"]);
  const { server, link, socket } = parts;
  await using _server = server;
  keepUnsent(socket);
  let refused = 0;
  for (let n = 0; n < 100; n++) {
    link.request(requestOf(1_000)).catch(() => refused++);
  }
  await endOfTick();
  assert(socket.bufferedAmount <= 10_000);
  assert(socket.bufferedAmount > 8_000);
  assert.equal(refused, 100 - Math.floor(socket.bufferedAmount / 1_000));
});

Deno.test("a server that makes the client answer, and does not read, ends the connection", async () => {
  const parts = await openLink({ maxBuffered: 1_000 });
  const { server, link, events, socket } = parts;
  await using _server = server;
  socket.bufferedAmount = 1_500;
  socket.receive(messageFrame("ask", "request"));
  assert.equal(socket.sent.length, 2);
  socket.bufferedAmount = 2_000;
  socket.receive(messageFrame("ask", "request"));
  assert.equal(socket.sent.length, 2);
  const { code, reason } = await link.closed;
  assert.deepEqual([code, reason], [1013, "the server reads too slowly"]);
  assert.deepEqual(events.at(-1), ["warn", warningOf(reason)]);
});

Deno.test("a request rejects if the frames before it cannot be sent", async () => {
  const parts = await openLink({ maxBuffered: 1_024 }, ["batch"]);
  const { server, link, socket } = parts;
  await using _server = server;
  socket.sendError = new Error("broken");
  const requests = [500, 500].map((length) =>
    rejection(link.request(requestOf(length)))
  );
  for (const error of await Promise.all(requests)) {
    assert(error instanceof ConnectionClosedError);
  }
});

/** Returns the frame of a reply with a length. */
function replyFrame(id: number, length: number): string {
  const message = { message: "hi", data: {}, id: 1, replying: null };
  const empty = successFrame(id, "newmsg", { ...message, data: { x: "" } });
  const x = "x".repeat(length - empty.length);
  return successFrame(id, "newmsg", { ...message, data: { x } });
}

for (
  const [what, others, fits] of [
    ["short frames", Array(5_000).fill("0"), false],
    ["short answers", Array(100).fill(successFrame(9, null, {})), false],
    ["broadcasts", Array(100).fill(messageFrame("news")), true],
    ["nothing", [], true],
  ] as const
) {
  Deno.test(`the length of a reply counts in a batch with ${what}`, async () => {
    const parts = await openLink({ maxBuffered: 10_000 }, ["batch"]);
    const { server, link, socket } = parts;
    await using _server = server;
    const sent = link.request(requestOf());
    sent.catch(() => {});
    // In a batch with a long reply, the other frames do not hide it.
    socket.receive(`[${[replyFrame(1, 2_000), ...others]}]`);
    socket.receive(`[${[replyFrame(1, 2_000), ...others]}]`);
    const isFull = !fits;
    if (isFull) assert(await rejection(sent) instanceof BufferFullError);
    socket.receive(successFrame(1, "done", { id: 1 }));
    if (!isFull) await sent;
  });
}

Deno.test("a deeply nested reply in a batch with broadcasts does not end the program", async () => {
  const parts = await openLink({ maxBuffered: 1_000_000 }, ["batch"]);
  const { server, link, socket } = parts;
  await using _server = server;
  const sent = link.request(requestOf());
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const reply = replyFrame(1, 200).replace(/"x+"/, deep);
  socket.receive(`[${reply},${messageFrame("news")}]`);
  socket.receive(successFrame(1, "done", { id: 1 }));
  // Some runtimes can measure it, and the others reject the message.
  await Promise.allSettled([sent]);
});

for (
  const [what, others] of [
    ["an unknown request", [replyFrame(9, 200)]],
    ["a request that has ended", [
      successFrame(2, "done", { id: 2 }),
      replyFrame(2, 200),
    ]],
    ["a request that needs only the first reply", [replyFrame(3, 200)]],
  ] as const
) {
  Deno.test(`replies to ${what} do not make the other replies of a batch look shorter`, async () => {
    const parts = await openLink({ maxBuffered: 10_000 }, ["batch"]);
    const { server, link, socket } = parts;
    await using _server = server;
    const sent = rejection(link.request(requestOf()));
    void link.request(requestOf()).catch(() => {});
    void link.request({ ...requestOf(), endsWithReply: true }).catch(() => {});
    const hiding = Array(50).fill(others.at(-1));
    const batch = [replyFrame(1, 6_000), ...others, ...hiding];
    for (let n = 0; n < 2; n++) socket.receive(`[${batch}]`);
    socket.end(1000);
    assert(await sent instanceof BufferFullError);
  });
}

Deno.test("replies to requests that end do not make the replies to another one look shorter", async () => {
  const parts = await openLink({ maxBuffered: 10_000 }, ["batch"]);
  const { server, link, socket } = parts;
  await using _server = server;
  const sent = rejection(link.request(requestOf()));
  for (const id of [2, 3]) {
    const other = link.request(requestOf());
    const hiding = Array(30).fill(replyFrame(id, 200));
    socket.receive(`[${[replyFrame(1, 6_000), ...hiding]}]`);
    socket.receive(successFrame(id, "done", { id: 1 }));
    await other;
  }
  socket.end(1000);
  assert(await sent instanceof BufferFullError);
});
