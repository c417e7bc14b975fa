/** The timeouts and the cancels of requests that wait for a reconnect. */

import assert from "node:assert/strict";
import { TimeoutError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { successFrame } from "../support/fake_server.ts";
import {
  answerAll,
  type ConnectionScript,
  connectReconnecting,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { gate, pause } from "../support/timing.ts";

const TIMEOUT = 60_000;

type Frame = Record<string, unknown>;

/** Answers the login of a client that can cancel, and calls `next` for later frames. */
function logIn(next: ConnectionScript): ConnectionScript {
  return (socket, frame) =>
    frame.token === undefined
      ? next(socket, frame)
      : socket.send(successFrame(0, null, { features: ["cancel", "done-id"] }));
}

/** Closes the connection at the first request. */
const closeAtRequest: ConnectionScript = logIn((socket, frame) =>
  frame.end === true ? answerAll(socket, frame) : socket.close(1001)
);

/** Returns the timeouts of the requests of one connection. */
function timeoutsOf(frames: readonly Frame[] | undefined): unknown[] {
  return (frames ?? []).flatMap(({ action, data }) =>
    action === "operation" ? [(data as Frame).timeout] : []
  );
}

Deno.test("an operation that is sent again sends the time that is left", async () => {
  await using server = scriptedServer([closeAtRequest, logIn(answerAll)]);
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  const options = { timeout: TIMEOUT, idempotent: true };
  const answered = connection.operation("add", {}, options);
  await states.next("waiting");
  await answered;
  const sent = server.frames.flatMap(timeoutsOf);
  const [first = NaN, second = NaN] = sent as number[];
  assert(first <= TIMEOUT && second <= first && second > 0, `${sent}`);
});

Deno.test("an operation that has waited in the queue sends the time that is left", async () => {
  const { opened, open } = gate();
  const answerLate: ConnectionScript = logIn(answerAll);
  await using server = scriptedServer([
    closeAtRequest,
    async (socket, frame) => {
      if (frame.token !== undefined) await opened;
      answerLate(socket, frame);
    },
  ]);
  await using connection = await connectReconnecting(server, { maxQueue: 9 });
  const states = new StateRecorder(connection);
  await rejection(connection.operation("lost"));
  await states.next("waiting");
  const waiting = connection.operation("add", {}, { timeout: TIMEOUT });
  const endless = connection.operation("add");
  await pause(20);
  open();
  await Promise.all([waiting, endless]);
  const [left, none] = timeoutsOf(server.frames[1]) as number[];
  assert(left! > 0 && left! <= TIMEOUT - 10, `${left}`);
  assert.equal(none, undefined);
});

Deno.test("an operation that is given up while it waits is never sent", async () => {
  const { opened, open } = gate();
  await using server = scriptedServer([
    closeAtRequest,
    async (socket, frame) => {
      if (frame.token !== undefined) await opened;
      logIn(answerAll)(socket, frame);
    },
  ]);
  await using connection = await connectReconnecting(server, { maxQueue: 9 });
  const states = new StateRecorder(connection);
  await rejection(connection.operation("lost"));
  await states.next("waiting");
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = rejection(connection.operation("aborted", {}, { signal }));
  const late = rejection(connection.operation("late", {}, { timeout: 1 }));
  controller.abort();
  await aborted;
  assert(await late instanceof TimeoutError);
  open();
  await states.next("open");
  await connection.operation("again");
  const sent = server.frames[1]!.flatMap(({ action, data }) =>
    action === undefined ? [] : [action, (data as Frame).operation]
  );
  assert.deepEqual(sent, ["operation", "again"]);
});

Deno.test("an idempotent operation that is given up is cancelled where it was sent last", async () => {
  const received = Promise.withResolvers<void>();
  await using server = scriptedServer([
    closeAtRequest,
    logIn((socket, frame) => {
      if (frame.action !== "operation") return answerAll(socket, frame);
      received.resolve();
    }),
  ]);
  await using connection = await connectReconnecting(server);
  const controller = new AbortController();
  const options = { signal: controller.signal, idempotent: true };
  const given = rejection(connection.operation("add", {}, options));
  await received.promise;
  controller.abort();
  await given;
  await connection.message("hello");
  const [first, second] = server.frames.map((frames) =>
    frames.flatMap(({ action }) => action ?? [])
  );
  assert.deepEqual([first, second], [["operation"], [
    "operation",
    "cancel",
    "message",
  ]]);
});
