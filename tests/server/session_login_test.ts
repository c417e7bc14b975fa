/** The login in the state machine of a connection. */

import assert from "node:assert/strict";
import { Session } from "../../server/session.ts";
import type { Effect } from "../../server/session_types.ts";
import { shownType } from "../support/json_types.ts";
import { MESSAGE, OPERATION } from "../support/frames.ts";
import { SUCCESS } from "../support/raw_client.ts";
import {
  assertError,
  IGNORE,
  LOGIN,
  STATES,
  summarize,
} from "../support/sessions.ts";

Deno.test("Session returns the login and answers it with its id", () => {
  const session = new Session();
  const login = { id: 7, token: "secret", version: "1.0.0" };
  assert.deepEqual(session.receive(JSON.stringify(login)), {
    kind: "login",
    ...login,
    features: undefined,
  });
  const effect = session.acceptLogin();
  assert(effect.kind === "answer");
  assert.equal(effect.failure, undefined);
  assert.deepEqual(JSON.parse(effect.frame), { ...SUCCESS, id: 7 });
});

for (
  const [what, settle, reason, failure] of [
    [
      "refused",
      (session: Session) => session.rejectLogin("refused"),
      "login rejected",
      "wrong token",
    ],
    [
      "late",
      (session: Session) => session.expireLogin(),
      "login timed out",
      "timed out. To allow more time, raise 'limits.loginTimeout'.",
    ],
  ] as const
) {
  Deno.test(`Session answers a ${what} login with code 3, its id and the reason`, () => {
    const session = new Session();
    session.receive(LOGIN.replace("0", "7"));
    const effect = settle(session);
    assert(effect.kind === "close");
    assert.equal(effect.code, 1008);
    assert.equal(effect.reason, reason);
    assert.equal(effect.failure, failure);
    assertError(effect, 3, { id: 7 });
  });
}

Deno.test("Session answers a missing login with code 3 and the id 0", () => {
  const effect = new Session().expireLogin();
  assert(effect.kind === "close" && effect.reason === "login timed out");
  assertError(effect, 3, { id: 0 });
});

Deno.test("Session answers a missing login of a client with the subprotocol with code 9", () => {
  const effect = new Session({}, true).expireLogin();
  assert(effect.kind === "close" && effect.reason === "login timed out");
  const { id, code, desc } = JSON.parse(effect.frame ?? "null");
  assert.deepEqual([id, code], [0, 9]);
  assert.match(desc, /^the login took too long\. .*'limits\.loginTimeout'/);
});

Deno.test("Session answers a Hoist 1 login with code 3 also if the subprotocol was offered", () => {
  const session = new Session({}, true);
  session.receive(LOGIN);
  assertError(session.expireLogin(), 3, { id: 0 });
});

Deno.test("Session accepts no login after expireLogin()", () => {
  const session = STATES.authenticating();
  session.expireLogin();
  assert.deepEqual(session.acceptLogin(), IGNORE);
  assert.deepEqual(session.receive(MESSAGE), IGNORE);
  assert.equal(session.state, "closed");
});

Deno.test("Session accepts a login once", () => {
  const session = STATES.open();
  assert.deepEqual(session.rejectLogin("refused"), IGNORE);
  assert.deepEqual(session.acceptLogin(), IGNORE);
  assert.equal(session.state, "open");
});

Deno.test("Session rejects a second login", () => {
  for (const state of ["authenticating", "open"] as const) {
    const session = STATES[state]();
    const effect = session.receive(
      '{"id": 5, "token": "other", "version": "1.0.0"}',
    );
    assert.equal(effect.kind, "answer");
    const data = { current: null, needed: "str" };
    assertError(effect, 2, {
      id: 5,
      data,
      desc: '"action" must be a string, not null',
    });
    assert.equal(session.state, state);
  }
});

Deno.test("Session answers the login with its own id, although other frames came in between", () => {
  const session = STATES.authenticating();
  session.receive('{"id": 5, "token": "other", "version": "1.0.0"}');
  session.receive(MESSAGE);
  assert.equal(summarize(session.acceptLogin()), "answer, error 0 to 0");
});

Deno.test("Session answers a request before the login with the reason", () => {
  const effect = STATES.authenticating().receive(OPERATION);
  assert(effect.kind === "answer");
  assert.equal(
    effect.failure,
    "the login is not finished yet. Wait for its response.",
  );
  assertError(effect, 8, {
    id: 2,
    desc: "the login is not finished yet. Wait for its response.",
  });
});

