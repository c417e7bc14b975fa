/** The cancel frames and the timeouts that a link sends. */

import assert from "node:assert/strict";
import type { LinkRequest } from "../../client/link.ts";
import { BufferFullError, TimeoutError } from "../../common/errors.ts";
import { encodeOperationRequest } from "../../protocol/encode.ts";
import { rejection } from "../support/errors.ts";
import { errorFrame, successFrame } from "../support/fake_server.ts";
import { openLink } from "../support/socket_link.ts";
import { endOfTick, pause } from "../support/timing.ts";

const CANCEL = '{"id":1,"action":"cancel","data":{}}';

/** The extensions of a server that can and that cannot cancel requests. */
const WITH = ["cancel", "done-id", "stream"];
const WITHOUT = ["done-id", "stream"];

function request(more: Partial<LinkRequest> = {}): LinkRequest {
  return {
    name: "add",
    describe: (name) => `operation "${name}"`,
    encode: encodeOperationRequest("add", {}),
    ...more,
  };
}

/** Opens a link, and returns what it sends after the login. */
async function open(features: readonly string[], maxBuffered = Infinity) {
  const parts = await openLink({ maxBuffered }, features);
  parts.socket.sent.length = 0;
  return parts;
}

/** Returns the timeouts of the requests that were sent. */
function timeoutsOf(sent: readonly string[]): unknown[] {
  return sent.map((frame) => JSON.parse(frame).data.timeout);
}

for (
  const [what, features] of Object.entries({ with: WITH, without: WITHOUT })
) {
  const cancels = features === WITH;

  Deno.test(`an aborted request is ${cancels ? "" : "not "}cancelled on a server ${what} the extension`, async () => {
    const { server, link, socket } = await open(features);
    await using _server = server;
    const controller = new AbortController();
    const { signal } = controller;
    const rejected = rejection(link.request(request({ signal })));
    assert.equal(socket.sent.length, 1);
    const reason = new Error("no more");
    controller.abort(reason);
    assert.equal(await rejected, reason);
    assert.deepEqual(socket.sent.slice(1), cancels ? [CANCEL] : []);
    // The answer that still comes is ignored.
    socket.receive(successFrame(1, null, { result: 1 }));
    socket.end(1000);
  });

  Deno.test(`a request that times out is ${cancels ? "" : "not "}cancelled on a server ${what} the extension`, async () => {
    const { server, link, socket } = await open(features);
    await using _server = server;
    const error = await rejection(link.request(request({ timeout: 3 })));
    assert(error instanceof TimeoutError);
    assert.deepEqual(socket.sent.slice(1), cancels ? [CANCEL] : []);
    socket.end(1000);
  });

  Deno.test(`the timeout is ${cancels ? "" : "not "}sent to a server ${what} the extension`, async () => {
    const { server, link, socket } = await open(features);
    await using _server = server;
    for (const timeout of [60_000, 0.2, 2_147_483_647, Infinity, undefined]) {
      void link.request(request({ timeout })).catch(() => {});
    }
    const sent = [60_000, 1, 2_147_483_647, undefined, undefined];
    assert.deepEqual(
      timeoutsOf(socket.sent),
      cancels ? sent : sent.map(() => undefined),
    );
    socket.end(1000);
  });
}

Deno.test("a request that has waited sends the time that is left", async () => {
  const { server, link, socket } = await open(WITH);
  await using _server = server;
  const now = performance.now();
  const { signal } = new AbortController();
  for (const left of [5_000, -7]) {
    const due = now + left;
    const lasting = { signal, timeout: 60_000, due };
    void link.request(request(lasting)).catch(() => {});
  }
  const [left, none] = timeoutsOf(socket.sent) as [number, number];
  assert(left > 1_000 && left <= 5_000, `${left}`);
  assert.equal(none, 0);
  socket.end(1000);
});

Deno.test("the timeout of a request that has waited does not start again", async () => {
  const { server, link, socket } = await open(WITH);
  await using _server = server;
  const { signal } = new AbortController();
  const due = performance.now() + 60_000;
  const waiting = link.request(request({ signal, timeout: 0, due }));
  // A timeout of its own would expire meanwhile.
  await pause(20);
  socket.receive(successFrame(1, null, { result: 3 }));
  assert.deepEqual(await waiting, { result: 3 });
  socket.end(1000);
});

