/** The cancel frames of clients, and the deadlines of their requests. */

import assert from "node:assert/strict";
import type { ClientMessage, OperationContext } from "../../server/message.ts";
import { Authorization } from "../../server/authorization.ts";
import { resolveLimits } from "../../server/limits.ts";
import { message, operation } from "../support/raw_client.ts";
import { idsOf, logInSocket } from "../support/server_connection.ts";
import { endOfTick, gate } from "../support/timing.ts";

const FEATURES = ["done-id", "cancel", "request", "stream"];

type Context = OperationContext | ClientMessage;

/** Logs in a client of a server whose handlers wait until the test opens the gate. */
async function logIn(
  features: readonly string[] = FEATURES,
  limits: Parameters<typeof resolveLimits>[0] = {},
) {
  const connection = await logInSocket(features, {
    limits: resolveLimits(limits),
  });
  const { registry } = connection.context;
  const contexts: Context[] = [];
  const { opened, open } = gate();
  const handle = async (context: Context) => {
    contexts.push(context);
    await opened;
    context.signal.throwIfAborted();
    return "result";
  };
  registry.operation("wait", (_, context) => handle(context), undefined);
  registry.receive("wait", handle, undefined);
  registry.operation("rows", (_, context) => {
    contexts.push(context);
    return rowsAfter(opened);
  }, undefined);
  return { ...connection, contexts, open };
}

async function* rowsAfter(opened: Promise<void>) {
  await opened;
  yield 1;
}

function cancel(id: number) {
  return { id, action: "cancel", data: {} };
}

/** Returns a request with the timeout of the client. */
function withTimeout(
  { data, ...rest }: { data: object },
  timeout: unknown,
): unknown {
  return { ...rest, data: { ...data, timeout } };
}

/** Returns a frame that starts a stream. */
function stream(id: number) {
  const data = { operation: "rows", data: {}, credit: 1 };
  return { id, action: "stream", data };
}

const REQUESTS = { operation, message };

for (const [kind, request] of Object.entries(REQUESTS)) {
  Deno.test(`a cancel aborts the signal of the ${kind}, which is answered once`, async () => {
    const { contexts, open, sent, socket, logger } = await logIn();
    socket.receive(request(1, "wait"), request(2, "wait"), cancel(1));
    const [first, second] = contexts.map(({ signal }) => signal);
    assert.equal(
      String(first?.reason),
      "AbortError: The client has cancelled the request",
    );
    assert(!second?.aborted);
    assert.deepEqual(sent, []);
    open();
    await endOfTick();
    const frames = sent.map((frame) => JSON.parse(frame));
    const answers = frames.map(({ id, code }) => [id, code]).sort();
    assert.deepEqual(answers, [[1, 6], [2, 0]]);
    // A handler that gives up has not failed.
    assert(!logger.lines.some((line) => line.startsWith("error")));
  });

  Deno.test(`a signal that is used after the cancel of the ${kind} is aborted`, async () => {
    const { contexts, open, socket } = await logIn();
    socket.receive(request(1, "wait"));
    socket.receive(cancel(1));
    assert(contexts[0]?.signal.aborted);
    open();
    await endOfTick();
  });

  Deno.test(`a client without the extension cannot cancel a ${kind}`, async () => {
    const features = FEATURES.filter((feature) => feature !== "cancel");
    const { contexts, open, sent, socket } = await logIn(features);
    socket.receive(request(1, "wait"), cancel(1));
    assert(!contexts[0]?.signal.aborted);
    open();
    await endOfTick();
    assert.equal(JSON.parse(sent[0]!).code, 0);
  });

  Deno.test(`the cancel of a ${kind} that has ended does nothing`, async () => {
    const { contexts, open, sent, socket } = await logIn();
    open();
    socket.receive(request(1, "wait"));
    await endOfTick();
    socket.receive(cancel(1));
    assert(!contexts[0]?.signal.aborted);
    assert.deepEqual(idsOf(sent), [1]);
  });

  Deno.test(`the cancel of a ${kind} counts towards maxRate only if it is repeated`, async () => {
    const limits = { maxRate: 0.001, maxBurst: 3 };
    const { open, socket } = await logIn(FEATURES, limits);
    socket.receive(request(1, "wait"), request(2, "wait"));
    socket.receive(cancel(1), cancel(2));
    // Twice the burst is allowed.
    for (let n = 0; n < 4; n++) socket.receive(cancel(1));
    await endOfTick();
    assert.deepEqual(socket.closed, []);
    socket.receive(cancel(2));
    open();
    await endOfTick();
    assert.deepEqual(socket.closed, [1008]);
  });

  Deno.test(`the context of the ${kind} has the deadline of the client`, async () => {
    const { contexts, open, socket } = await logIn();
    const before = Date.now();
    socket.receive(withTimeout(request(1, "wait"), 60_000));
    const after = Date.now();
    socket.receive(request(2, "wait"));
    open();
    const deadline = contexts[0]?.deadline ?? 0;
    assert(deadline >= before + 60_000 && deadline <= after + 60_000);
    assert.equal(contexts[1]?.deadline, undefined);
    await endOfTick();
  });

  Deno.test(`the ${kind} is answered with the timeout after its deadline`, async () => {
    const { open, sent, socket, logger } = await logIn();
    socket.receive(withTimeout(request(1, "wait"), 0));
    open();
    await endOfTick();
    const { id, code, data } = JSON.parse(sent[0]!);
    assert.deepEqual([id, code, data], [1, 9, { limit: "timeout", value: 0 }]);
    assert(!logger.lines.some((line) => line.startsWith("error")));
  });

  Deno.test(`the timeout of a ${kind} is ignored without the extension`, async () => {
    const { contexts, open, socket, sent } = await logIn(["stream", "done-id"]);
    socket.receive(withTimeout(request(1, "wait"), "never"));
    assert.equal(contexts[0]?.deadline, undefined);
    open();
    await endOfTick();
    assert.equal(JSON.parse(sent[0]!).code, 0);
  });
}

