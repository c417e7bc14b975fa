/** Checking the frames of one connection. */

import assert from "node:assert/strict";
import {
  message,
  operation,
  SUCCESS,
} from "../../../tests/support/raw_client.ts";
import { FrameChecker } from "./frame_checker.ts";
import { Tally } from "./tally.ts";

/** A checker with its reports, after a login by default. */
class Sample {
  readonly tally = new Tally();
  readonly problems: string[] = [];
  readonly checker: FrameChecker;

  constructor({ allowed = [], logsIn = true }: {
    readonly allowed?: readonly number[];
    readonly logsIn?: boolean;
  } = {}) {
    const report = (problem: string) => void this.problems.push(problem);
    this.checker = new FrameChecker({ tally: this.tally, report, allowed });
    this.send({ id: 0, token: "test", version: "1.0.0" });
    if (logsIn) this.take({ id: 0 });
  }

  send(frame: unknown): void {
    this.checker.sent(JSON.stringify(frame));
  }

  /** Receives successful answers, as an array if there are several. */
  take(...frames: readonly Readonly<Record<string, unknown>>[]): void {
    const all = frames.map((frame) => ({ ...SUCCESS, ...frame }));
    this.checker.received(JSON.stringify(all.length === 1 ? all[0] : all));
  }

  fail(id: number | null, code: number, data: unknown = null): void {
    this.take({ id, success: false, error: "ERROR", code, data });
  }
}

function answer(id: number, nonce: unknown, news?: number) {
  return { id, data: { result: { nonce, news } } };
}

let messageId = 100;

function reply(id: number, nonce: unknown, n: number) {
  const number = messageId++;
  const data = { message: "number", data: { nonce, n }, id: number };
  return { id, message: "newmsg", data };
}

function stream(id: number, nonce: unknown, to: number, credit: number) {
  const data = { operation: "numbers", data: { nonce, to }, credit };
  return { id, action: "stream", data };
}

function items(id: number, nonce: unknown, ...numbers: readonly number[]) {
  const items = numbers.map((n) => ({ nonce, n }));
  return { id, message: "items", data: { items } };
}

function push(name: string, n: number) {
  const data = { message: name, data: { n }, id: messageId++ };
  return { id: null, message: "s_newmsg", data };
}

Deno.test("accepts answers in any order", () => {
  const sample = new Sample();
  sample.send([operation(1, "echo", { nonce: "a" }), message(2, "silence")]);
  sample.send(operation(3, "later", { nonce: "c" }));
  assert.equal(sample.checker.due, 3);
  sample.take(answer(3, "c"), { id: 2, message: "done" });
  sample.take(answer(1, "a"));
  sample.checker.finish();
  assert.deepEqual(sample.problems, []);
  const { requests, answers } = sample.tally;
  assert.deepEqual({ requests, answers }, { requests: 4, answers: 4 });
});

Deno.test("reports an answer that arrives twice", () => {
  const sample = new Sample();
  sample.send(operation(1, "echo", { nonce: "a" }));
  sample.take(answer(1, "a"), answer(1, "a"));
  assert.match(sample.problems.join(), /request 1 was answered twice/);
});

Deno.test("reports a missing answer when the client disconnects", () => {
  const sample = new Sample();
  sample.send(operation(1, "echo", { nonce: "a" }));
  sample.checker.finish();
  assert.match(sample.problems.join(), /"echo" \(1\) was never answered/);
});

Deno.test("expects the items of a stream that continues after its last one", () => {
  const continued = (id: number) => {
    const { data, ...frame } = stream(id, "a", 9, 2);
    return { ...frame, id, data: { ...data, lastEventId: "3" } };
  };
  for (
    const [numbers, problems] of [
      [[4, 5], 0],
      [[5], 1],
      [[1], 1],
      [[4, 5, 6], 1],
    ] as const
  ) {
    const sample = new Sample();
    sample.send(continued(1));
    sample.take(items(1, "a", ...numbers));
    assert.equal(sample.problems.length, problems);
  }
});

Deno.test("accepts a missing end only for a cancelled stream", () => {
  const action = "stream";
  const data = { operation: "numbers", data: { nonce: "a" }, credit: 1 };
  const sample = new Sample();
  for (const id of [1, 2]) sample.send({ id, action, data });
  sample.send({ id: 1, action: "cancel", data: {} });
  sample.checker.finish();
  assert.deepEqual(sample.problems.length, 1);
  assert.match(sample.problems.join(), /"numbers" \(2\) was never answered/);
});

Deno.test("reports an answer to another request", () => {
  const sample = new Sample();
  sample.send(operation(1, "echo", { nonce: "a" }));
  sample.take(answer(1, "b"));
  sample.take(answer(7, "c"));
  assert.match(sample.problems[0] ?? "", /nonce a, but its answer has b/);
  assert.match(sample.problems[1] ?? "", /an answer without a request/);
});

