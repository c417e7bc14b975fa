import assert from "node:assert/strict";
import { OfflineQueue } from "../../client/reconnecting_link.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";

/** Starts nothing more, as a signal that nobody aborts. */
const { signal } = new AbortController();

Deno.test("OfflineQueue starts what waits in its order, at once", async () => {
  const backlog = new OfflineQueue<string>();
  const started: string[] = [];
  const results = [1, 2, 3].map((n) =>
    backlog.add("x", signal, (carrier) => {
      started.push(`${carrier} ${n}`);
      return Promise.resolve(n);
    })
  );
  assert.equal(backlog.size, 3);
  backlog.start("carrier");
  assert.deepEqual(started, ["carrier 1", "carrier 2", "carrier 3"]);
  assert.equal(backlog.size, 0);
  assert.deepEqual(await Promise.all(results), [1, 2, 3]);
});

Deno.test("OfflineQueue starts nothing twice", async () => {
  const backlog = new OfflineQueue<string>();
  const started: string[] = [];
  const result = backlog.add("x", signal, (carrier) => {
    started.push(carrier);
    return Promise.resolve();
  });
  backlog.start("first");
  backlog.start("second");
  await result;
  assert.deepEqual(started, ["first"]);
});

Deno.test("OfflineQueue keeps what is added while it starts something for the next time", async () => {
  const backlog = new OfflineQueue<string>();
  const started: string[] = [];
  let second = Promise.resolve("");
  const start = (carrier: string) => {
    started.push(carrier);
    return Promise.resolve(carrier);
  };
  const first = backlog.add("x", signal, (carrier) => {
    second = backlog.add("x", signal, start);
    return start(carrier);
  });
  backlog.start("first");
  assert.deepEqual([started, backlog.size], [["first"], 1]);
  backlog.start("second");
  assert.deepEqual(await Promise.all([first, second]), ["first", "second"]);
});

Deno.test("OfflineQueue rejects with what the start of something rejects with", async () => {
  const backlog = new OfflineQueue<string>();
  const error = new Error("no");
  const result = rejection(
    backlog.add("x", signal, () => Promise.reject(error)),
  );
  backlog.start("carrier");
  assert.equal(await result, error);
});

Deno.test("OfflineQueue lets go of what is given up, and starts the rest", async () => {
  const backlog = new OfflineQueue<string>();
  const controller = new AbortController();
  const given = rejection(
    backlog.add("x", controller.signal, () => assert.fail()),
  );
  const rest = backlog.add("x", signal, () => Promise.resolve("rest"));
  const reason = new Error("changed my mind");
  controller.abort(reason);
  assert.equal(await given, reason);
  assert.equal(backlog.size, 1);
  backlog.start("carrier");
  assert.equal(await rest, "rest");
});

Deno.test("OfflineQueue rejects all that waits, each by its name", async () => {
  const backlog = new OfflineQueue<string>();
  const errors = ['operation "a"', 'message "b"'].map((subject) =>
    rejection(backlog.add(subject, signal, () => assert.fail()))
  );
  backlog.fail({ code: 1001, reason: "server closed" });
  assert.equal(backlog.size, 0);
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

Deno.test("OfflineQueue leaves nothing on the signal of what has waited", async () => {
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
  const backlog = new OfflineQueue<string>();
  const result = backlog.add("x", signal, () => Promise.resolve("done"));
  assert.equal(listeners, 1);
  backlog.start("carrier");
  assert.equal(await result, "done");
  assert.equal(listeners, 0);
});