Deno.test("a cancel in the batch of its request aborts the signal", async () => {
  const { contexts, open, sent, socket } = await logIn([...FEATURES, "batch"]);
  socket.receive([operation(1, "wait"), cancel(1), operation(2, "wait")]);
  const aborted = contexts.map(({ signal }) => signal.aborted);
  assert.deepEqual(aborted, [true, false]);
  open();
  await endOfTick();
  const answers = sent.flatMap((frame) => JSON.parse(frame));
  assert.deepEqual(answers.map(({ id }) => id).sort(), [1, 2]);
});

Deno.test("a cancel applies to a stream before other requests with its id", async () => {
  const { contexts, open, sent, socket } = await logIn();
  socket.receive(operation(1, "wait"), stream(1), cancel(1));
  const aborted = contexts.map(({ signal }) => signal.aborted);
  assert.deepEqual(aborted, [false, true]);
  open();
  while (sent.length < 2) await endOfTick();
});

Deno.test("a client without the extension can cancel a stream", async () => {
  const { contexts, open, sent, socket } = await logIn(["stream"]);
  socket.receive(stream(1), cancel(1));
  assert(contexts[0]?.signal.aborted);
  open();
  while (sent.length === 0) await endOfTick();
  assert.equal(JSON.parse(sent[0]!).message, "done");
});

Deno.test("a cancelled request still counts for maxPending until it ends", async () => {
  const { open, sent, socket } = await logIn(FEATURES, { maxPending: 1 });
  socket.receive(operation(1, "wait"), cancel(1), operation(2, "wait"));
  assert.deepEqual(JSON.parse(sent[0]!).data, {
    limit: "maxPending",
    value: 1,
  });
  open();
  await endOfTick();
  assert.deepEqual(idsOf(sent), [2, 1]);
});

Deno.test("the replies of a cancelled message are sent before its end", async () => {
  const { context, sent, socket } = await logIn();
  const { opened, open } = gate();
  context.registry.receive("late", async (message) => {
    await opened;
    message.reply("re");
  }, undefined);
  socket.receive(message(1, "late"), cancel(1));
  open();
  await endOfTick();
  const kinds = sent.map((frame) => JSON.parse(frame).message);
  assert.deepEqual([kinds, idsOf(sent)], [["newmsg", "done"], [1, 1]]);
});

Deno.test("a message that was refused cannot be cancelled any more", async () => {
  const limits = resolveLimits({ maxRate: 0.001, maxBurst: 2 });
  const authorization = new Authorization(() => false, undefined);
  const overrides = { limits, authorization };
  const { sent, socket } = await logInSocket(FEATURES, overrides);
  socket.receive(message(1, "wait"));
  while (sent.length === 0) await endOfTick();
  // The cancel of a message in progress would not count towards the rate. Less than one
  // token is added during the test.
  socket.receive(cancel(1), cancel(1), cancel(1));
  await endOfTick();
  assert.deepEqual(socket.closed, []);
  socket.receive(cancel(1));
  await endOfTick();
  assert.deepEqual(socket.closed, [1008]);
});
