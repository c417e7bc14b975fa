/** Tests of the extensions that a `Session` agrees on. */

import assert from "node:assert/strict";
import { FEATURES } from "../../protocol/features.ts";
import { Session } from "../../server/session.ts";
import type { Effect } from "../../server/session_types.ts";

function login(features?: unknown): string {
  const frame = { id: 7, token: "test", version: "1.0.0", features };
  return JSON.stringify(frame);
}

/** Makes a session whose client named these extensions, and returns the answer. */
function loggedIn(features?: unknown) {
  const session = new Session();
  session.receive(login(features));
  const effect = session.acceptLogin();
  assert(effect.kind === "answer");
  return { session, answer: JSON.parse(effect.frame) };
}

for (
  const [named, common] of [
    [[], []],
    [["done-id", "batch"], ["batch", "done-id"]],
    [["zip", "batch", "later"], ["batch"]],
    [["__proto__", "constructor", "has", "0"], []],
    [[null, "done-id", 1], ["done-id"]],
  ] as const
) {
  Deno.test(`a session answers a login with the extensions ${JSON.stringify(named)}`, () => {
    const { session, answer } = loggedIn(named);
    assert.deepEqual([answer.success, answer.id], [true, 7]);
    assert.deepEqual(answer.data, { features: common });
    assert.deepEqual([...session.features], common);
  });
}

Deno.test("a session answers a login without features as Hoist 1 does", () => {
  const { session, answer } = loggedIn();
  assert.equal(answer.data, null);
  assert.equal(session.features.size, 0);
});

Deno.test("a session has no extensions before the login is accepted", () => {
  const session = new Session();
  assert.equal(session.features.size, 0);
  session.receive(login(FEATURES));
  assert.equal(session.features.size, 0);
  session.acceptLogin();
  assert.equal(session.features.size, FEATURES.length);
});

Deno.test("a session has no extensions if the login is refused or expires", () => {
  const ends: readonly ((session: Session) => Effect)[] = [
    (session) => session.rejectLogin("refused"),
    (session) => session.rejectLogin("locked out"),
    (session) => session.expireLogin(),
  ];
  for (const end of ends) {
    const session = new Session();
    session.receive(login(FEATURES));
    const effect = end(session);
    assert(effect.kind === "close" && effect.frame !== undefined);
    assert.deepEqual(JSON.parse(effect.frame).data, null);
    assert.equal(session.features.size, 0);
  }
});

Deno.test("a session ignores the extensions of a second login", () => {
  const session = new Session();
  session.receive(login(["done-id"]));
  assert.equal(session.receive(login(["batch"])).kind, "answer");
  session.acceptLogin();
  assert.equal(session.receive(login(["batch"])).kind, "answer");
  assert.deepEqual([...session.features], ["done-id"]);
});

Deno.test("two sessions have independent extensions", () => {
  const one = loggedIn(["batch"]).session;
  const two = loggedIn(["done-id"]).session;
  assert.deepEqual([[...one.features], [...two.features]], [["batch"], [
    "done-id",
  ]]);
});

for (const json of ["null", "1", '"batch"', "{}"]) {
  Deno.test(`a session closes after a login with ${json} as features`, () => {
    const session = new Session();
    const effect = session.receive(
      `{"id": 7, "token": "test", "version": "1.0.0", "features": ${json}}`,
    );
    assert(effect.kind === "close" && effect.frame !== undefined);
    assert.equal(effect.code, 1008);
    assert.match(effect.failure ?? "", /^"features" must be an array, not /);
    const answer = JSON.parse(effect.frame);
    assert.deepEqual([answer.id, answer.code], [7, 2]);
    assert.equal(answer.desc, effect.failure);
    assert.equal(session.state, "closed");
  });
}
