/** Tests of `common/errors.ts`. */

import assert from "node:assert/strict";
import {
  CloseCode,
  ConnectError,
  ConnectionClosedError,
  ErrorCode,
  type ErrorFrame,
  FeatureError,
  HoistError,
  LoginError,
  NoReplyError,
  ResponseError,
  TimeoutError,
  ValidationError,
  VersionError,
} from "../../common/errors.ts";
import { type Issue, issuesOf } from "../../common/issues.ts";

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
  ["NoReplyError", new NoReplyError('request "text"')],
  ["ValidationError", new ValidationError("Cannot read text", "no", [])],
  ["FeatureError", new FeatureError('request "text"', "request", "client")],
];

function messageOf(frame: Partial<ErrorFrame>): string {
  return new ResponseError('operation "add"', { ...FRAME, ...frame }).message;
}

Deno.test("ErrorCode contains the numbers of the protocol", () => {
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
    FORBIDDEN: 10,
    BROKER_UNAVAILABLE: 11,
  });
});

Deno.test("CloseCode contains the numbers of RFC 6455", () => {
  assert.deepEqual({ ...CloseCode }, {
    NORMAL: 1000,
    GOING_AWAY: 1001,
    UNSUPPORTED_DATA: 1003,
    ABNORMAL: 1006,
    POLICY_VIOLATION: 1008,
    MESSAGE_TOO_BIG: 1009,
    INTERNAL_ERROR: 1011,
    SERVICE_RESTART: 1012,
    TRY_AGAIN_LATER: 1013,
  });
});

for (const [name, error] of ERRORS) {
  Deno.test(`${name} extends HoistError and has its own name`, () => {
    assert(error instanceof HoistError);
    assert(error instanceof Error);
    assert.equal(error.name, name);
    assert.equal(error.constructor.name, name);
    assert.equal(String(error), `${name}: ${error.message}`);
    assert.match(error.stack ?? "", new RegExp(`^${name}: .*text`));
  });
}

Deno.test("the subclasses of HoistError do not extend each other", () => {
  const subclasses = ERRORS.slice(1);
  for (const [name, error] of subclasses) {
    const others = subclasses.filter(([other]) => other !== name);
    assert(others.every(([, other]) => !(other instanceof error.constructor)));
  }
});

Deno.test("ConnectError keeps its message and its cause", () => {
  const cause = new TypeError("refused");
  const error = new ConnectError("Cannot connect", { cause });
  assert.equal(error.message, "Cannot connect");
  assert.equal(error.cause, cause);
});

Deno.test("VersionError contains both versions", () => {
  const error = new VersionError("too old", {
    needed: "1.10.0",
    current: "1.9.0",
  });
  assert.equal(error.message, "too old");
  assert.equal(error.needed, "1.10.0");
  assert.equal(error.current, "1.9.0");
});

