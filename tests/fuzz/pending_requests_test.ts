/** The model of responses: it accepts right frames and rejects wrong ones. */

import assert from "node:assert/strict";
import { SUCCESS } from "../support/raw_client.ts";
import type { CallRequest } from "./actions.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import { GuardedMatcher } from "./guarded_matcher.ts";
import { expectationOf, expectError } from "./expectations.ts";
import { DECLINED, WAITED } from "./handlers.ts";
import { PendingRequests } from "./pending_requests.ts";
import type { GeneratorState } from "./stream_matcher.ts";
import { Violation } from "./violation.ts";

/** Pending requests, and an application whose generator state is set by the test. */
class Sample {
  state: GeneratorState | undefined;
  readonly notes: string[] = [];
  readonly pendingRequests = new PendingRequests();

  /** Requests a stream with the id 1. */
  stream(name: string, credit: number, n = 3): void {
    this.continue(name, credit, undefined, n);
  }

  /** Requests a stream with the id 1 that continues after an id. */
  continue(
    name: string,
    credit: number,
    lastEventId: string | null | undefined,
    n = 3,
  ): void {
    const data = { n, mark: "mark 1" };
    this.#ask({ kind: "stream", id: 1, name, data, credit, lastEventId });
  }

  /** Calls an operation with the id 1. */
  operation(name: string, timeout?: number, data = {}): void {
    this.#ask({ kind: "operation", id: 1, name, data, timeout });
  }

  items(...items: readonly unknown[]): void {
    this.#take({ message: "items", data: { items } });
  }

  itemsWithIds(items: readonly unknown[], ids: unknown): void {
    this.#take({ message: "items", data: { items, ids } });
  }

  done(): void {
    this.#take({ message: "done" });
  }

  result(result: unknown): void {
    this.#take({ data: { result } });
  }

  error(code: number, data: ResponseFrame["data"] = null): void {
    this.#take({ success: false, code, data, message: "…" });
  }

  #ask(request: CallRequest): void {
    const context = {
      stateOf: () => this.state,
      note: (what: string) => void this.notes.push(what),
    };
    const serverFeatures = { features: ["stream"], context };
    const sent = { nth: 1, isSafe: true };
    this.pendingRequests.add(expectationOf(request, serverFeatures), sent);
  }

  #take(response: Partial<ResponseFrame>): void {
    this.pendingRequests.take({ ...SUCCESS, id: 1, ...response });
  }
}

Deno.test("accepts the items of a stream in order and then its end", () => {
  const sample = new Sample();
  sample.stream("rows", 4);
  sample.items({ n: 0 }, { n: 1 });
  assert.throws(() => sample.done(), Violation);
  sample.items({ n: 2 });
  assert(!sample.pendingRequests.isSettled);
  sample.done();
  assert(sample.pendingRequests.isSettled);
  assert.throws(() => sample.items({ n: 3 }), /no request matches/);
});

Deno.test("accepts the items of a stream that continues, with their ids", () => {
  const sample = new Sample();
  sample.continue("tracked", 4, "0");
  sample.itemsWithIds([{ n: 1 }, { n: 2 }], ["1", "2"]);
  assert(!sample.pendingRequests.isSettled);
  sample.done();
  assert(sample.pendingRequests.isSettled);
});

Deno.test("expects an error if a stream cannot continue after an id", () => {
  for (const lastEventId of ["3", "01", "-1", "x"]) {
    const sample = new Sample();
    sample.continue("tracked", 1, lastEventId);
    assert(!sample.pendingRequests.isSettled);
    sample.error(6);
    assert(sample.pendingRequests.isSettled);
  }
});

Deno.test("rejects missing, wrong and unrequested ids", () => {
  for (
    const [name, lastEventId, ids] of [
      ["tracked", null, undefined],
      ["tracked", null, ["0"]],
      ["tracked", null, ["1", "2"]],
      ["tracked", null, [0, 1]],
      ["tracked", undefined, ["0", "1"]],
      ["rows", null, ["0", "1"]],
      ["rows", null, undefined],
    ] as const
  ) {
    const sample = new Sample();
    sample.continue(name, 4, lastEventId);
    const take = () => sample.itemsWithIds([{ n: 0 }, { n: 1 }], ids);
    assert.throws(take, Violation);
  }
});

Deno.test("rejects missing, repeated and swapped items", () => {
  for (
    const items of [[{ n: 1 }], [{ n: 0 }, { n: 0 }], [{ n: 1 }, { n: 0 }]]
  ) {
    const sample = new Sample();
    sample.stream("rows", 4);
    assert.throws(() => sample.items(...items), Violation);
  }
});

Deno.test("rejects more items than the credit", () => {
  const sample = new Sample();
  sample.stream("endless", 1);
  assert.throws(() => sample.items({ n: 0 }, { n: 1 }), /credit was 1/);
});

Deno.test("expects no frame of a stream without credit", () => {
  const sample = new Sample();
  sample.stream("endless", 1);
  assert(!sample.pendingRequests.isSettled);
  sample.items({ n: 0 });
  assert(sample.pendingRequests.isSettled);
  assert(sample.pendingRequests.grant(1, 1));
  assert(!sample.pendingRequests.isSettled);
  sample.items({ n: 1 });
  assert(sample.pendingRequests.cancel(1, false));
  assert(!sample.pendingRequests.isSettled);
  sample.done();
  assert(sample.pendingRequests.isSettled);
  assert(!sample.pendingRequests.grant(1, 1));
});

