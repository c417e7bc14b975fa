import assert from "node:assert/strict";
import { GOODBYE } from "../../protocol/encode.ts";
import { Session, type SessionState } from "../../server/session.ts";
import {
  BROKEN,
  MESSAGE,
  OPERATION,
  UNKNOWN_ACTION,
} from "../support/frames.ts";
import {
  assertError,
  IGNORE,
  LOGIN,
  STATES,
  summarize,
} from "../support/sessions.ts";

const WITHOUT_ID = '{"action": "message", "data": {}}';
const NO_JSON = "hello";
const NO_OBJECT = "[1]";
const BINARY = new TextEncoder().encode(LOGIN);

const GOODBYE_CLOSE = { kind: "close", code: 1000, reason: "goodbye" };

/** For each kind of frame in each state: the effect, and the state that follows. */
const TRANSITIONS: readonly [
  state: SessionState,
  what: string,
  frame: unknown,
  effect: string,
  next: SessionState,
][] = [
  ["login", "a login", LOGIN, "login", "authenticating"],
  ["login", "a goodbye", GOODBYE, "close, 1000", "closed"],
  ["login", "a message", MESSAGE, "close, 1008, error 2 to 1", "closed"],
  ["login", "an operation", OPERATION, "close, 1008, error 2 to 2", "closed"],
  [
    "login",
    "an unknown action",
    UNKNOWN_ACTION,
    "close, 1008, error 2 to 4",
    "closed",
  ],
  [
    "login",
    "a frame without an id",
    WITHOUT_ID,
    "close, 1008, error 2 to null",
    "closed",
  ],
  [
    "login",
    "invalid JSON",
    NO_JSON,
    "close, 1003, error 1 to null",
    "closed",
  ],
  ["login", "binary data", BINARY, "close, 1003, error 1 to null", "closed"],
  [
    "login",
    "an array",
    NO_OBJECT,
    "close, 1003, error 2 to null",
    "closed",
  ],

  [
    "authenticating",
    "a second login",
    LOGIN,
    "answer, error 2 to 0",
    "authenticating",
  ],
  ["authenticating", "a goodbye", GOODBYE, "close, 1000", "closed"],
  [
    "authenticating",
    "a message",
    MESSAGE,
    "answer, error 8 to 1",
    "authenticating",
  ],
  [
    "authenticating",
    "an operation",
    OPERATION,
    "answer, error 8 to 2",
    "authenticating",
  ],
  [
    "authenticating",
    "an invalid message",
    BROKEN,
    "answer, error 2 to 3",
    "authenticating",
  ],
  [
    "authenticating",
    "an unknown action",
    UNKNOWN_ACTION,
    "answer, error 8 to 4",
    "authenticating",
  ],
  [
    "authenticating",
    "a frame without an id",
    WITHOUT_ID,
    "answer, error 2 to null",
    "authenticating",
  ],
  [
    "authenticating",
    "invalid JSON",
    NO_JSON,
    "close, 1003, error 1 to null",
    "closed",
  ],
  [
    "authenticating",
    "binary data",
    BINARY,
    "close, 1003, error 1 to null",
    "closed",
  ],
  [
    "authenticating",
    "an array",
    NO_OBJECT,
    "close, 1003, error 2 to null",
    "closed",
  ],

  ["open", "a second login", LOGIN, "answer, error 2 to 0", "open"],
  ["open", "a goodbye", GOODBYE, "close, 1000", "closed"],
  ["open", "a message", MESSAGE, "message", "open"],
  ["open", "an operation", OPERATION, "operation", "open"],
  ["open", "an invalid message", BROKEN, "answer, error 2 to 3", "open"],
  ["open", "an unknown action", UNKNOWN_ACTION, "answer, error 8 to 4", "open"],
  [
    "open",
    "a frame without an id",
    WITHOUT_ID,
    "answer, error 2 to null",
    "open",
  ],
  [
    "open",
    "invalid JSON",
    NO_JSON,
    "close, 1003, error 1 to null",
    "closed",
  ],
  ["open", "binary data", BINARY, "close, 1003, error 1 to null", "closed"],
  [
    "open",
    "an array",
    NO_OBJECT,
    "close, 1003, error 2 to null",
    "closed",
  ],

  ["closed", "a login", LOGIN, "ignore", "closed"],
  ["closed", "a goodbye", GOODBYE, "ignore", "closed"],
  ["closed", "a message", MESSAGE, "ignore", "closed"],
  ["closed", "an operation", OPERATION, "ignore", "closed"],
  ["closed", "an invalid message", BROKEN, "ignore", "closed"],
  ["closed", "invalid JSON", NO_JSON, "ignore", "closed"],
  ["closed", "binary data", BINARY, "ignore", "closed"],
  ["closed", "an array", NO_OBJECT, "ignore", "closed"],
];

for (const [state, what, frame, effect, next] of TRANSITIONS) {
  Deno.test(`Session in state ${state} responds to ${what} with: ${effect}`, () => {
    const session = STATES[state]();
    assert.equal(session.state, state);
    assert.equal(summarize(session.receive(frame)), effect);
    assert.equal(session.state, next);
  });
}