Deno.test("a request that was answered is not cancelled", async () => {
  const { server, link, socket } = await open(WITH);
  await using _server = server;
  const controller = new AbortController();
  const { signal } = controller;
  const answered = link.request(request({ signal }));
  const failed = rejection(link.request(request({ signal })));
  const replied = link.request(request({ signal, endsWithReply: true }));
  socket.receive(successFrame(1, null, { result: 1 }));
  socket.receive(errorFrame(2, 6));
  const wire = { message: "hi", data: {}, id: 1, replying: null };
  socket.receive(successFrame(3, "newmsg", wire));
  await Promise.all([answered, failed, replied]);
  controller.abort();
  await endOfTick();
  assert.equal(socket.sent.length, 3);
  socket.end(1000);
});

Deno.test("a request with an aborted signal sends nothing", async () => {
  const { server, link, socket } = await open(WITH);
  await using _server = server;
  await rejection(link.request(request({ signal: AbortSignal.abort() })));
  assert.deepEqual(socket.sent, []);
  socket.end(1000);
});

Deno.test("a request that fails because the connection ends is not cancelled", async () => {
  const { server, link, socket } = await open(WITH);
  await using _server = server;
  const { signal } = new AbortController();
  const failed = rejection(link.request(request({ signal })));
  socket.end(1006);
  await failed;
  assert.equal(socket.sent.length, 1);
});

for (const needs of ["stream", "resume"] as const) {
  Deno.test(`a stream that needs "${needs}" is not cancelled by its link, because it cancels itself`, async () => {
    const { server, link, socket } = await open([...WITH, "resume"]);
    await using _server = server;
    const controller = new AbortController();
    const { signal } = controller;
    const failed = rejection(link.request(request({ signal, needs })));
    controller.abort();
    await failed;
    assert.equal(socket.sent.length, 1);
    socket.end(1000);
  });
}

Deno.test("a message with too many replies is cancelled", async () => {
  const { server, link, socket } = await open(WITH, 1_024);
  await using _server = server;
  const failed = rejection(link.request(request({ events: {} })));
  const wire = { message: "x".repeat(1_024), data: {}, id: 1, replying: null };
  socket.receive(successFrame(1, "newmsg", wire));
  socket.receive(successFrame(1, "newmsg", wire));
  assert(await failed instanceof BufferFullError);
  assert.deepEqual(socket.sent.slice(1), [CANCEL]);
  socket.end(1000);
});

Deno.test("a request and its abort in one tick share a batch", async () => {
  const { server, link, socket } = await open([...WITH, "batch"]);
  await using _server = server;
  const controller = new AbortController();
  const { signal } = controller;
  const failed = rejection(link.request(request({ signal })));
  controller.abort();
  await failed;
  await endOfTick();
  const sent = socket.sent.flatMap((frame) => JSON.parse(frame));
  assert.deepEqual(sent.map(({ action }) => action), ["operation", "cancel"]);
  socket.end(1000);
});

for (
  const [data, isTimeout] of [
    [{ limit: "timeout", value: 60_000 }, true],
    [{ limit: "maxPending", value: 3 }, false],
    [null, false],
  ] as const
) {
  Deno.test(`the error 9 with ${JSON.stringify(data)} is ${isTimeout ? "a" : "no"} TimeoutError`, async () => {
    const { server, link, socket } = await open(WITH);
    await using _server = server;
    const failed = rejection(link.request(request({ timeout: 60_000 })));
    const other = rejection(link.request(request()));
    socket.receive(errorFrame(1, 9, data));
    socket.receive(errorFrame(2, 9, data));
    const error = await failed;
    assert.equal(error instanceof TimeoutError, isTimeout);
    if (isTimeout) assert.match(error.message, /no response within 60000 ms/);
    // A request without a timeout cannot have exceeded it.
    assert(!(await other instanceof TimeoutError));
    socket.end(1000);
  });
}
