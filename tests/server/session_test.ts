import assert from "node:assert/strict";
import { GOODBYE } from "../../protocol/encode.ts";
import {
  type Batch,
  type Effect,
  Session,
  type SessionState,
} from "../../server/session.ts";
import {
  BROKEN,
  MESSAGE,
  OPERATION,
  UNKNOWN_ACTION,
} from "../support/frames.ts";

const LOGIN = '{"id": 0, "token": "test", "version": "1.0.2"}';
const WITHOUT_ID = '{"action": "message", "data": {}}';
const NO_JSON = "hello";
const NO_OBJECT = "[1]";
const BINARY = new TextEncoder().encode(LOGIN);

const IGNORE = { kind: "ignore" };
const GOODBYE_CLOSE = { kind: "close", code: 1000, reason: "goodbye" };

const SENTENCES: Readonly<
  Record<number, readonly [error: string, message: string]>
> = {
  1: ["INVALID_JSON", "Invalid JSON structure was received."],
  2: ["INVALID_CONTENT", "JSON content is invalid."],
  3: ["LOGIN_FAILED", "Login token is invalid."],
  4: ["BAD_VERSION", "Version of client is not high enough."],
  8: ["INVALID_ACTION", "Invalid action was sent."],
};

/** The ways into each state. */
const STATES: Readonly<Record<SessionState, () => Session>> = {
  login: () => new Session(),
  authenticating() {
    const session = new Session();
    session.receive(LOGIN);
    return session;
  },
  open() {
    const session = STATES.authenticating();
    session.acceptLogin();
    return session;
  },
  closed() {
    const session = STATES.open();
    session.close();
    return session;
  },
};

/** What an effect comes to: its kind, its close code, and the code and id of its frame. */
function summarize(effect: Effect | Batch): string {
  const parts: unknown[] = [effect.kind];
  if (effect.kind === "close") parts.push(effect.code);
  if ("frame" in effect && effect.frame !== undefined) {
    const { code, id } = JSON.parse(effect.frame);
    parts.push(`error ${code} to ${id}`);
  }
  return parts.join(", ");
}

/** The whole frame of an effect, which must be an error. */
function assertError(
  effect: Effect,
  code: number,
  rest: { id: number | null; data?: unknown; desc?: string | null },
): void {
  assert("frame" in effect && effect.frame !== undefined);
  const [error, message] = SENTENCES[code]!;
  const expected = {
    success: false,
    data: null,
    error,
    code,
    message,
    desc: null,
    ...rest,
  };
  assert.deepEqual(JSON.parse(effect.frame), expected);
}

/** Each kind of frame in each state: what comes out, and the state that follows. */
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
    "what is no JSON",
    NO_JSON,
    "close, 1003, error 1 to null",
    "closed",
  ],
  ["login", "binary data", BINARY, "close, 1003, error 1 to null", "closed"],
  [
    "login",
    "what is no object",
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
    "a broken message",
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
    "what is no JSON",
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
    "what is no object",
    NO_OBJECT,
    "close, 1003, error 2 to null",
    "closed",
  ],

  ["open", "a second login", LOGIN, "answer, error 2 to 0", "open"],
  ["open", "a goodbye", GOODBYE, "close, 1000", "closed"],
  ["open", "a message", MESSAGE, "message", "open"],
  ["open", "an operation", OPERATION, "operation", "open"],
  ["open", "a broken message", BROKEN, "answer, error 2 to 3", "open"],
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
    "what is no JSON",
    NO_JSON,
    "close, 1003, error 1 to null",
    "closed",
  ],
  ["open", "binary data", BINARY, "close, 1003, error 1 to null", "closed"],
  [
    "open",
    "what is no object",
    NO_OBJECT,
    "close, 1003, error 2 to null",
    "closed",
  ],

  ["closed", "a login", LOGIN, "ignore", "closed"],
  ["closed", "a goodbye", GOODBYE, "ignore", "closed"],
  ["closed", "a message", MESSAGE, "ignore", "closed"],
  ["closed", "an operation", OPERATION, "ignore", "closed"],
  ["closed", "a broken message", BROKEN, "ignore", "closed"],
  ["closed", "what is no JSON", NO_JSON, "ignore", "closed"],
  ["closed", "binary data", BINARY, "ignore", "closed"],
  ["closed", "what is no object", NO_OBJECT, "ignore", "closed"],
];