Deno.test("requires all replies in order before the end", () => {
  const replies = { nonce: "a", replies: 2 };
  const right = new Sample();
  right.send(message(1, "count", replies));
  right.take({ id: 1, message: "open", data: { id: 8 } }, reply(1, "a", 1));
  right.take(reply(1, "a", 2), { id: 1, message: "done" });
  assert.deepEqual(right.problems, []);

  const swapped = new Sample();
  swapped.send(message(1, "count", replies));
  swapped.take(reply(1, "a", 2), reply(1, "a", 1), { id: 1, message: "done" });
  assert.match(swapped.problems.join(), /reply to .* is 2 instead of 1/);

  const lost = new Sample();
  lost.send(message(1, "count", replies));
  lost.take(reply(1, "a", 1), { id: 1, message: "done" });
  assert.match(
    lost.problems.join(),
    /number of replies .* is 1 instead of 2/,
  );

  const late = new Sample();
  late.send(message(1, "count", { nonce: "a", replies: 0 }));
  late.take({ id: 1, message: "done" }, reply(1, "a", 1));
  assert.match(late.problems.join(), /answered twice/);
});

Deno.test("requires broadcasts without a gap from any number on", () => {
  const sample = new Sample();
  sample.take(push("news", 5), push("news", 6));
  assert.deepEqual(sample.problems, []);
  sample.take(push("news", 8));
  sample.take(push("news", 7));
  assert.equal(sample.problems.length, 2);
  assert.match(sample.problems[0] ?? "", /news is 8 instead of 7/);
  assert.equal(sample.tally.broadcasts, 4);
});

Deno.test("requires messages to one client from the first on", () => {
  const sample = new Sample();
  sample.take(push("note", 1), push("note", 2));
  assert.deepEqual(sample.problems, []);
  sample.take(push("note", 2));
  assert.match(sample.problems.join(), /note is 2 instead of 3/);
});

Deno.test("reports a message id that arrives twice", () => {
  const sample = new Sample();
  sample.send([message(1, "silence"), message(2, "silence")]);
  sample.take({ id: 1, message: "open", data: { id: 8 } });
  sample.take({ id: 1, message: "done" });
  assert.deepEqual(sample.problems, []);
  sample.take({ id: 2, message: "done", data: { id: 8 } });
  assert.deepEqual(sample.problems, ["message 8 arrived twice"]);
});

Deno.test("reports an answer that a broadcast overtakes", () => {
  const sample = new Sample();
  sample.send([operation(1, "echo"), operation(2, "echo")]);
  sample.take(push("news", 5), answer(1, undefined, 5));
  assert.deepEqual(sample.problems, []);
  sample.take(push("news", 6), answer(2, undefined, 5));
  assert.match(sample.problems.join(), /last broadcast .* is 6 instead of 5/);
});

Deno.test("requires all items in order, within the credit", () => {
  const right = new Sample();
  right.send(stream(1, "a", 3, 2));
  right.take(items(1, "a", 1), items(1, "a", 2));
  right.send({ id: 1, action: "credit", data: { credit: 2 } });
  right.take(items(1, "a", 3), { id: 1, message: "done" });
  right.checker.finish();
  assert.deepEqual(right.problems, []);
  const { requests, answers, items: taken } = right.tally;
  assert.deepEqual({ requests, answers, taken }, {
    requests: 2,
    answers: 2,
    taken: 3,
  });

  const swapped = new Sample();
  swapped.send(stream(1, "a", 2, 9));
  swapped.take(items(1, "a", 2, 1));
  assert.match(swapped.problems[0] ?? "", /item of .* is 2 instead of 1/);

  const lost = new Sample();
  lost.send(stream(1, "a", 2, 9));
  lost.take(items(1, "a", 1), { id: 1, message: "done" });
  assert.match(lost.problems.join(), /number of items .* is 1 instead of 2/);

  const greedy = new Sample();
  greedy.send(stream(1, "a", 3, 2));
  greedy.take(items(1, "a", 1, 2, 3));
  assert.match(greedy.problems.join(), /sent 3 items for a credit of 2/);

  const mixed = new Sample();
  mixed.send(stream(1, "a", 3, 2));
  mixed.take(items(1, "b", 1));
  assert.match(mixed.problems.join(), /nonce a, but its answer has b/);
});

Deno.test("requires the end of a cancelled stream", () => {
  const sample = new Sample();
  sample.send(stream(1, "a", 9, 9));
  sample.send({ id: 1, action: "cancel", data: {} });
  sample.take(items(1, "a", 1));
  assert.equal(sample.checker.due, 1);
  sample.take({ id: 1, message: "done" });
  sample.checker.finish();
  assert.deepEqual(sample.problems, []);
  sample.take(items(1, "a", 2));
  assert.match(sample.problems.join(), /answered twice/);
});

Deno.test("expects one done frame for each request of the server", () => {
  const sample = new Sample();
  const data = { message: "question", data: { n: 1 }, id: 8 };
  const done = { id: 8, action: "done", data: { failed: false } };
  sample.take({ id: null, message: "request", data });
  sample.send(done);
  assert.deepEqual(sample.problems, []);
  assert.equal(sample.tally.serverRequests, 1);
  sample.send(done);
  assert.match(
    sample.problems.join(),
    /done with request 8, which the server did not send/,
  );
});

