/** What a session does with batches: see session_test.ts for single frames. */

import assert from "node:assert/strict";
import { GOODBYE } from "../../protocol/encode.ts";
import { Session } from "../../server/session.ts";
import { openSession, receiveAll, summarize } from "../support/sessions.ts";
import {
  BROKEN,
  MESSAGE,
  OPERATION,
  UNKNOWN_ACTION,
} from "../support/frames.ts";

const LOGIN = '{"id": 0, "token": "test", "version": "1.0.0"}';

/** Returns the effects of a frame on a session. */
function effectsOf(session: Session, frame: string): string[] {
  return receiveAll(session, frame).map(summarize);
}

const FATAL = "close, 1003, error 2 to null";

/** For each batch: the effects, and the state that follows. */
const BATCHES: readonly [
  what: string,
  frames: readonly string[],
  effects: readonly string[],
  next: "open" | "closed",
][] = [
  ["requests", [MESSAGE, OPERATION, MESSAGE], [
    "message",
    "operation",
    "message",
  ], "open"],
  ["one request", [OPERATION], ["operation"], "open"],
  ["one goodbye", [GOODBYE], ["close, 1000"], "closed"],
  ["nothing", [], [FATAL], "closed"],
  ["an empty batch", ["[]"], [FATAL], "closed"],
  ["a batch", [`[${MESSAGE}]`], [FATAL], "closed"],
  ["null", ["null"], [FATAL], "closed"],
  ["a broken request", [BROKEN], ["answer, error 2 to 3"], "open"],
  ["a broken request between others", [MESSAGE, BROKEN, OPERATION], [
    "message",
    "answer, error 2 to 3",
    "operation",
  ], "open"],
  ["an unknown action and a login", [UNKNOWN_ACTION, LOGIN, OPERATION], [
    "answer, error 8 to 4",
    "answer, error 2 to 0",
    "operation",
  ], "open"],
  ["requests and a goodbye", [MESSAGE, OPERATION, GOODBYE], [
    "message",
    "operation",
    "close, 1000",
  ], "closed"],
  ["requests after a goodbye", [OPERATION, GOODBYE, MESSAGE, BROKEN], [
    "operation",
    "close, 1000",
    "ignore",
    "ignore",
  ], "closed"],
  ["two goodbyes", [GOODBYE, GOODBYE], ["close, 1000", "ignore"], "closed"],
  ["what is no object after a goodbye", [GOODBYE, "1"], [
    "close, 1000",
    "ignore",
  ], "closed"],
  ["a number between requests", [MESSAGE, "1", OPERATION], [
    "message",
    FATAL,
    "ignore",
  ], "closed"],
  ["an array between requests", [MESSAGE, `[${MESSAGE}]`, OPERATION], [
    "message",
    FATAL,
    "ignore",
  ], "closed"],
  ["null after requests", [MESSAGE, OPERATION, "null"], [
    "message",
    "operation",
    FATAL,
  ], "closed"],
  ["two numbers", ["1", "2"], [FATAL, "ignore"], "closed"],
  ["a goodbye after a number", ["1", GOODBYE], [FATAL, "ignore"], "closed"],
];

for (const [what, frames, effects, next] of BATCHES) {
  Deno.test(`Session responds to a batch of ${what} with: ${effects.join("; ")}`, () => {
    const session = openSession(["batch"]);
    assert.deepEqual(effectsOf(session, `[${frames}]`), effects);
    assert.equal(session.state, next);
  });

  Deno.test(`Session without the feature closes after a batch of ${what}`, () => {
    for (const session of [openSession([]), openSession(["done-id"])]) {
      assert.deepEqual(effectsOf(session, `[${frames}]`), [FATAL]);
      assert.equal(session.state, "closed");
    }
  });
}

Deno.test("Session returns the requests of a batch in order", () => {
  const session = openSession(["batch"]);
  const effects = receiveAll(session, `[${MESSAGE}, ${OPERATION}]`);
  assert.deepEqual(effects, [
    {
      kind: "message",
      id: 1,
      name: "hello",
      data: { a: 1 },
      replying: null,
    },
    { kind: "operation", id: 2, name: "add", data: {} },
  ]);
});

Deno.test("Session with the feature accepts single frames", () => {
  const session = openSession(["batch"]);
  for (const frame of [MESSAGE, OPERATION, BROKEN]) {
    assert.deepEqual(session.receive(frame), openSession([]).receive(frame));
  }
  assert.deepEqual(session.receive(GOODBYE), {
    kind: "close",
    code: 1000,
    reason: "goodbye",
  });
});

Deno.test("Session ignores frames after a batch that closed the connection", () => {
  for (const last of [GOODBYE, "1"]) {
    const session = openSession(["batch"]);
    effectsOf(session, `[${MESSAGE}, ${last}]`);
    for (const frame of [MESSAGE, `[${MESSAGE}]`, "[]"]) {
      assert.deepEqual(session.receive(frame), { kind: "ignore" });
    }
  }
});

Deno.test("Session closes after a batch before the login", () => {
  const login = JSON.stringify({ ...JSON.parse(LOGIN), features: ["batch"] });
  for (
    const [before, batch] of [
      [[], `[${login}]`],
      [[], `[${login}, ${MESSAGE}]`],
      [[], `[${GOODBYE}]`],
      [[login], `[${MESSAGE}]`],
      [[login], `[${GOODBYE}]`],
    ] as const
  ) {
    const session = new Session();
    for (const frame of before) session.receive(frame);
    const [effect, ...rest] = receiveAll(session, batch);
    assert(effect?.kind === "close" && rest.length === 0);
    assert.equal(summarize(effect), FATAL);
    assert.equal(effect.failure, "the frame must be an object, not an array");
    assert.deepEqual(session.acceptLogin(), { kind: "ignore" });
  }
});

Deno.test("Session reports what is wrong with an element to the client and to the log", () => {
  const session = openSession(["batch"]);
  const [, broken, fatal] = receiveAll(
    session,
    `[${OPERATION}, ${BROKEN}, 7]`,
  );
  assert(broken?.kind === "answer" && fatal?.kind === "close");
  const desc = '"data.message" must be a string, not an integer';
  assert.deepEqual([broken.failure, JSON.parse(broken.frame).desc], [
    desc,
    desc,
  ]);
  assert.equal(fatal.reason, "invalid frame");
  assert.equal(fatal.failure, "the frame must be an object, not an integer");
});

Deno.test("Session decodes an entry of a batch when it is passed to receiveEntry()", () => {
  const session = openSession(["batch"]);
  const batch = session.receive(`[${OPERATION}, ${GOODBYE}, ${MESSAGE}]`);
  assert(batch.kind === "batch");
  assert.deepEqual(batch.entries.length, 3);
  assert.equal(session.receiveEntry(batch.entries[0]).kind, "operation");
  assert.equal(session.state, "open");
  assert.equal(session.receiveEntry(batch.entries[1]).kind, "close");
  assert.equal(session.state, "closed");
});
