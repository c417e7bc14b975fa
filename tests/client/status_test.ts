import assert from "node:assert/strict";
import {
  type ConnectionStatus,
  type StateListener,
  StateNotifier,
} from "../../client/status.ts";
import { clientLog } from "../support/client_log.ts";
import { LogRecorder } from "../support/log_recorder.ts";

const CLOSE = { code: 1006, reason: "" };

const WAITING: ConnectionStatus = { state: "waiting", delay: 5, close: CLOSE };

function statusOf(logger = new LogRecorder()): StateNotifier {
  return new StateNotifier(clientLog(logger));
}

Deno.test("is connecting at first, and then has the state that was set", () => {
  const status = statusOf();
  assert.equal(status.state, "connecting");
  status.set({ state: "open" });
  assert.equal(status.state, "open");
});

Deno.test("notifies each listener of every change with its details", () => {
  const status = statusOf();
  const seen: unknown[] = [];
  status.listen((status) => seen.push(1, status));
  status.listen((status) => seen.push(2, status));
  seen.length = 0;
  status.set(WAITING);
  status.set({ state: "closed" });
  const closed = { state: "closed" };
  assert.deepEqual(seen, [1, WAITING, 2, WAITING, 1, closed, 2, closed]);
});

Deno.test("notifies a new listener of the current status with its details", () => {
  const status = statusOf();
  const seen: unknown[] = [];
  status.listen((status) => seen.push(status));
  status.set(WAITING);
  status.listen((status) => seen.push(status));
  assert.deepEqual(seen, [{ state: "connecting" }, WAITING, WAITING]);
});

Deno.test("notifies a listener that another listener adds of each change once, in order", () => {
  const status = statusOf();
  const seen: string[] = [];
  status.set({ state: "open" });
  let isAdded = false;
  status.listen(({ state }) => {
    if (state !== "waiting" || isAdded) return;
    isAdded = true;
    status.set({ state: "closed" });
    status.listen(({ state }) => seen.push(state));
  });
  status.set(WAITING);
  assert.deepEqual(seen, ["waiting", "closed"]);
});

Deno.test("changes its state before it notifies", () => {
  const status = statusOf();
  const seen: string[] = [];
  status.listen(() => seen.push(status.state));
  status.set({ state: "open" });
  assert.deepEqual(seen, ["connecting", "open"]);
});

Deno.test("removes each registration of a listener on its own", () => {
  const status = statusOf();
  let calls = 0;
  const listener = () => calls++;
  const first = status.listen(listener);
  status.listen(listener);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  calls = 0;
  status.set({ state: "open" });
  assert.equal(calls, 1);
});

Deno.test("does not call a listener that an earlier listener has removed", () => {
  const status = statusOf();
  let calls = 0;
  const removed: Disposable[] = [];
  status.listen(() => removed[0]?.[Symbol.dispose]());
  removed.push(status.listen(() => calls++));
  calls = 0;
  status.set({ state: "open" });
  assert.equal(calls, 0);
});

Deno.test("notifies every listener of changes in order, even if a listener causes them", () => {
  const status = statusOf();
  const seen: string[] = [];
  status.listen(({ state }) => {
    seen.push(`first ${state}`);
    if (state === "waiting") status.set({ state: "closed" });
  });
  status.listen(({ state }) => seen.push(`second ${state}`));
  seen.length = 0;
  status.set(WAITING);
  assert.equal(status.state, "closed");
  assert.deepEqual(seen, [
    "first waiting",
    "second waiting",
    "first closed",
    "second closed",
  ]);
});

Deno.test("continues after listeners that throw, reject or never settle", async () => {
  const logger = new LogRecorder();
  const status = statusOf(logger);
  const seen: string[] = [];
  status.listen(() => {
    throw new Error("thrown");
  });
  status.listen(() => Promise.reject(new Error("rejected")));
  status.listen(() => new Promise(() => {}));
  status.listen(({ state }) => seen.push(state));
  status.set({ state: "open" });
  status.set({ state: "closed" });
  assert.deepEqual(seen, ["connecting", "open", "closed"]);
  for (const what of ["thrown", "rejected"]) {
    await logger.line(
      new RegExp(
        `^error error: http://h:1: a listener failed\n  Error: ${what}`,
      ),
    );
  }
});

Deno.test("rejects a listener that is not a function", () => {
  assert.throws(
    () => statusOf().listen(undefined as unknown as StateListener),
    {
      name: "TypeError",
      message:
        "Cannot add the state listener: the listener must be a function. It is undefined.",
    },
  );
});

Deno.test("calls a listener without a `this`", () => {
  const status = statusOf();
  let receiver: unknown = "never called";
  status.listen(function (this: unknown) {
    receiver = this;
  });
  status.set({ state: "open" });
  assert.equal(receiver, undefined);
});