for (
  const version of ["1.2.3", "1.2.4", "1.10.0", "2.0.0-rc.1", "1.2.3+build"]
) {
  Deno.test(`Session with the minimum version 1.2.3 accepts version ${version}`, () => {
    const session = new Session({ minimumVersion: "1.2.3" });
    const effect = session.receive(
      JSON.stringify({ id: 0, token: "test", version }),
    );
    assert.deepEqual(effect, {
      kind: "login",
      id: 0,
      token: "test",
      version,
      features: undefined,
    });
    assert.equal(session.state, "authenticating");
  });
}

for (const version of ["1.2.2", "1.2.3-rc.1", "0.99.99", "1.1.10"]) {
  Deno.test(`Session with the minimum version 1.2.3 rejects version ${version}`, () => {
    const session = new Session({ minimumVersion: "1.2.3" });
    const effect = session.receive(
      JSON.stringify({ id: 6, token: "test", version }),
    );
    assert(effect.kind === "close");
    assert.equal(effect.code, 1008);
    assert.equal(effect.reason, "login rejected");
    const desc = "the server needs version 1.2.3 or later. Update the client.";
    assert.equal(effect.failure, desc);
    assertError(effect, 4, { id: 6, data: { needed: "1.2.3" }, desc });
    assert.equal(session.state, "closed");
    assert.deepEqual(session.acceptLogin(), IGNORE);
  });
}

Deno.test("Session without a minimum version accepts any version", () => {
  for (const version of ["0.0.0", "0.0.0-alpha", "999.0.0"]) {
    const effect = new Session().receive(
      JSON.stringify({ id: 0, token: "", version }),
    );
    assert.equal(effect.kind, "login");
  }
});

Deno.test("Session checks the version before the token", () => {
  const effect = new Session({ minimumVersion: "2.0.0" }).receive(LOGIN);
  assert.equal(summarize(effect), "close, 1008, error 4 to 0");
});

for (
  const version of [
    "",
    "1.0",
    "1.0.0rc1",
    "1.0.2.dev0",
    "latest",
    "1.0.0.0",
    "__proto__",
    "1".repeat(100_000),
  ]
) {
  const shown = JSON.stringify(version.slice(0, 20));
  const login = JSON.stringify({ id: 6, token: "test", version });

  Deno.test(`Session without a minimum version accepts version ${shown}`, () => {
    const effect = new Session().receive(login);
    assert(effect.kind === "login");
    assert.equal(effect.version, version);
  });

  Deno.test(`Session with a minimum version rejects version ${shown}`, () => {
    const session = new Session({ minimumVersion: "1.0.0" });
    const effect = session.receive(login);
    assert(effect.kind === "close");
    assert.equal(effect.code, 1008);
    const desc = '"version" must be a version such as "1.0.0"';
    assert.equal(effect.failure, desc);
    assertError(effect, 2, {
      id: 6,
      data: { current: "str", needed: "str" },
      desc,
    });
    assert.equal(session.state, "closed");
  });
}

for (
  const [frame, id, current, needed, field] of [
    ["{}", null, null, "int", "id"],
    [
      '{"id": "0", "token": "test", "version": "1.0.0"}',
      null,
      "str",
      "int",
      "id",
    ],
    ['{"id": 1, "token": "test"}', 1, null, "str", "version"],
    [
      '{"id": 1, "token": "test", "version": 1.5}',
      1,
      "float",
      "str",
      "version",
    ],
    ['{"id": 1, "version": "1.0.0"}', 1, null, "str", "token"],
    [
      '{"id": 1, "token": ["test"], "version": "1.0.0"}',
      1,
      "list",
      "str",
      "token",
    ],
  ] as const
) {
  Deno.test(`Session rejects the login ${frame} with code 2`, () => {
    const session = new Session();
    const effect = session.receive(frame);
    assert(effect.kind === "close");
    assert.equal(effect.code, 1008);
    const desc = `"${field}" must be ${shownType(needed)}, not ${
      shownType(current)
    }`;
    assertError(effect, 2, { id, data: { current, needed }, desc });
    assert.equal(session.state, "closed");
  });
}

for (
  const [why, end] of [
    ["failed too often", (session) => session.rejectLogin("locked out")],
    ["takes too long", (session) => session.expireLogin()],
  ] as readonly [string, (session: Session) => Effect][]
) {
  Deno.test(`Session tells a client with features that a login that ${why} can be retried`, () => {
    for (const [features, code] of [[undefined, 3], [[], 9]] as const) {
      const session = new Session();
      const frame = { id: 7, token: "test", version: "1.0.0", features };
      assert.equal(session.receive(JSON.stringify(frame)).kind, "login");
      const effect = end(session);
      assert(effect.kind === "close" && effect.frame !== undefined);
      assert.equal(effect.code, 1008);
      const answer = JSON.parse(effect.frame);
      assert.deepEqual([answer.id, answer.code], [7, code]);
    }
  });
}
