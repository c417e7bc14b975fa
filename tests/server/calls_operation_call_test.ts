import assert from "node:assert/strict";
import { type Client } from "../../server/message.ts";
import { Departure, OperationCall } from "../../server/calls.ts";
import { HOSTILE } from "../support/attacks.ts";

const CLIENT = { id: 1 } as Client;

/** A departure that shows who wants to know of it. */
class Watched extends Departure {
  readonly watched = new Set<OperationCall>();

  override watch(call: OperationCall): void {
    super.watch(call);
    this.watched.add(call);
  }

  override forget(call: OperationCall): void {
    super.forget(call);
    this.watched.delete(call);
  }
}

/** Calls of one client, and those that want to know when it has left. */
function beginAll(count: number) {
  const departure = new Watched();
  const calls = Array.from(
    { length: count },
    () => new OperationCall(CLIENT, departure),
  );
  return { calls, departure, watched: departure.watched };
}

function begin() {
  const { calls, ...rest } = beginAll(1);
  return { call: calls[0]!, ...rest };
}

Deno.test("a call tells who called", () => {
  assert.equal(begin().call.client, CLIENT);
});

Deno.test("a call is watched once its handler has asked for the signal", () => {
  const { call, watched } = begin();
  assert.equal(watched.size, 0);
  const { signal } = call;
  assert.deepEqual([...watched], [call]);
  assert(!signal.aborted);
  assert.equal(call.signal, signal);
  assert.deepEqual([...watched], [call]);
});

Deno.test("calls of one client are watched, and end, each by itself", () => {
  const { calls: [one, two], watched } = beginAll(2);
  assert.notEqual(one!.signal, two!.signal);
  assert.deepEqual([...watched], [one, two]);
  one!.end();
  assert.deepEqual([...watched], [two]);
  two!.abort(new Error("left"));
  assert.deepEqual([one!.signal.aborted, two!.signal.aborted], [false, true]);
});

Deno.test("a call that is aborted tells its handler why, once", () => {
  const { call } = begin();
  const reasons: unknown[] = [];
  const { signal } = call;
  signal.addEventListener("abort", () => reasons.push(signal.reason));
  const [first, second] = [new Error("first"), new Error("second")];
  call.abort(first);
  call.abort(second);
  assert.deepEqual(reasons, [first]);
  assert.equal(signal.reason, first);
});

Deno.test("a handler that asks for the signal too late finds it aborted", () => {
  const { call, watched } = begin();
  const reason = new Error("left");
  call.abort(reason);
  assert(call.signal.aborted);
  assert.equal(call.signal.reason, reason);
  call.end();
  assert.equal(watched.size, 0);
});

Deno.test("a call that has ended is not watched, and not aborted any more", () => {
  const { call, watched } = begin();
  const { signal } = call;
  call.end();
  assert.equal(watched.size, 0);
  call.abort(new Error("left"));
  assert(!signal.aborted);
  call.end();
  assert.equal(watched.size, 0);
});

Deno.test("a handler that asks for the signal after the end is not watched for ever", () => {
  const { call, watched } = begin();
  call.end();
  assert(!call.signal.aborted);
  call.abort(new Error("left"));
  assert(!call.signal.aborted);
  assert.equal(watched.size, 0);
});

Deno.test("calls can end, and others begin, while all are aborted", () => {
  const { calls, departure, watched } = beginAll(3);
  for (const { signal } of calls) {
    signal.addEventListener("abort", () => {
      for (const call of calls) call.end();
    });
  }
  departure.happen(new Error("left"));
  assert.equal(watched.size, 0);
  assert.deepEqual(calls.map(({ signal }) => signal.aborted), [
    true,
    false,
    false,
  ]);
});

Deno.test("a handler that asks for the signal after its client has left finds it aborted", () => {
  const { call, departure, watched } = begin();
  const reason = new Error("left");
  departure.happen(reason);
  assert.equal(departure.reason, reason);
  assert(call.signal.aborted);
  assert.equal(call.signal.reason, reason);
  // There is nothing to wait for.
  assert.equal(watched.size, 0);
});

Deno.test("a call knows the reason for which it was aborted", () => {
  for (const reason of [new Error("left"), "left", 7, null, HOSTILE]) {
    const { call } = begin();
    assert(!call.isReason(reason));
    call.abort(reason);
    // Nobody has asked for the signal.
    assert(call.isReason(reason));
    for (const other of [new Error("left"), undefined, "Left", {}]) {
      assert(!call.isReason(other));
    }
    call.end();
    assert(call.isReason(reason));
  }
});

Deno.test("a call knows what others make of its reason", () => {
  const { call } = begin();
  const reason = new DOMException("left", "AbortError");
  const made = [
    new DOMException("The operation was aborted", "AbortError"),
    new Error("cannot go on", { cause: reason }),
  ];
  for (const error of made) assert(!call.isReason(error));
  call.abort(reason);
  for (const error of made) assert(call.isReason(error));
  const cause = new DOMException("left", "AbortError");
  assert(!call.isReason(new Error("cannot go on", { cause })));
});

Deno.test("no reason is that of a call that was not aborted", () => {
  const { call } = begin();
  for (const error of [undefined, null, new Error("left"), HOSTILE]) {
    assert(!call.isReason(error));
  }
  // Which has no reason yet.
  assert.equal(call.signal.reason, undefined);
  assert(!call.isReason(undefined));
  call.end();
  call.abort("late");
  assert(!call.isReason("late"));
});
