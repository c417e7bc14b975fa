/** Tests of `protocol/encode.ts`. */

import assert from "node:assert/strict";
import {
  encodeError,
  encodeLogin,
  encodeLoginAnswer,
  encodeMessage,
  encodeMessageRequest,
  encodeOperationRequest,
  encodeStreamRequest,
  GOODBYE,
} from "../../protocol/encode.ts";
import { encodeSuccess } from "../../protocol/success_frames.ts";
import type { ErrorCode } from "../../common/errors.ts";
import { type Feature, FEATURES } from "../../protocol/features.ts";
import type { JsonObject } from "../../common/json.ts";
import { decodeLogin, decodeRequest } from "../../protocol/client_frames.ts";
import type { WireMessage } from "../../protocol/message.ts";
import { decodeServerFrame } from "../../protocol/server_frames.ts";
import { SUCCESS as SUCCESS_FRAME } from "../support/raw_client.ts";

const KEYS = ["success", "data", "error", "code", "message", "desc", "id"];

const SUCCESS = { ...SUCCESS_FRAME, id: 0 };

const ERRORS: readonly [code: ErrorCode, error: string, message: string][] = [
  [1, "INVALID_JSON", "Invalid JSON structure was received."],
  [2, "INVALID_CONTENT", "JSON content is invalid."],
  [3, "LOGIN_FAILED", "Login token is invalid."],
  [4, "BAD_VERSION", "Version of client is not high enough."],
  [5, "UNKNOWN_OPERATION", "Operation not found."],
  [6, "SERVER_ERROR", "Internal server error."],
  [
    7,
    "UNSUPPORTED_OPERATION",
    "Request operation is not supported by the server.",
  ],
  [8, "INVALID_ACTION", "Invalid action was sent."],
  [9, "LIMIT_EXCEEDED", "Limit of the server was exceeded."],
  [10, "FORBIDDEN", "Client is not allowed to do this."],
  [11, "BROKER_UNAVAILABLE", "Broker of the server is not available."],
];

/** Strings that would break JSON without escapes, or pollute a prototype. */
const STRINGS = [
  "",
  '"',
  "\\",
  '","id":7,"x":"',
  "\n\r\t\0\x7f",
  "\u2028\u2029",
  "żółć 😀",
  "\ud800",
  "__proto__",
  "constructor",
  "toString",
  "$&$1$$",
];

const WIRE: WireMessage = {
  message: "hi",
  data: { x: 1 },
  id: 2,
  replying: { message: "hello", data: {}, id: 1, replying: null },
};

const BAD_DATA = [
  null,
  undefined,
  [],
  "text",
  1,
  new Date(0),
] as unknown as JsonObject[];

function makeDeep(depth: number): WireMessage {
  let message: WireMessage = { message: "m", data: {}, id: 0, replying: null };
  for (let id = 1; id <= depth; id++) {
    message = { message: "m", data: {}, id, replying: message };
  }
  return message;
}

Deno.test("encodeSuccess() encodes the answer to a login", () => {
  const frame = encodeSuccess(0, null);
  assert.deepEqual(JSON.parse(frame), SUCCESS);
  assert.deepEqual(Object.keys(JSON.parse(frame)), KEYS);
});

for (
  const [what, frame, expected] of [
    ["the opening of a message", encodeSuccess(1, "open", '{"id":1}'), {
      message: "open",
      id: 1,
      data: { id: 1 },
    }],
    [
      "a reply",
      encodeSuccess(
        1,
        "newmsg",
        encodeMessage("hi", { x: 1 }, WIRE.replying, 2),
      ),
      {
        message: "newmsg",
        id: 1,
        data: WIRE,
      },
    ],
    ["the end of a message", encodeSuccess(1, "done"), {
      message: "done",
      id: 1,
    }],
    ["the result of an operation", encodeSuccess(2, null, '{"result":3}'), {
      id: 2,
      data: { result: 3 },
    }],
    [
      "a broadcast",
      encodeSuccess(null, "s_newmsg", encodeMessage("news", { n: 1 }, null, 4)),
      {
        message: "s_newmsg",
        id: null,
        data: { message: "news", data: { n: 1 }, replying: null, id: 4 },
      },
    ],
    ["an answer to a negative id", encodeSuccess(-1, "done"), {
      message: "done",
      id: -1,
    }],
    ["an answer to the highest id", encodeSuccess(2 ** 53 - 1, "done"), {
      message: "done",
      id: 2 ** 53 - 1,
    }],
  ] as const
) {
  Deno.test(`encodeSuccess() encodes ${what} with exactly the seven keys`, () => {
    assert.deepEqual(JSON.parse(frame), { ...SUCCESS, ...expected });
    assert.deepEqual(Object.keys(JSON.parse(frame)).sort(), [...KEYS].sort());
  });
}