Deno.test("rejects the end of a stream whose generator is running or has failed", () => {
  for (const state of ["running", "failed"] as const) {
    const sample = new Sample();
    sample.stream("endless", 1);
    sample.pendingRequests.cancel(1, false);
    sample.state = state;
    assert.throws(() => sample.done(), Violation);
  }
});

Deno.test("accepts the error of a stream only after its items", () => {
  const sample = new Sample();
  sample.stream("breaks", 9, 1);
  assert.throws(() => sample.error(6), Violation);
  const other = new Sample();
  other.stream("breaks", 9, 1);
  other.items({ n: 0 });
  other.error(6);
  assert(other.pendingRequests.isSettled);
});

Deno.test("accepts errors of other requests with the id of a stream", () => {
  const sample = new Sample();
  sample.stream("endless", 1);
  sample.stream("rows", 9);
  sample.pendingRequests.add(expectError(1, [2], "credit"));
  sample.error(2);
  sample.items({ n: 0 });
  sample.error(2);
  assert(sample.pendingRequests.isSettled);
  assert.throws(() => sample.error(2), Violation);
});

Deno.test("expects one end for each of two requests with the same id", () => {
  const sample = new Sample();
  sample.stream("rows", 9);
  sample.operation("throw");
  sample.items({ n: 0 }, { n: 1 });
  sample.error(6);
  assert(!sample.pendingRequests.isSettled);
  sample.items({ n: 2 });
  sample.done();
  assert(sample.pendingRequests.isSettled);
  assert.throws(() => sample.done(), /no request matches/);
});

Deno.test("accepts the failure of an operation only after its cancel", () => {
  const sample = new Sample();
  sample.operation("patient");
  assert.throws(() => sample.error(6), Violation);
  assert(!sample.pendingRequests.cancel(1, false));
  assert.throws(() => sample.error(6), Violation);
  assert(sample.pendingRequests.cancel(1, true));
  sample.error(6);
  assert(sample.pendingRequests.isSettled);
});

Deno.test("expects the answer to an endless operation only after its cancel", () => {
  const sample = new Sample();
  sample.operation("forever");
  assert(sample.pendingRequests.isSettled);
  assert(sample.pendingRequests.cancel(1, true));
  assert(!sample.pendingRequests.isSettled);
  assert.throws(() => sample.result(WAITED), Violation);
  sample.error(6);
  assert(sample.pendingRequests.isSettled);
});

Deno.test("does not know which of two operations with one id is cancelled", () => {
  const sample = new Sample();
  sample.operation("forever");
  sample.operation("patient");
  sample.pendingRequests.cancel(1, true);
  sample.result(WAITED);
  assert(sample.pendingRequests.isSettled);
});

Deno.test("accepts that a stream is cancelled before the server knows its operation", () => {
  const sample = new Sample();
  sample.operation("patient");
  const request: CallRequest = {
    kind: "stream",
    ...{ id: 1, name: "patient", data: {}, credit: 1, lastEventId: undefined },
  };
  const expected = expectError(1, [7], "stream", false);
  const matcher = new GuardedMatcher(expected.matcher, request);
  sample.pendingRequests.add({ ...expected, matcher });
  assert.throws(() => sample.done(), Violation);
  sample.pendingRequests.cancel(1, true);
  sample.done();
  sample.result(WAITED);
  assert(sample.pendingRequests.isSettled);
});

Deno.test("accepts the expiry of a request only with its timeout", () => {
  for (const timeout of [undefined, 1, 2 ** 31 - 1]) {
    const sample = new Sample();
    sample.operation("patient", timeout);
    const expire = (value: unknown) =>
      sample.error(9, { limit: "timeout", value });
    assert.throws(() => expire(2), Violation);
    if (timeout === 1) expire(1);
    else assert.throws(() => expire(timeout), Violation);
  }
});

Deno.test("expects code 6 if an operation returns a number that has no JSON form", () => {
  for (const name of ["echo", "wait", DECLINED]) {
    const sample = new Sample();
    sample.operation(name, undefined, { rows: [{ n: 1e400 }] });
    assert.throws(() => sample.result({ rows: [{ n: null }] }), Violation);
    sample.error(6, { message: "…", exc: "InternalError" });
    assert(sample.pendingRequests.isSettled);
  }
});

Deno.test("expects code 7 for a call of the wrong kind", () => {
  const sample = new Sample();
  sample.operation("rows");
  sample.error(7);
  sample.stream("echo", 1);
  sample.error(7);
  sample.stream("nowhere", 1);
  sample.error(5);
  assert(sample.pendingRequests.isSettled);
});

/** Matches any frame as the only one of a response. */
const ANY_LAST = {
  hasBegun: false,
  isDue: true,
  mustEnd: true,
  take: () => "last" as const,
  fits: () => true,
  describe: () => "any frame",
};

Deno.test("a late reply follows only a message that has started", () => {
  for (const isExpired of [false, true]) {
    const pendingRequests = new PendingRequests();
    pendingRequests.add({
      ...expectError(1, [9], "message"),
      matcher: ANY_LAST,
      isLate: true,
    });
    const frame = isExpired
      ? { success: false, code: 9, data: { limit: "timeout", value: 0 } }
      : { message: "done" };
    pendingRequests.take({ ...SUCCESS, id: 1, ...frame } as ResponseFrame);
    assert.equal(pendingRequests.lateRequired, isExpired ? 0 : 1);
  }
});
