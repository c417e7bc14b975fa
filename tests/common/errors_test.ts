import assert from "node:assert/strict";
import {
  CloseCode,
  ConnectError,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  HoistError,
  LoginError,
  ResponseError,
  TimeoutError,
  VersionError,
} from "../../common/errors.ts";

const FRAME: ErrorFrame = {
  code: 5,
  error: "UNKNOWN_OPERATION",
  message: "Operation not found.",
  description: null,
  data: null,
};

const ERRORS: readonly [name: string, error: HoistError][] = [
  ["HoistError", new HoistError("text")],
  ["ConnectError", new ConnectError("text")],
  ["LoginError", new LoginError("text")],
  [
    "VersionError",
    new VersionError("text", { needed: "2.0.0", current: "1.0.0" }),
  ],
  ["ResponseError", new ResponseError("text", FRAME)],
  [
    "ConnectionClosedError",
    new ConnectionClosedError("text", { code: 1000, reason: "" }),
  ],
  ["TimeoutError", new TimeoutError("text")],
];

function messageOf(frame: Partial<ErrorFrame>): string {
  return new ResponseError('operation "add"', { ...FRAME, ...frame }).message;
}

Deno.test("ErrorCode has the eight numbers of the protocol, and that of a limit", () => {
  assert.deepEqual({ ...ErrorCode }, {
    INVALID_JSON: 1,
    INVALID_CONTENT: 2,
    LOGIN_FAILED: 3,
    BAD_VERSION: 4,
    UNKNOWN_OPERATION: 5,
    SERVER_ERROR: 6,
    UNSUPPORTED_OPERATION: 7,
    INVALID_ACTION: 8,
    LIMIT_EXCEEDED: 9,
  });
});

Deno.test("CloseCode has the numbers of RFC 6455", () => {
  assert.deepEqual({ ...CloseCode }, {
    NORMAL: 1000,
    GOING_AWAY: 1001,
    UNSUPPORTED_DATA: 1003,
    ABNORMAL: 1006,
    POLICY_VIOLATION: 1008,
    MESSAGE_TOO_BIG: 1009,
    SERVICE_RESTART: 1012,
    TRY_AGAIN_LATER: 1013,
  });
});

for (const [name, error] of ERRORS) {
  Deno.test(`${name} is a HoistError that bears its own name`, () => {
    assert(error instanceof HoistError);
    assert(error instanceof Error);
    assert.equal(error.name, name);
    assert.equal(error.constructor.name, name);
    assert.equal(String(error), `${name}: ${error.message}`);
    assert.match(error.stack ?? "", new RegExp(`^${name}: .*text`));
  });
}

Deno.test("The subclasses of HoistError are no subclasses of each other", () => {
  const subclasses = ERRORS.slice(1);
  for (const [name, error] of subclasses) {
    const others = subclasses.filter(([other]) => other !== name);
    assert(others.every(([, other]) => !(other instanceof error.constructor)));
  }
});

Deno.test("ConnectError keeps the message and the cause that it is given", () => {
  const cause = new TypeError("refused");
  const error = new ConnectError("Cannot connect", { cause });
  assert.equal(error.message, "Cannot connect");
  assert.equal(error.cause, cause);
});

Deno.test("VersionError tells both versions", () => {
  const error = new VersionError("too old", {
    needed: "1.10.0",
    current: "1.9.0",
  });
  assert.equal(error.message, "too old");
  assert.equal(error.needed, "1.10.0");
  assert.equal(error.current, "1.9.0");
});

Deno.test("ResponseError has the code, the name and the data of the frame", () => {
  const data = { current: "str", needed: "int" };
  const error = new ResponseError("x", {
    ...FRAME,
    code: 2,
    error: "INVALID_CONTENT",
    data,
  });
  assert.equal(error.code, 2);
  assert.equal(error.error, "INVALID_CONTENT");
  assert.equal(error.data, data);
});

Deno.test("ResponseError names the request and gives the sentence without its period", () => {
  assert.equal(
    messageOf({}),
    'Cannot finish operation "add": the server answered UNKNOWN_OPERATION: Operation not found',
  );
});

Deno.test("ResponseError prefers the description to everything else", () => {
  const data = { exc: "KeyError", message: "'a'" };
  assert.equal(
    messageOf({
      code: 6,
      error: "SERVER_ERROR",
      description: "it broke",
      data,
    }),
    'Cannot finish operation "add": the server answered SERVER_ERROR: it broke',
  );
});

Deno.test("ResponseError tells the cause that a server exposes", () => {
  const data = { exc: "KeyError", message: "'a'" };
  assert.equal(
    messageOf({
      code: 6,
      error: "SERVER_ERROR",
      message: "Internal server error.",
      data,
    }),
    `Cannot finish operation "add": the server answered SERVER_ERROR: KeyError: 'a'`,
  );
});

// What a server sends is checked by nobody else, and a throw here would come out of
// an event handler of a socket.
for (
  const json of [
    "null",
    "1",
    '"text"',
    "[]",
    "{}",
    '{"message": 1, "exc": "KeyError"}',
    '{"message": {"toString": 1, "valueOf": 1}, "exc": "KeyError"}',
    '{"message": "text"}',
    '{"message": "text", "exc": 1}',
    '{"message": "text", "exc": {"toString": 1, "valueOf": 1}}',
  ]
) {
  Deno.test(`ResponseError is made of any data: ${json}`, () => {
    const message = messageOf({ data: JSON.parse(json) });
    assert.match(message, /answered UNKNOWN_OPERATION: \S/);
    assert.doesNotMatch(message, /undefined|\[object/);
  });
}

Deno.test("ConnectionClosedError tells the code and the reason", () => {
  const error = new ConnectionClosedError('message "hi"', {
    code: 1001,
    reason: "server closed",
  });
  assert.equal(
    error.message,
    'Cannot finish message "hi": the connection is closed (1001, "server closed")',
  );
  assert.equal(error.code, 1001);
  assert.equal(error.reason, "server closed");
});

Deno.test("ConnectionClosedError leaves an empty reason out of its message", () => {
  const error = new ConnectionClosedError("the login", {
    code: 1006,
    reason: "",
  });
  assert.equal(
    error.message,
    "Cannot finish the login: the connection is closed (1006)",
  );
  assert.equal(error.reason, "");
});
