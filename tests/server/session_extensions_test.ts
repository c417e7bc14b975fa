import assert from "node:assert/strict";
import { openSession, receiveAll } from "../support/sessions.ts";
import { FEATURES } from "../../protocol/features.ts";
import { Session } from "../../server/session.ts";
import type { Effect } from "../../server/session_types.ts";

const STREAM = {
  id: 5,
  action: "stream",
  data: { operation: "rows", data: { a: { b: {} } }, credit: 2 },
};

const CREDIT = { id: 5, action: "credit", data: { credit: 3 } };

const CANCEL = { id: 5, action: "cancel", data: {} };

const DONE = { id: 7, action: "done", data: { failed: true } };

const EFFECTS = [
  [STREAM, {
    kind: "stream",
    id: 5,
    name: "rows",
    data: { a: { b: {} } },
    credit: 2,
  }],
  [CREDIT, { kind: "credit", id: 5, credit: 3 }],
  [CANCEL, { kind: "cancel", id: 5 }],
  [DONE, { kind: "done", id: 7, failed: true }],
] as const;

/** Returns the effect of a frame that is not a batch. */
function receive(session: Session, frame: unknown): Effect {
  const effect = session.receive(JSON.stringify(frame));
  assert(effect.kind !== "batch");
  return effect;
}

/** Returns the error with which a session answers a frame. */
function answerTo(session: Session, frame: unknown) {
  const effect = receive(session, frame);
  assert(effect.kind === "answer");
  const { code, id, data, desc } = JSON.parse(effect.frame);
  return { code, id, data, desc };
}

for (const [frame, expected] of EFFECTS) {
  const { action } = frame;

  Deno.test(`Session returns the action ${action} of a client with the feature`, () => {
    const feature = action === "done" ? "request" : "stream";
    for (const features of [[feature], ["batch", feature], FEATURES]) {
      const session = openSession(features);
      assert.deepEqual(receive(session, frame), expected);
      assert.equal(session.state, "open");
    }
  });

  Deno.test(`Session rejects the action ${action} of a client without the feature`, () => {
    const other = action === "done" ? "stream" : "request";
    for (const features of [undefined, [], ["batch"], [other]]) {
      const session = openSession(features);
      const { desc, ...answer } = answerTo(session, frame);
      assert.deepEqual(answer, { code: 8, id: frame.id, data: null });
      assert.match(desc, /^"action" must be "message"/);
      assert.equal(session.state, "open");
    }
  });

  Deno.test(`Session rejects the action ${action} before the login is answered`, () => {
    const session = new Session();
    const login = { id: 0, token: "", version: "1.0.0", features: FEATURES };
    session.receive(JSON.stringify(login));
    assert.equal(answerTo(session, frame).code, 8);
    session.acceptLogin();
    assert.deepEqual(receive(session, frame), expected);
  });

  Deno.test(`Session does not mistake the action ${action} for a login`, () => {
    const effect = receive(new Session(), frame);
    assert(effect.kind === "close" && effect.frame !== undefined);
    assert.deepEqual(JSON.parse(effect.frame).code, 2);
  });
}

for (
  const [frame, desc] of [
    [
      { ...STREAM, data: { ...STREAM.data, credit: 0 } },
      '"data.credit" must be a valid integer',
    ],
    [{ ...CREDIT, data: {} }, '"data.credit" must be an integer, not null'],
    [{ ...CANCEL, data: [] }, '"data" must be an object, not an array'],
    [{ ...DONE, data: {} }, '"data.failed" must be a boolean, not null'],
  ] as const
) {
  Deno.test(`Session answers an invalid frame and continues: ${desc}`, () => {
    const session = openSession(FEATURES);
    const answer = answerTo(session, frame);
    assert.deepEqual([answer.code, answer.id, answer.desc], [
      2,
      frame.id,
      desc,
    ]);
    assert.equal(receive(session, CANCEL).kind, "cancel");
  });
}

Deno.test("Session returns the extensions in a batch in order", () => {
  const session = openSession(FEATURES);
  const effects = receiveAll(
    session,
    JSON.stringify([STREAM, CREDIT, { id: 6, action: "fly", data: {} }, DONE]),
  );
  const kinds = effects.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["stream", "credit", "answer", "done"]);
});

Deno.test("Session ignores extensions after a goodbye", () => {
  const session = openSession(FEATURES);
  const effects = receiveAll(
    session,
    JSON.stringify([{ id: null, end: true }, STREAM, CANCEL]),
  );
  const kinds = effects.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["close", "ignore", "ignore"]);
  assert.equal(receive(session, DONE).kind, "ignore");
});

Deno.test("Session rejects a stream whose arguments are too deep", () => {
  for (const [maxDepth, isRefused] of [[2, true], [3, false]] as const) {
    const session = openSession(FEATURES, { maxDepth });
    const effect = receive(session, STREAM);
    assert.equal(effect.kind, isRefused ? "answer" : "stream");
    if (effect.kind !== "answer") continue;
    const { code, id, data } = JSON.parse(effect.frame);
    assert.deepEqual([code, id], [9, 5]);
    assert.deepEqual(data, { limit: "maxDepth", value: 2 });
  }
});

Deno.test("Session checks no depth in frames without arguments", () => {
  const session = openSession(FEATURES, { maxDepth: 1 });
  for (const [frame, expected] of EFFECTS.slice(1)) {
    const deep = { ...frame, data: { ...frame.data, more: { a: { b: {} } } } };
    assert.deepEqual(receive(session, deep), expected);
  }
});