Deno.test("ResponseError contains the code, the name and the data of the frame", () => {
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

Deno.test("ResponseError names the request and omits the final period", () => {
  assert.equal(
    messageOf({}),
    'Cannot finish operation "add": the server answered UNKNOWN_OPERATION: Operation not found. Check the spelling, or register the operation on the server.',
  );
});

Deno.test("ResponseError prefers the description of the frame", () => {
  const data = { exc: "KeyError", message: "'a'" };
  assert.equal(
    messageOf({
      code: 6,
      error: "SERVER_ERROR",
      description: "it broke",
      data,
    }),
    'Cannot finish operation "add": the server answered SERVER_ERROR: it broke. See the log of the server.',
  );
});

Deno.test("ResponseError describes the exception that a server exposes", () => {
  const data = { exc: "KeyError", message: "'a'" };
  assert.equal(
    messageOf({
      code: 6,
      error: "SERVER_ERROR",
      message: "Internal server error.",
      data,
    }),
    `Cannot finish operation "add": the server answered SERVER_ERROR: KeyError: 'a'. See the log of the server.`,
  );
});

// No other code validates the data, and an error here would escape from a socket event.
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
  Deno.test(`ResponseError accepts any data: ${json}`, () => {
    const message = messageOf({ data: JSON.parse(json) });
    assert.match(message, /answered UNKNOWN_OPERATION: \S/);
    assert.doesNotMatch(message, /undefined|\[object/);
  });
}

Deno.test("ConnectionClosedError contains the code and the reason", () => {
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

Deno.test("ConnectionClosedError omits an empty reason from its message", () => {
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

const INVALID_CONTENT: ErrorFrame = {
  code: 2,
  error: "INVALID_CONTENT",
  message: "JSON content is invalid.",
  description: "the data does not match its schema: n: no",
  data: {
    current: "str",
    needed: "int",
    issues: [{ path: ["n"], message: "no" }],
  },
};

for (
  const [hasFailed, reason] of [
    [
      undefined,
      "no listener on the other side replied. Register a listener that calls message.reply().",
    ],
    [
      false,
      "no listener on the other side replied. Register a listener that calls message.reply().",
    ],
    [
      true,
      "a listener on the other side failed, and no other listener replied. See the log of the other side.",
    ],
  ] as const
) {
  Deno.test(`NoReplyError describes the cause if hasFailed is ${hasFailed}`, () => {
    const error = new NoReplyError('request "hello"', hasFailed);
    const { message } = error;
    assert.equal(error.hasFailed, hasFailed ?? false);
    assert.equal(message, `Cannot finish request "hello": ${reason}`);
  });
}

for (
  const [issues, text] of [
    [[], "the schema gives no reason"],
    [[{ path: [], message: "must be a number" }], "must be a number"],
    [
      [{ path: ["a", 0], message: "one" }, { path: ["b c"], message: "two" }],
      'a[0]: one; ["b c"]: two',
    ],
  ] as readonly (readonly [readonly Issue[], string])[]
) {
  Deno.test(`ValidationError describes the issues: ${text}`, () => {
    const subject = 'Cannot finish operation "add"';
    const problem = "the result does not match its schema";
    const error = new ValidationError(subject, problem, issues);
    assert.equal(
      error.message,
      `Cannot finish operation "add": the result does not match its schema: ${text}`,
    );
    assert.deepEqual(error.issues, issues);
  });
}

for (
  const [feature, peer] of [
    ["stream", "server"],
    ["request", "client"],
  ] as const
) {
  Deno.test(`FeatureError reports that the ${peer} does not support ${feature}`, () => {
    const error = new FeatureError('stream "rows"', feature, peer);
    assert.equal(
      error.message,
      `Cannot finish stream "rows": the ${peer} does not support the extension "${feature}" of this package. Update the ${peer}.`,
    );
    assert.equal(error.feature, feature);
  });
}

Deno.test("ResponseError contains the issues of the server", () => {
  const error = new ResponseError('operation "add"', INVALID_CONTENT);
  assert.equal(
    error.message,
    'Cannot finish operation "add": the server rejected the data (INVALID_CONTENT). n: no',
  );
  assert.deepEqual(error.issues, [{ path: ["n"], message: "no" }]);
  assert.equal(error.data, INVALID_CONTENT.data);
});

Deno.test("ResponseError keeps the description if no issue has a place", () => {
  const description = "the contract has no message 'a'";
  const data = { issues: [{ path: [], message: description }] };
  const error = new ResponseError("x", {
    ...INVALID_CONTENT,
    description,
    data,
  });
  assert.equal(
    error.message,
    `Cannot finish x: the server answered INVALID_CONTENT: ${description}`,
  );
});

Deno.test("ResponseError omits the class that stands for any exception", () => {
  const message = "the server could not carry out the request";
  const data = { exc: "InternalError", message };
  assert.equal(
    messageOf({ code: 6, error: "SERVER_ERROR", data }),
    `Cannot finish operation "add": the server answered SERVER_ERROR: ${message}. See the log of the server.`,
  );
});

Deno.test("ResponseError limits the number and the length of issues", () => {
  const issue = { path: ["\x1b"], message: `\n${"m".repeat(400)}` };
  const data = { issues: Array(20).fill(issue) };
  const { issues } = new ResponseError("x", { ...INVALID_CONTENT, data });
  assert.equal(issues.length, 16);
  assert.deepEqual(issues[0], issuesOf([issue])[0]);
  assert.deepEqual(issues[0]?.path, ["\x1b"]);
});

// No other code validates the data.
for (
  const json of [
    "null",
    "1",
    '"issues"',
    "[]",
    "{}",
    '{"issues": null}',
    '{"issues": {"length": 1}}',
    '{"issues": [null, 1, [], {}, {"path": 1, "message": "no"}]}',
    '{"issues": [{"path": [null], "message": "no"}]}',
    '{"issues": [{"path": [], "message": {"toString": 1}}]}',
    '{"__proto__": {"issues": [{"path": [], "message": "no"}]}}',
  ]
) {
  Deno.test(`ResponseError contains no issues if the data is ${json}`, () => {
    const frame = { ...INVALID_CONTENT, data: JSON.parse(json) };
    assert.deepEqual(new ResponseError("x", frame).issues, []);
  });
}