for (const [code, error, message] of ERRORS) {
  Deno.test(`encodeError() encodes code ${code} with its name and its sentence`, () => {
    const frame = JSON.parse(encodeError(3, code));
    assert.deepEqual(frame, {
      success: false,
      data: null,
      error,
      code,
      message,
      desc: null,
      id: 3,
    });
    assert.deepEqual(Object.keys(frame).sort(), [...KEYS].sort());
  });

  Deno.test(`decodeServerFrame() decodes the error with code ${code}`, () => {
    assert.deepEqual(
      decodeServerFrame(encodeError(null, code, { a: "\ud800" }, "why")),
      {
        kind: "error",
        id: null,
        error: {
          code,
          error,
          message,
          description: "why",
          data: { a: "\ud800" },
        },
      },
    );
  });
}

for (
  const [code, data] of [
    [2, { current: "str", needed: ["dict", "None"] }],
    [2, { current: null, needed: "int" }],
    [4, { needed: "1.2.3" }],
    [6, { message: "text", exc: "KeyError" }],
  ] as const
) {
  Deno.test(`encodeError() encodes the data ${JSON.stringify(data)} of code ${code}`, () => {
    const frame = JSON.parse(encodeError(null, code, data, 'a "description"'));
    assert.deepEqual(frame.data, data);
    assert.equal(frame.desc, 'a "description"');
    assert.equal(frame.id, null);
    assert.deepEqual(Object.keys(frame).sort(), [...KEYS].sort());
  });
}

Deno.test("encodeLogin() encodes the login of the protocol", () => {
  assert.deepEqual(JSON.parse(encodeLogin("test", "1.0.2")(0)), {
    id: 0,
    token: "test",
    version: "1.0.2",
    features: FEATURES,
  });
});

for (
  const [what, features, data] of [
    ["a client of Hoist 1", null, null],
    ["a client without extensions", [], { features: [] }],
    ["a client with batches", ["batch"], { features: ["batch"] }],
    ["a client of this package", ["batch", "done-id"], {
      features: ["batch", "done-id"],
    }],
  ] as const
) {
  Deno.test(`encodeLoginAnswer() answers ${what} with exactly the seven keys`, () => {
    const set = features === null ? null : new Set<Feature>(features);
    const frame = encodeLoginAnswer(7, set);
    assert.deepEqual(JSON.parse(frame), { ...SUCCESS, id: 7, data });
    assert.deepEqual(Object.keys(JSON.parse(frame)).sort(), [...KEYS].sort());
    assert.deepEqual(decodeServerFrame(frame), {
      kind: "answer",
      id: 7,
      data: data ?? {},
    });
  });
}

Deno.test("decodeServerFrame() decodes done with the number of the message", () => {
  assert.deepEqual(decodeServerFrame(encodeSuccess(3, "done", '{"id":5}')), {
    kind: "done",
    id: 3,
    messageId: 5,
  });
});

Deno.test("encodeMessageRequest() encodes the message of the protocol", () => {
  assert.deepEqual(
    JSON.parse(encodeMessageRequest("hello", { a: 1 }, null)(1)),
    {
      id: 1,
      action: "message",
      data: { message: "hello", data: { a: 1 }, replying: null },
    },
  );
});

Deno.test("encodeMessageRequest() encodes a reply to a reply", () => {
  const frame = JSON.parse(encodeMessageRequest("hello", {}, WIRE)(1));
  assert.deepEqual(frame.data, { message: "hello", data: {}, replying: WIRE });
});

