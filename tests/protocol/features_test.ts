import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import {
  commonFeatures,
  FEATURES,
  NO_FEATURES,
} from "../../protocol/features.ts";
import { decodeLogin } from "../../protocol/client_frames.ts";
import { type Effect, Session } from "../../server/session.ts";

function login(features?: unknown): string {
  const frame = { id: 7, token: "test", version: "1.0.0", features };
  return JSON.stringify(frame);
}

/** A session whose client has named these at its login, and the answer to that. */
function loggedIn(features?: unknown) {
  const session = new Session();
  session.receive(login(features));
  const effect = session.acceptLogin();
  assert(effect.kind === "answer");
  return { session, answer: JSON.parse(effect.frame) };
}

/** What a client may name, and what both sides speak then. */
const NAMED: readonly [named: readonly unknown[], common: string[]][] = [
  [[], []],
  [["batch"], ["batch"]],
  [["done-id"], ["done-id"]],
  [["batch", "done-id"], ["batch", "done-id"]],
  [["done-id", "batch"], ["batch", "done-id"]],
  [["batch", "batch", "batch"], ["batch"]],
  [["zip", "batch", "later"], ["batch"]],
  [["zip"], []],
  [["retry", "max-payload"], ["max-payload", "retry"]],
  [["Batch", "batch ", "done_id", ""], []],
  [["__proto__", "constructor", "has", "0"], []],
  [[null, 1, true, {}, ["batch"], { batch: true }], []],
  [[null, "done-id", 1], ["done-id"]],
];

Deno.test("this package speaks all its extensions", () => {
  assert.deepEqual(FEATURES, [
    "batch",
    "done-id",
    "max-payload",
    "request",
    "retry",
    "stream",
  ]);
  assert.equal(NO_FEATURES.size, 0);
});

for (const [named, common] of NAMED) {
  const shown = JSON.stringify(named);

  Deno.test(`commonFeatures() of ${shown} are ${JSON.stringify(common)}`, () => {
    assert.deepEqual([...commonFeatures(named)], common);
  });

  Deno.test(`Session answers a login that names ${shown} with ${JSON.stringify(common)}`, () => {
    const { session, answer } = loggedIn(named);
    assert.deepEqual([answer.success, answer.id], [true, 7]);
    assert.deepEqual(answer.data, { features: common });
    assert.deepEqual([...session.features], common);
  });
}

Deno.test("commonFeatures() depend on nothing that was asked before", () => {
  for (let round = 0; round < 2; round++) {
    for (const [named, common] of [...NAMED, ...NAMED.toReversed()]) {
      assert.deepEqual([...commonFeatures(named)], common);
    }
  }
  assert.equal(NO_FEATURES.size, 0);
});

Deno.test("Session answers a login without features as Hoist 1 does", () => {
  const { session, answer } = loggedIn();
  assert.equal(answer.data, null);
  assert.equal(session.features.size, 0);
});

Deno.test("Session knows of no feature before the login is accepted", () => {
  const session = new Session();
  assert.equal(session.features.size, 0);
  session.receive(login(FEATURES));
  assert.equal(session.features.size, 0);
  session.acceptLogin();
  assert.equal(session.features.size, FEATURES.length);
});

Deno.test("Session knows of no feature where the login is refused or late", () => {
  const ends: readonly ((session: Session) => Effect)[] = [
    (session) => session.refuseLogin("refused"),
    (session) => session.refuseLogin("locked out"),
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

Deno.test("Session does not let a second login name other features", () => {
  const session = new Session();
  session.receive(login(["done-id"]));
  assert.equal(session.receive(login(["batch"])).kind, "answer");
  session.acceptLogin();
  assert.equal(session.receive(login(["batch"])).kind, "answer");
  assert.deepEqual([...session.features], ["done-id"]);
});

Deno.test("sessions have features of their own", () => {
  const one = loggedIn(["batch"]).session;
  const two = loggedIn(["done-id"]).session;
  assert.deepEqual([[...one.features], [...two.features]], [["batch"], [
    "done-id",
  ]]);
});

Deno.test("decodeLogin() hands the features over as they are, known or not", () => {
  for (const [named] of NAMED) {
    const frame = decodeLogin(login(named));
    assert(frame.kind === "login");
    assert.deepEqual(frame.features, named);
  }
});

for (
  const [json, current] of [
    ["null", null],
    ["true", "bool"],
    ["1", "int"],
    ["1.5", "float"],
    ['"batch"', "str"],
    ["{}", "dict"],
    ['{"0": "batch", "length": 1}', "dict"],
  ] as const
) {
  const frame =
    `{"id": 7, "token": "test", "version": "1.0.0", "features": ${json}}`;
  const desc = `"features" must be list, not ${current ?? "None"}`;
  const data = { current, needed: "list" };

  Deno.test(`decodeLogin() refuses ${json} as features`, () => {
    assert.deepEqual(decodeLogin(frame), {
      kind: "invalid",
      id: 7,
      code: ErrorCode.INVALID_CONTENT,
      data,
      description: desc,
      fatal: false,
    });
  });

  Deno.test(`Session ends with code 2 at a login with ${json} as features`, () => {
    const session = new Session();
    const effect = session.receive(frame);
    assert(effect.kind === "close" && effect.frame !== undefined);
    assert.deepEqual([effect.code, effect.failure], [1008, desc]);
    const answer = JSON.parse(effect.frame);
    assert.deepEqual([answer.id, answer.code], [7, 2]);
    assert.deepEqual([answer.data, answer.desc], [data, desc]);
    assert.equal(session.state, "closed");
  });
}

Deno.test("decodeLogin() looks at the version and the token before the features", () => {
  const broken = { id: 7, token: 1, version: 1, features: 1 };
  const descriptions = [broken, { ...broken, version: "" }].map((frame) => {
    const decoded = decodeLogin(JSON.stringify(frame));
    return decoded.kind === "invalid" && decoded.description;
  });
  assert.deepEqual(descriptions, [
    '"version" must be str, not int',
    '"token" must be str, not int',
  ]);
});

Deno.test("decodeLogin() does not read features out of __proto__", () => {
  const frame = decodeLogin(
    '{"id": 0, "token": "", "version": "", "__proto__": {"features": ["batch"]}}',
  );
  assert(frame.kind === "login");
  assert.equal(frame.features, undefined);
});

Deno.test("a goodbye is one whatever stands in its features", () => {
  assert.equal(decodeLogin('{"end": true, "features": 1}').kind, "end");
});
