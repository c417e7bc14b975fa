/** The signal of an operation call, and the errors that come from it. */

import assert from "node:assert/strict";
import { Calls, OperationCall } from "../../server/calls.ts";
import { ConnectionLog } from "../../server/connection_log.ts";
import type { Client } from "../../server/message.ts";
import { Transport } from "../../server/transport.ts";
import { HOSTILE } from "../support/attacks.ts";
import {
  ADDRESS,
  FakeSocket,
  serverContext,
} from "../support/server_context.ts";

const CLIENT = { id: 1 } as Client;

const OWNER = {
  onFrame: () => {},
  onClosed: () => {},
  onGone: () => {},
  onOpenedLate: () => {},
  finishFrames: () => false,
};

/** Creates the calls of one client. */
function clientCalls(): Calls {
  const context = serverContext();
  const log = new ConnectionLog(context.log, ADDRESS, context.strangers);
  const transport = new Transport(new FakeSocket(), context, log, OWNER);
  return new Calls(context, CLIENT, transport);
}

function begin() {
  const calls = clientCalls();
  return { calls, call: new OperationCall(calls) };
}

function abortError(): DOMException {
  return new DOMException("left", "AbortError");
}

Deno.test("a call has the client that called", () => {
  assert.equal(begin().call.client, CLIENT);
});

Deno.test("a call creates its signal once", () => {
  const { call } = begin();
  const { signal } = call;
  assert(!signal.aborted);
  assert.equal(call.signal, signal);
});

Deno.test("a call that ends without using its signal creates none", () => {
  const { AbortController } = globalThis;
  globalThis.AbortController = class {
    constructor() {
      throw new Error("a controller was created");
    }
  } as unknown as typeof AbortController;
  try {
    const { call, calls } = begin();
    call.end();
    calls.close();
    assert(!call.isAbortError(abortError()));
  } finally {
    globalThis.AbortController = AbortController;
  }
});

Deno.test("each call of a client has a signal of its own", () => {
  const calls = clientCalls();
  const [one, two] = [new OperationCall(calls), new OperationCall(calls)];
  assert.notEqual(one.signal, two.signal);
  one.end();
  two.abort(abortError());
  assert.deepEqual([one.signal.aborted, two.signal.aborted], [false, true]);
});

Deno.test("a call is aborted once, with the first reason", () => {
  const { call } = begin();
  const reasons: unknown[] = [];
  const { signal } = call;
  signal.addEventListener("abort", () => reasons.push(signal.reason));
  const [first, second] = [abortError(), abortError()];
  call.abort(first);
  call.abort(second);
  assert.deepEqual(reasons, [first]);
  assert.equal(signal.reason, first);
});

Deno.test("a signal that is used after the abort is aborted", () => {
  const { call } = begin();
  const reason = abortError();
  call.abort(reason);
  assert(call.signal.aborted);
  assert.equal(call.signal.reason, reason);
});

Deno.test("a call that has ended is not aborted", () => {
  const { call, calls } = begin();
  const { signal } = call;
  call.end();
  call.abort(abortError());
  calls.close();
  assert(!signal.aborted);
});

Deno.test("a signal that is used after the end of its call is not aborted later", () => {
  const { call, calls } = begin();
  call.end();
  const { signal } = call;
  calls.close();
  assert(!signal.aborted);
});

Deno.test("close() aborts calls, although their listeners end other calls", () => {
  const calls = clientCalls();
  const all = [1, 2, 3].map(() => new OperationCall(calls));
  for (const { signal } of all) {
    signal.addEventListener("abort", () => {
      for (const call of all) call.end();
    });
  }
  calls.close();
  const aborted = all.map(({ signal }) => signal.aborted);
  assert.deepEqual(aborted, [true, false, false]);
});

Deno.test("a signal that is used after close() is aborted with its reason", () => {
  const { call, calls } = begin();
  assert.equal(calls.abortReason, undefined);
  calls.close();
  const { aborted, reason } = call.signal;
  assert.deepEqual([aborted, reason], [true, calls.abortReason]);
  assert.equal(reason.message, "The client has disconnected");
});

Deno.test("isAbortError() recognizes the reason of the abort", () => {
  for (const reason of [new Error("left"), "left", 7, null, HOSTILE]) {
    const { call } = begin();
    assert(!call.isAbortError(reason));
    // Nothing uses the signal before.
    call.abort(reason as DOMException);
    assert(call.isAbortError(reason));
    for (const other of [new Error("left"), undefined, "Left", {}]) {
      assert(!call.isAbortError(other));
    }
    call.end();
    assert(call.isAbortError(reason));
  }
});

Deno.test("isAbortError() recognizes errors that were made from the reason", () => {
  const { call } = begin();
  const reason = abortError();
  const errors = [
    new DOMException("The operation was aborted", "AbortError"),
    new Error("cannot go on", { cause: reason }),
  ];
  for (const error of errors) assert(!call.isAbortError(error));
  call.abort(reason);
  for (const error of errors) assert(call.isAbortError(error));
  const cause = abortError();
  assert(!call.isAbortError(new Error("cannot go on", { cause })));
});

Deno.test("isAbortError() is false without an abort", () => {
  const { call } = begin();
  for (const error of [undefined, null, new Error("left"), HOSTILE]) {
    assert(!call.isAbortError(error));
  }
  // The signal has no reason yet.
  assert.equal(call.signal.reason, undefined);
  assert(!call.isAbortError(undefined));
  call.end();
  const late = abortError();
  call.abort(late);
  assert(!call.isAbortError(late));
});