Deno.test("encodeOperationRequest() encodes the operation of the protocol", () => {
  assert.deepEqual(
    JSON.parse(encodeOperationRequest("add", { a: 1, b: 2 })(2)),
    {
      id: 2,
      action: "operation",
      data: { operation: "add", data: { a: 1, b: 2 } },
    },
  );
});

Deno.test("GOODBYE is the goodbye of the protocol", () => {
  assert.deepEqual(JSON.parse(GOODBYE), { id: null, end: true });
  assert.deepEqual(decodeRequest(GOODBYE), { kind: "end" });
});

Deno.test("encodeMessage() encodes a message object with four keys", () => {
  const text = encodeMessage("hi", { x: 1 }, WIRE.replying, 2);
  assert.deepEqual(JSON.parse(text), WIRE);
});

Deno.test("encodeMessage() omits undefined keys", () => {
  assert.deepEqual(
    JSON.parse(encodeMessage("hi", { a: undefined, b: 1 }, null, 2)).data,
    { b: 1 },
  );
});

for (const text of STRINGS) {
  const data = JSON.parse(`{${JSON.stringify(text)}: ${JSON.stringify(text)}}`);
  const replying = { message: text, data, id: 1, replying: null };
  const shown = JSON.stringify(text);

  Deno.test(`decodeRequest() decodes a message named ${shown}`, () => {
    assert.deepEqual(
      decodeRequest(encodeMessageRequest(text, data, replying)(3)),
      {
        kind: "message",
        id: 3,
        name: text,
        data,
        replying,
      },
    );
  });

  Deno.test(`decodeRequest() decodes an operation named ${shown}`, () => {
    assert.deepEqual(decodeRequest(encodeOperationRequest(text, data)(3)), {
      kind: "operation",
      id: 3,
      name: text,
      data,
    });
  });

  Deno.test(`decodeLogin() decodes the token ${shown}`, () => {
    assert.deepEqual(decodeLogin(encodeLogin(text, "1.0.0")(0)), {
      kind: "login",
      id: 0,
      token: text,
      version: "1.0.0",
      features: new Set(FEATURES),
    });
  });

  Deno.test(`decodeServerFrame() decodes a reply named ${shown}`, () => {
    const frame = encodeSuccess(
      3,
      "newmsg",
      encodeMessage(text, data, replying, 5),
    );
    assert.deepEqual(decodeServerFrame(frame), {
      kind: "message",
      id: 3,
      message: { message: text, data, id: 5, replying },
    });
  });
}

Deno.test("encodeMessage() and encodeMessageRequest() encode 100,000 nested replies", () => {
  const deep = makeDeep(100_000);
  assert.equal(
    decodeRequest(encodeMessageRequest("m", {}, deep)(1)).kind,
    "message",
  );
  const reply = decodeServerFrame(
    encodeSuccess(1, "newmsg", encodeMessage("m", {}, deep, 1)),
  );
  assert.equal(reply?.kind, "message");
});

for (const data of BAD_DATA) {
  Deno.test(`the encoders reject the data ${Deno.inspect(data)} and name the request`, () => {
    const must = "its data must be a JSON object";
    assert.throws(
      () => encodeMessage('a"b', data, null, 1),
      {
        name: "TypeError",
        message: new RegExp(`^Cannot send message "a\\\\"b": ${must}\\. Wrap`),
      },
    );
    assert.throws(
      () => encodeMessageRequest("hi", data, null)(1),
      {
        name: "TypeError",
        message: new RegExp(`^Cannot send message "hi": ${must}\\. Wrap`),
      },
    );
    assert.throws(
      () => encodeOperationRequest("add", data)(1),
      {
        name: "TypeError",
        message: new RegExp(`^Cannot send operation "add": ${must}\\. Wrap`),
      },
    );
  });
}

Deno.test("the request encoders encode the data once, for any id", () => {
  const data = { n: 1 };
  const encodeStream = encodeStreamRequest("add", data);
  const encoders = [
    encodeMessageRequest("add", data, null),
    encodeOperationRequest("add", data),
    (id: number) => encodeStream(id, { credit: 2 }),
  ];
  data.n = 2;
  for (const encode of encoders) {
    for (const id of [0, 7, 1_234_567]) {
      const frame = JSON.parse(encode(id));
      assert.equal(frame.id, id);
      assert.deepEqual(frame.data.data, { n: 1 });
    }
  }
});