for (
  const [state, accepted, refused, expired] of [
    ["login", "ignore", "ignore", "close, 1008, error 3 to 0"],
    [
      "authenticating",
      "answer, error 0 to 0",
      "close, 1008, error 3 to 0",
      "close, 1008, error 3 to 0",
    ],
    ["open", "ignore", "ignore", "ignore"],
    ["closed", "ignore", "ignore", "ignore"],
  ] as const
) {
  const nextOf = (effect: string) =>
    effect.startsWith("close") ? "closed" : state;

  Deno.test(`acceptLogin() in state ${state} returns: ${accepted}`, () => {
    const session = STATES[state]();
    assert.equal(summarize(session.acceptLogin()), accepted);
    assert.equal(session.state, state === "authenticating" ? "open" : state);
  });

  Deno.test(`rejectLogin() in state ${state} returns: ${refused}`, () => {
    const session = STATES[state]();
    assert.equal(summarize(session.rejectLogin("refused")), refused);
    assert.equal(session.state, nextOf(refused));
  });

  Deno.test(`expireLogin() in state ${state} returns: ${expired}`, () => {
    const session = STATES[state]();
    assert.equal(summarize(session.expireLogin()), expired);
    assert.equal(session.state, nextOf(expired));
  });

  Deno.test(`Session in state ${state} ignores everything after close()`, () => {
    const session = STATES[state]();
    session.close();
    session.close();
    assert.equal(session.state, "closed");
    for (const frame of [LOGIN, MESSAGE, GOODBYE, NO_JSON]) {
      assert.deepEqual(session.receive(frame), IGNORE);
    }
    assert.deepEqual(session.acceptLogin(), IGNORE);
    assert.deepEqual(session.rejectLogin("refused"), IGNORE);
    assert.deepEqual(session.expireLogin(), IGNORE);
    assert.equal(session.state, "closed");
  });
}

Deno.test("Session returns messages and operations when it is open", () => {
  const session = STATES.open();
  assert.deepEqual(session.receive(MESSAGE), {
    kind: "message",
    id: 1,
    name: "hello",
    data: { a: 1 },
    replying: null,
  });
  assert.deepEqual(session.receive(OPERATION), {
    kind: "operation",
    id: 2,
    name: "add",
    data: {},
  });
});

Deno.test("Session closes after a goodbye, without a frame and without a failure", () => {
  for (const state of ["login", "authenticating", "open"] as const) {
    assert.deepEqual(STATES[state]().receive(GOODBYE), GOODBYE_CLOSE);
  }
});

Deno.test("Session reports what is wrong with a frame to the client and to the log", () => {
  const effect = STATES.open().receive(BROKEN);
  assert(effect.kind === "answer");
  const desc = '"data.message" must be a string, not an integer';
  assert.equal(effect.failure, desc);
  assertError(effect, 2, {
    id: 3,
    data: { current: "int", needed: "str" },
    desc,
  });
});

Deno.test("Session reports a frame that is not JSON, and closes", () => {
  for (const state of ["login", "authenticating", "open"] as const) {
    const effect = STATES[state]().receive(NO_JSON);
    assert(effect.kind === "close");
    assert.equal(effect.reason, "invalid frame");
    assert.equal(effect.failure, "the frame is not JSON");
    assertError(effect, 1, { id: null });
  }
});

Deno.test("Session reports a frame that is not an object, and closes", () => {
  const effect = STATES.open().receive(NO_OBJECT);
  assert(effect.kind === "close");
  const desc = "the frame must be an object, not an array";
  assert.equal(effect.failure, desc);
  assertError(effect, 2, {
    id: null,
    data: { current: "list", needed: "dict" },
    desc,
  });
});

Deno.test("Session never includes a token in an effect", () => {
  for (
    const frame of [
      '{"id": 0, "token": "secret", "version": 1}',
      '{"id": 0, "token": "secret", "version": "old"}',
      '{"id": 0, "token": "secret", "version": "1.0.0"}',
      '{"token": "secret"}',
      '{"token": "secret"',
    ]
  ) {
    const effect = new Session({ minimumVersion: "2.0.0" }).receive(frame);
    assert.equal(effect.kind, "close");
    assert(!JSON.stringify(effect).includes("secret"));
  }
});

Deno.test("Session returns close reasons that fit into a Close frame", () => {
  const version = "1".repeat(10_000);
  const reasons = [
    new Session({ minimumVersion: "1.0.0" })
      .receive(JSON.stringify({ id: 0, token: version, version })),
    new Session({
      minimumVersion: `${"1".repeat(15)}.0.0-${"a".repeat(200)}`,
    }).receive(LOGIN),
    STATES.open().receive(`"${version}"`),
    STATES.authenticating().expireLogin(),
  ].map((effect) => effect.kind === "close" && effect.reason);
  for (const reason of reasons) {
    assert(reason !== false);
    assert(new TextEncoder().encode(reason).length <= 123);
  }
});
