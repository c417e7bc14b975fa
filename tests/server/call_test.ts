/** The signal of a call, and the errors that come from it. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { ActiveCalls } from "../../server/active_calls.ts";
import { Call } from "../../server/call.ts";
import type { Client } from "../../server/message.ts";
import { HOSTILE } from "../support/attacks.ts";
import { Clock, READING_TIME } from "../support/clock.ts";

const CLIENT = { id: 1 } as Client;
const REQUEST = { id: 5 };

/** Creates the calls of one client. */
function clientCalls(): ActiveCalls {
  return new ActiveCalls(CLIENT, true);
}

function begin() {
  const calls = clientCalls();
  return { calls, call: new Call(calls, REQUEST) };
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
  const [one, two] = [new Call(calls, REQUEST), new Call(calls, REQUEST)];
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
  const all = [1, 2, 3].map(() => new Call(calls, REQUEST));
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

Deno.test("a call without a timeout has no deadline", () => {
  const { call } = begin();
  assert.deepEqual([call.deadline, call.due], [undefined, undefined]);
});

Deno.test("a call with a timeout has a deadline since the epoch", () => {
  const before = Date.now();
  const { deadline } = new Call(clientCalls(), { id: 5, timeout: 60_000 });
  const after = Date.now();
  assert(deadline !== undefined);
  assert(deadline >= before + 60_000 && deadline <= after + 60_000);
});

Deno.test("a call expires after its timeout, although nothing cancels it", () => {
  using clock = new Clock();
  const calls = clientCalls();
  const call = new Call(calls, { id: 5, timeout: 3_000 });
  const { signal } = call;
  clock.pass(2_999);
  assert(!signal.aborted);
  clock.pass(1_001 + READING_TIME);
  assert.equal(
    String(signal.reason),
    "TimeoutError: The deadline has passed",
  );
  call.end();
  assert.equal(clock.timers, 0);
});

Deno.test("a signal that is used after the deadline is aborted at once", () => {
  using clock = new Clock();
  const call = new Call(clientCalls(), { id: 5, timeout: 10 });
  clock.pass(10);
  assert(call.signal.aborted);
  assert.equal(clock.timers, 0);
});

Deno.test("a call that ends or is aborted does not expire", () => {
  using clock = new Clock();
  const calls = clientCalls();
  const [ended, cancelled, closed] = [1, 2, 3].map((id) =>
    new Call(calls, { id, timeout: 3_000 })
  ) as [Call, Call, Call];
  const signals = [ended, cancelled, closed].map(({ signal }) => signal);
  calls.add(cancelled);
  ended.end();
  calls.cancel(2);
  calls.close();
  clock.pass(10_000);
  const reasons = signals.map(({ reason }) => reason?.message);
  assert.deepEqual(reasons, [
    undefined,
    "The client has cancelled the request",
    "The client has disconnected",
  ]);
  assert.equal(clock.timers, 0);
});

Deno.test("a call is answered with its timeout if the handler fails because of it", () => {
  const call = new Call(clientCalls(), { id: 5, timeout: 1_234 });
  const reason = call.expire();
  for (
    const error of [
      reason,
      new DOMException("Aborted", "AbortError"),
      new Error("no", { cause: reason }),
    ]
  ) {
    const answer = call.answerTo(error);
    assert(RequestError.is(answer));
    assert.equal(answer.code, ErrorCode.LIMIT_EXCEEDED);
    assert.deepEqual(answer.data, { limit: "timeout", value: 1_234 });
  }
  const other = new Error("no");
  assert.equal(call.answerTo(other), other);
});

Deno.test("a call is answered with the error of its handler if it was cancelled", () => {
  const calls = clientCalls();
  const call = new Call(calls, { id: 5, timeout: 1_234 });
  calls.add(call);
  calls.cancel(5);
  const { reason } = call.signal;
  assert.equal(call.answerTo(reason), reason);
});

Deno.test("a call is cancelled once, and only while it runs", () => {
  const calls = clientCalls();
  const [running, ended] = [1, 2].map((id) => new Call(calls, { id })) as [
    Call,
    Call,
  ];
  calls.add(running);
  calls.add(ended);
  ended.end();
  assert.deepEqual([calls.has(1), calls.has(2), calls.has(3)], [
    true,
    false,
    false,
  ]);
  for (const id of [1, 2, 3]) calls.cancel(id);
  assert.deepEqual([running.signal.aborted, ended.signal.aborted], [
    true,
    false,
  ]);
  assert(!calls.has(1));
});

Deno.test("a cancel aborts the newest call with its id", () => {
  const calls = clientCalls();
  const [first, second] = [new Call(calls, REQUEST), new Call(calls, REQUEST)];
  calls.add(first);
  calls.add(second);
  // The end of the first call does not protect the second.
  first.end();
  calls.cancel(REQUEST.id);
  assert.deepEqual([first.signal.aborted, second.signal.aborted], [
    false,
    true,
  ]);
});

Deno.test("a client without the extension cannot cancel a call", () => {
  const calls = new ActiveCalls(CLIENT, false);
  const call = new Call(calls, REQUEST);
  calls.add(call);
  assert(!calls.has(REQUEST.id));
  calls.cancel(REQUEST.id);
  assert(!call.signal.aborted);
});
