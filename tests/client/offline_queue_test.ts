import assert from "node:assert/strict";
import type { Link } from "../../client/link.ts";
import { OfflineQueue } from "../../client/offline_queue.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";

/** A signal that never aborts. */
const { signal } = new AbortController();

/** Two links that nothing is sent over. */
const FIRST = {} as Link;
const SECOND = {} as Link;

Deno.test("starts the waiting requests in order, synchronously", async () => {
  const queue = new OfflineQueue();
  const started: [Link, number][] = [];
  const results = [1, 2, 3].map((n) =>
    queue.add("x", signal, (link) => {
      started.push([link, n]);
      return Promise.resolve(n);
    })
  );
  assert.equal(queue.size, 3);
  queue.start(FIRST);
  assert.deepEqual(started, [[FIRST, 1], [FIRST, 2], [FIRST, 3]]);
  assert.equal(queue.size, 0);
  assert.deepEqual(await Promise.all(results), [1, 2, 3]);
});

Deno.test("starts no request twice", async () => {
  const queue = new OfflineQueue();
  const started: Link[] = [];
  const result = queue.add("x", signal, (link) => {
    started.push(link);
    return Promise.resolve();
  });
  queue.start(FIRST);
  queue.start(SECOND);
  await result;
  assert(started.length === 1 && started[0] === FIRST);
});

Deno.test("keeps a request that is added while others start", async () => {
  const queue = new OfflineQueue();
  let second = Promise.resolve(FIRST);
  let count = 0;
  const start = (link: Link) => {
    count++;
    return Promise.resolve(link);
  };
  const first = queue.add("x", signal, (link) => {
    second = queue.add("x", signal, start);
    return start(link);
  });
  queue.start(FIRST);
  assert.deepEqual([count, queue.size], [1, 1]);
  queue.start(SECOND);
  assert.equal(await first, FIRST);
  assert.equal(await second, SECOND);
});

Deno.test("rejects with the error of the request", async () => {
  const queue = new OfflineQueue();
  const error = new Error("no");
  const result = rejection(
    queue.add("x", signal, () => Promise.reject(error)),
  );
  queue.start(FIRST);
  assert.equal(await result, error);
});

Deno.test("forgets an aborted request and starts the others", async () => {
  const queue = new OfflineQueue();
  const controller = new AbortController();
  const aborted = rejection(
    queue.add("x", controller.signal, () => assert.fail()),
  );
  const rest = queue.add("x", signal, () => Promise.resolve("rest"));
  const reason = new Error("changed my mind");
  controller.abort(reason);
  assert.equal(await aborted, reason);
  assert.equal(queue.size, 1);
  queue.start(FIRST);
  assert.equal(await rest, "rest");
});

Deno.test("rejects all requests with errors that name them", async () => {
  const queue = new OfflineQueue();
  const errors = ['operation "a"', 'message "b"'].map((subject) =>
    rejection(queue.add(subject, signal, () => assert.fail()))
  );
  queue.abort({ code: 1001, reason: "server closed" });
  assert.equal(queue.size, 0);
  const messages = (await Promise.all(errors)).map((error) => {
    assert(error instanceof ConnectionClosedError);
    return error.message;
  });
  const rest = 'the connection is closed (1001, "server closed")';
  assert.deepEqual(messages, [
    `Cannot finish operation "a": ${rest}`,
    `Cannot finish message "b": ${rest}`,
  ]);
});

Deno.test("removes its listener from the signal of a request that has started", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    Reflect.apply(removeEventListener, signal, args);
  };
  const queue = new OfflineQueue();
  const result = queue.add("x", signal, () => Promise.resolve("done"));
  assert.equal(listeners, 1);
  queue.start(FIRST);
  assert.equal(await result, "done");
  assert.equal(listeners, 0);
});

Deno.test("counts the bytes of the requests that wait", async () => {
  const queue = new OfflineQueue();
  const controller = new AbortController();
  const start = () => Promise.resolve();
  const started = queue.add("x", signal, start, 10);
  const aborted = rejection(queue.add("x", controller.signal, start, 5));
  assert.equal(queue.bytes, 15);
  controller.abort(new Error("changed my mind"));
  await aborted;
  assert.equal(queue.bytes, 10);
  queue.start(FIRST);
  await started;
  assert.equal(queue.bytes, 0);
  const rejected = rejection(queue.add("x", signal, start, 3));
  queue.abort({ code: 1001, reason: "" });
  await rejected;
  assert.equal(queue.bytes, 0);
});

Deno.test("drops all requests after a rejected login, and no call repeats them", async () => {
  const queue = new OfflineQueue();
  const start = () => assert.fail("it started");
  const waiting = ["a", "b"].map((name) => queue.add(name, signal, start, 5));
  queue.drop();
  queue.start(FIRST);
  assert.deepEqual([queue.size, queue.bytes], [0, 0]);
  for (
    const [index, error] of (await Promise.all(waiting.map(rejection)))
      .entries()
  ) {
    assert(error instanceof ConnectionClosedError);
    assert.equal(error.code, 1008);
    assert.equal(
      error.message,
      `Cannot finish ${
        "ab"[index]
      }: the connection is closed (1008, "login rejected"), and the next login can be of another user. Call again when the state is 'open'.`,
    );
  }
});