Deno.test("reports an unknown message", () => {
  const sample = new Sample();
  sample.take(push("gossip", 1));
  assert.match(sample.problems.join(), /unexpected message .*gossip/);
});

Deno.test("requires the expected error, and no other one", () => {
  const sample = new Sample();
  sample.send([operation(1, "fail"), operation(2, "missing")]);
  sample.fail(1, 6);
  sample.fail(2, 5);
  assert.deepEqual(sample.problems, []);
  sample.send([operation(3, "fail"), operation(4, "echo")]);
  sample.take(answer(3, undefined));
  sample.fail(4, 6);
  assert.match(sample.problems[0] ?? "", /"fail" did not fail/);
  assert.match(sample.problems[1] ?? "", /"echo" was answered with error 6/);
});

Deno.test("accepts the errors of a client that exceeds limits", () => {
  const sample = new Sample({ allowed: [9] });
  sample.send(operation(1, "echo"));
  sample.fail(1, 9, { limit: "maxPending", value: 1 });
  assert.deepEqual(sample.problems, []);
  assert.deepEqual(sample.tally.limits, { maxPending: 1 });
});

Deno.test("reports a failed login unless it is expected", () => {
  const wrong = new Sample({ logsIn: false, allowed: [3] });
  wrong.fail(null, 3);
  assert.deepEqual(wrong.problems, []);
  assert.equal(wrong.checker.due, 0);
  assert(!wrong.checker.loggedIn);

  const right = new Sample({ logsIn: false });
  right.fail(0, 3);
  assert.match(right.problems.join(), /login was answered with error 3/);
});

Deno.test("reports what is not a frame", () => {
  const sample = new Sample();
  sample.checker.received("{");
  sample.checker.received("[null]");
  assert.equal(sample.problems.length, 2);
});

Deno.test("accepts any answer to a call that was given up, but only one", () => {
  const sample = new Sample();
  for (const id of [1, 2, 3]) {
    sample.send(operation(id, "wait", { nonce: id }));
    sample.send({ id, action: "cancel", data: {} });
  }
  sample.fail(1, 6);
  sample.fail(2, 9, { limit: "timeout", value: 5 });
  sample.fail(3, 5);
  assert.deepEqual(sample.problems, [
    'operation "wait" was answered with error 5',
  ]);
  sample.fail(1, 6);
  assert.match(sample.problems[1] ?? "", /request 1 was answered twice/);
});

Deno.test("expects the answer to a call that was given up", () => {
  const sample = new Sample();
  sample.send(operation(1, "wait", { nonce: "a" }));
  sample.send({ id: 1, action: "cancel", data: {} });
  sample.checker.finish();
  assert.match(sample.problems.join(), /"wait" \(1\) was never answered/);
});

Deno.test("expects the errors of requests that the application refuses", () => {
  const sample = new Sample();
  sample.send([operation(1, "sold out", {}), message(2, "forbidden")]);
  sample.fail(1, 6);
  sample.fail(2, 10);
  sample.send(operation(3, "forbidden", { nonce: "a" }));
  sample.take(answer(3, "a"));
  assert.deepEqual(sample.problems, [
    'operation "forbidden" did not fail',
  ]);
});

Deno.test("expects one pong for each ping", () => {
  const sample = new Sample();
  const pong = { id: null, message: "pong" };
  sample.send({ id: null, action: "ping", data: {} });
  sample.take(pong);
  assert.deepEqual(sample.problems, []);
  sample.take(pong);
  assert.deepEqual(sample.problems, ["a pong arrived without a ping"]);
});

Deno.test("expects a new token only if the server has asked", () => {
  const sample = new Sample();
  const renew = (id: number) => ({ id, action: "renew", data: { token: "b" } });
  sample.take({ id: null, message: "renew", data: {} });
  sample.send(renew(1));
  assert.equal(sample.checker.due, 1);
  sample.take({ id: 1 });
  assert.deepEqual(sample.problems, []);
  sample.send(renew(2));
  sample.fail(2, 3);
  assert.deepEqual(sample.problems, [
    "the client sent a token unasked",
    "renewal was answered with error 3",
  ]);
});

Deno.test("accepts the end of the time before the client gives up the call", () => {
  const sample = new Sample();
  const wait = (id: number, timeout?: number) => ({
    id,
    action: "operation",
    data: { operation: "wait", data: {}, timeout },
  });
  sample.send([wait(1, 5), wait(2, 6), wait(3)]);
  sample.fail(1, 9, { limit: "timeout", value: 5 });
  assert.deepEqual(sample.problems, []);
  sample.fail(2, 9, { limit: "timeout", value: 5 });
  sample.fail(3, 9, { limit: "timeout", value: 5 });
  assert.equal(sample.problems.length, 2);
});
