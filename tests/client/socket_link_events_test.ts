/** WebSocket implementations whose events differ from those of the standard. */

import assert from "node:assert/strict";
import { ConnectError, ConnectionClosedError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { successFrame } from "../support/fake_server.ts";
import { FakeSocket } from "../support/fake_socket.ts";
import { openLink, requestOf, startLink } from "../support/socket_link.ts";
import { pause } from "../support/timing.ts";

/** A socket that does not open by itself. */
class IdleSocket extends FakeSocket {
  static last: IdleSocket;
  constructor() {
    super();
    this.readyState = 0;
    IdleSocket.last = this;
  }
}

Deno.test("an error without a close ends an attempt to open", async () => {
  const { server, opening } = startLink(IdleSocket);
  await using _server = server;
  while (IdleSocket.last === undefined) await pause(1);
  const socket = IdleSocket.last;
  socket.dispatch("error", { message: "Invalid status code: 503" });
  const error = await rejection(opening);
  assert(error instanceof ConnectError);
  assert.equal(error.status, 503);
  assert.equal(socket.closed.length, 1);
  // An abandoned socket that opens late must not stay open.
  socket.dispatch("open");
  assert.equal(socket.closed.length, 2);
});

Deno.test("an error without a close ends the connection", async () => {
  const { server, link, events, socket } = await openLink();
  await using _server = server;
  const request = rejection(link.request(requestOf()));
  socket.dispatch("error", { message: "broken" });
  assert(await request instanceof ConnectionClosedError);
  assert.deepEqual(await link.closed, { code: 1006, reason: "" });
  assert.deepEqual(events, [["closed", 1006, ""]]);
  assert.equal(socket.closed.length, 1);
});

Deno.test("the code of a close that follows an error is kept", async () => {
  const { server, link, events, socket } = await openLink();
  await using _server = server;
  socket.dispatch("error");
  socket.end(1009, "too big");
  assert.deepEqual(await link.closed, { code: 1009, reason: "too big" });
  await pause(1);
  assert.deepEqual(events, [["closed", 1009, "too big"]]);
  assert.equal(socket.closed.length, 0);
});

Deno.test("the code of a close that follows a failed send is kept", async () => {
  const { server, link, socket } = await openLink();
  await using _server = server;
  // Deno's WebSocket cannot send between the Close frame and the close event.
  socket.sendError = new Error("not open");
  const request = rejection(link.request(requestOf()));
  socket.end(4001, "banned");
  assert.deepEqual(await link.closed, { code: 4001, reason: "banned" });
  assert.equal((await request as ConnectionClosedError).code, 4001);
});

Deno.test("only the first of several events counts", async () => {
  const { server, link, events, socket } = await openLink();
  await using _server = server;
  for (const type of ["error", "error"]) socket.dispatch(type);
  socket.end(1001, "first");
  socket.end(4000, "second");
  for (const type of ["error", "open"]) socket.dispatch(type);
  socket.receive(successFrame(null, "s_newmsg", {}));
  socket.receive("no frame");
  await pause(1);
  assert.deepEqual(events, [["closed", 1001, "first"]]);
  const { code, reason } = await rejection(
    link.request(requestOf()),
  ) as ConnectionClosedError;
  assert.deepEqual([code, reason], [1001, "first"]);
});

Deno.test("an error after close() does not change how the connection ended", async () => {
  const { server, link, events, socket } = await openLink();
  await using _server = server;
  const closing = link.close();
  socket.dispatch("error");
  await closing;
  const CLOSED_HERE = { code: 1000, reason: "closed by the client" };
  assert.deepEqual(await link.closed, CLOSED_HERE);
  assert.deepEqual(events, [["closed", 1000, "closed by the client"]]);
});

Deno.test("a close event without a code and a reason ends the connection", async () => {
  const { server, link, socket } = await openLink();
  await using _server = server;
  socket.dispatch("close");
  assert.deepEqual(await link.closed, { code: 1006, reason: "" });
});

Deno.test("a socket that cannot be closed ends nevertheless", async () => {
  const { server, link, socket } = await openLink();
  await using _server = server;
  socket.close = () => {
    throw new Error("not now");
  };
  link.abort();
  assert.equal((await link.closed).code, 1006);
});