for (const [state, what, frame, effect, next] of TRANSITIONS) {
  Deno.test(`Session in state ${state} answers ${what} with: ${effect}`, () => {
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

  Deno.test(`Session in state ${state} takes an accepted login with: ${accepted}`, () => {
    const session = STATES[state]();
    assert.equal(summarize(session.acceptLogin()), accepted);
    assert.equal(session.state, state === "authenticating" ? "open" : state);
  });

  Deno.test(`Session in state ${state} takes a refused login with: ${refused}`, () => {
    const session = STATES[state]();
    assert.equal(summarize(session.refuseLogin("refused")), refused);
    assert.equal(session.state, nextOf(refused));
  });

  Deno.test(`Session in state ${state} takes the end of the time with: ${expired}`, () => {
    const session = STATES[state]();
    assert.equal(summarize(session.expireLogin()), expired);
    assert.equal(session.state, nextOf(expired));
  });

  Deno.test(`Session in state ${state} closes and takes nothing more`, () => {
    const session = STATES[state]();
    session.close();
    session.close();
    assert.equal(session.state, "closed");
    for (const frame of [LOGIN, MESSAGE, GOODBYE, NO_JSON]) {
      assert.deepEqual(session.receive(frame), IGNORE);
    }
    assert.deepEqual(session.acceptLogin(), IGNORE);
    assert.deepEqual(session.refuseLogin("refused"), IGNORE);
    assert.deepEqual(session.expireLogin(), IGNORE);
    assert.equal(session.state, "closed");
  });
}

Deno.test("Session hands the login over and answers it with its id", () => {
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
  assert.deepEqual(JSON.parse(effect.frame), {
    success: true,
    data: null,
    error: null,
    code: 0,
    message: null,
    desc: null,
    id: 7,
  });
});

Deno.test("Session hands messages and operations over once it is open", () => {
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

Deno.test("Session takes a goodbye without a frame and without a failure", () => {
  for (const state of ["login", "authenticating", "open"] as const) {
    assert.deepEqual(STATES[state]().receive(GOODBYE), GOODBYE_CLOSE);
  }
});

for (
  const [what, settle, failure] of [
    [
      "refused",
      (session: Session) => session.refuseLogin("refused"),
      "login refused",
    ],
    ["late", (session: Session) => session.expireLogin(), "login timed out"],
  ] as const
) {
  Deno.test(`Session answers a ${what} login with code 3, its id and the reason`, () => {
    const session = new Session();
    session.receive(LOGIN.replace("0", "7"));
    const effect = settle(session);
    assert(effect.kind === "close");
    assert.equal(effect.code, 1008);
    assert.equal(effect.reason, failure);
    assert.equal(effect.failure, failure);
    assertError(effect, 3, { id: 7 });
  });
}

Deno.test("Session answers a login that never came with code 3 and the id of a login", () => {
  const effect = new Session().expireLogin();
  assert(effect.kind === "close" && effect.failure === "login timed out");
  assertError(effect, 3, { id: 0 });
});

Deno.test("Session lets nobody in after the time for the login has run out", () => {
  const session = STATES.authenticating();
  session.expireLogin();
  assert.deepEqual(session.acceptLogin(), IGNORE);
  assert.deepEqual(session.receive(MESSAGE), IGNORE);
  assert.equal(session.state, "closed");
});

Deno.test("Session settles a login once", () => {
  const session = STATES.open();
  assert.deepEqual(session.refuseLogin("refused"), IGNORE);
  assert.deepEqual(session.acceptLogin(), IGNORE);
  assert.equal(session.state, "open");
});

Deno.test("Session answers a second login without asking anyone", () => {
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
      desc: '"action" must be str, not None',
    });
    assert.equal(session.state, state);
  }
});

Deno.test("Session answers the login with its own id whatever came in between", () => {
  const session = STATES.authenticating();
  session.receive('{"id": 5, "token": "other", "version": "1.0.0"}');
  session.receive(MESSAGE);
  assert.equal(summarize(session.acceptLogin()), "answer, error 0 to 0");
});

Deno.test("Session tells a request that does not wait for the login why it fails", () => {
  const effect = STATES.authenticating().receive(OPERATION);
  assert(effect.kind === "answer");
  assert.equal(effect.failure, "the login has not been answered yet");
  assertError(effect, 8, {
    id: 2,
    desc: "the login has not been answered yet",
  });
});

Deno.test("Session tells what is wrong with a frame, to the client and to the log", () => {
  const effect = STATES.open().receive(BROKEN);
  assert(effect.kind === "answer");
  const desc = '"data.message" must be str, not int';
  assert.equal(effect.failure, desc);
  assertError(effect, 2, {
    id: 3,
    data: { current: "int", needed: "str" },
    desc,
  });
});

Deno.test("Session tells that a frame is not JSON, and closes", () => {
  for (const state of ["login", "authenticating", "open"] as const) {
    const effect = STATES[state]().receive(NO_JSON);
    assert(effect.kind === "close");
    assert.equal(effect.reason, "invalid frame");
    assert.equal(effect.failure, "the frame is not JSON");
    assertError(effect, 1, { id: null });
  }
});

Deno.test("Session tells that a frame is no object, and closes", () => {
  const effect = STATES.open().receive(NO_OBJECT);
  assert(effect.kind === "close");
  const desc = "the frame must be dict, not list";
  assert.equal(effect.failure, desc);
  assertError(effect, 2, {
    id: null,
    data: { current: "list", needed: "dict" },
    desc,
  });
});

for (
  const version of ["1.2.3", "1.2.4", "1.10.0", "2.0.0-rc.1", "1.2.3+build"]
) {
  Deno.test(`Session with the minimum 1.2.3 lets version ${version} ask`, () => {
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
  Deno.test(`Session with the minimum 1.2.3 refuses version ${version}`, () => {
    const session = new Session({ minimumVersion: "1.2.3" });
    const effect = session.receive(
      JSON.stringify({ id: 6, token: "test", version }),
    );
    assert(effect.kind === "close");
    assert.equal(effect.code, 1008);
    assert.equal(effect.reason, "login refused");
    const desc = "the server needs version 1.2.3 or later";
    assert.equal(effect.failure, desc);
    assertError(effect, 4, { id: 6, data: { needed: "1.2.3" }, desc });
    assert.equal(session.state, "closed");
    assert.deepEqual(session.acceptLogin(), IGNORE);
  });
}

Deno.test("Session without a minimum lets any version ask", () => {
  for (const version of ["0.0.0", "0.0.0-alpha", "999.0.0"]) {
    const effect = new Session().receive(
      JSON.stringify({ id: 0, token: "", version }),
    );
    assert.equal(effect.kind, "login");
  }
});

Deno.test("Session checks the version before anybody sees the token", () => {
  const effect = new Session({ minimumVersion: "2.0.0" }).receive(LOGIN);
  assert.equal(summarize(effect), "close, 1008, error 4 to 0");
});

for (
  const version of [
    "",
    "1.0",
    "latest",
    "1.0.0.0",
    "__proto__",
    "1".repeat(100_000),
  ]
) {
  for (const minimum of [undefined, "1.0.0"]) {
    const shown = JSON.stringify(version.slice(0, 20));
    Deno.test(`Session with the minimum ${minimum} refuses version ${shown}`, () => {
      const session = new Session({ minimumVersion: minimum });
      const effect = session.receive(
        JSON.stringify({ id: 6, token: "test", version }),
      );
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
  Deno.test(`Session ends with code 2 at the login ${frame}`, () => {
    const session = new Session();
    const effect = session.receive(frame);
    assert(effect.kind === "close");
    assert.equal(effect.code, 1008);
    const desc = `"${field}" must be ${needed}, not ${current ?? "None"}`;
    assertError(effect, 2, { id, data: { current, needed }, desc });
    assert.equal(session.state, "closed");
  });
}

Deno.test("Session names no token in what it logs or answers", () => {
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

Deno.test("Session gives close reasons that fit into a Close frame", () => {
  const version = "1".repeat(10_000);
  const reasons = [
    new Session().receive(JSON.stringify({ id: 0, token: version, version })),
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

for (
  const [why, end] of [
    ["was guessed too often", (session) => session.refuseLogin("locked out")],
    ["takes too long", (session) => session.expireLogin()],
  ] as readonly [string, (session: Session) => Effect][]
) {
  Deno.test(`Session tells a client that may come back that a login which ${why} is no wrong token`, () => {
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
