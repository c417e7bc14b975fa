import assert from "node:assert/strict";
import {
  type ErrorFrame,
  FeatureError,
  HoistError,
  NoReplyError,
  ResponseError,
  TimeoutError,
  ValidationError,
} from "../../common/errors.ts";
import { type Issue } from "../../common/issues.ts";
import { issuesOf } from "../../common/issues.ts";
import { timedOut } from "../../common/errors.ts";

const REFUSED: ErrorFrame = {
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

const ERRORS: readonly [name: string, error: HoistError][] = [
  ["NoReplyError", new NoReplyError('request "text"')],
  ["ValidationError", new ValidationError("Cannot read text", "no", [])],
  ["FeatureError", new FeatureError('request "text"', "request", "client")],
];

for (const [name, error] of ERRORS) {
  Deno.test(`${name} is a HoistError that bears its own name, and no other error`, () => {
    assert(error instanceof HoistError);
    assert.equal(error.name, name);
    assert.equal(error.constructor.name, name);
    assert.equal(String(error), `${name}: ${error.message}`);
    assert.match(error.stack ?? "", new RegExp(`^${name}: .*text`));
    const others = [ResponseError, TimeoutError].filter((other) =>
      error instanceof other
    );
    assert.deepEqual(others, []);
    const same = ERRORS.filter(([, other]) =>
      other instanceof error.constructor
    );
    assert.deepEqual(same.map(([other]) => other), [name]);
  });
}

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
  Deno.test(`NoReplyError says why, failed: ${hasFailed}`, () => {
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
  Deno.test(`ValidationError says: ${text}`, () => {
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
  Deno.test(`FeatureError says that the ${peer} does not speak ${feature}`, () => {
    const error = new FeatureError('stream "rows"', feature, peer);
    assert.equal(
      error.message,
      `Cannot finish stream "rows": the ${peer} does not support the extension "${feature}" of this package. Update the ${peer}.`,
    );
    assert.equal(error.feature, feature);
  });
}

Deno.test("ResponseError has the issues that a schema of the server found", () => {
  const error = new ResponseError('operation "add"', REFUSED);
  assert.equal(
    error.message,
    'Cannot finish operation "add": the server answered INVALID_CONTENT: the data does not match its schema: n: no',
  );
  assert.deepEqual(error.issues, [{ path: ["n"], message: "no" }]);
  assert.equal(error.data, REFUSED.data);
});

Deno.test("ResponseError has no more issues than are told, and as they are", () => {
  const issue = { path: ["\x1b"], message: `\n${"m".repeat(400)}` };
  const data = { issues: Array(20).fill(issue) };
  const { issues } = new ResponseError("x", { ...REFUSED, data });
  assert.equal(issues.length, 16);
  assert.deepEqual(issues[0], issuesOf([issue])[0]);
  assert.deepEqual(issues[0]?.path, ["\x1b"]);
});

// What a server sends is checked by nobody else.
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
  Deno.test(`ResponseError has no issues with the data ${json}`, () => {
    const frame = { ...REFUSED, data: JSON.parse(json) };
    assert.deepEqual(new ResponseError("x", frame).issues, []);
  });
}

for (
  const [timeout, text] of [[0, "0"], [1.5, "1.5"], [5_000, "5000"]] as const
) {
  Deno.test(`timedOut() says that there was no answer within ${text} ms`, () => {
    const error = timedOut('operation "add"', timeout);
    assert(error instanceof TimeoutError);
    assert.equal(
      error.message,
      `Cannot finish operation "add": no answer within ${text} ms. Raise 'timeout' to wait longer.`,
    );
  });
}
