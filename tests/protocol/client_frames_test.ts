import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { decodeLogin, decodeRequest } from "../../protocol/client_frames.ts";
import { type InvalidFrame } from "../../protocol/invalid_frame.ts";
import { isId, isJsonObject } from "../../common/json.ts";
import { isWireMessage, parseFrame } from "../../protocol/message.ts";

const LOGIN = '{"id": 0, "token": "test", "version": "1.0.2"}';
const MESSAGE =
  '{"id": 1, "action": "message", "data": {"message": "hello", "data": {"a": 1}, "replying": null}}';
const OPERATION =
  '{"id": 2, "action": "operation", "data": {"operation": "add", "data": {"a": 1, "b": 2}}}';
const GOODBYE = '{"id": null, "end": true}';

/** Values of every type, with the name that Python has for it. */
const VALUES: readonly [json: string, type: string | null][] = [
  ["null", null],
  ["true", "bool"],
  ["false", "bool"],
  ["0", "int"],
  ["-7", "int"],
  ["1.5", "float"],
  ["1e400", "float"],
  ['""', "str"],
  ['"1"', "str"],
  ["[]", "list"],
  ["[{}]", "list"],
  ["{}", "dict"],
];

/** What a frame can be, that is no text with an object in it. */
const NO_OBJECTS = VALUES.filter(([, type]) => type !== "dict");

const NO_JSON: readonly unknown[] = [
  "",
  " ",
  "{",
  "hello",
  "{'id': 1}",
  '{"id": NaN}',
  `${GOODBYE}${GOODBYE}`,
  "\ufeff{}",
  undefined,
  null,
  {},
  new ArrayBuffer(2),
  new TextEncoder().encode(GOODBYE),
  new Blob([GOODBYE]),
];

/** Ids that a request cannot have, with the name of their type. */
const NO_IDS = [
  ...VALUES.filter(([, type]) => type !== "int"),
  ["9007199254740992", "int"],
  ["-9007199254740992", "int"],
  ["0.1", "float"],
  ["-1e400", "float"],
] as const;

/** The fields of each frame, where they stand, and the type that each needs. */
const FIELDS: readonly [
  decode: (frame: unknown) => { readonly kind: string },
  frame: string,
  path: string,
  needed: string,
][] = [
  [decodeLogin, LOGIN, "version", "str"],
  [decodeLogin, LOGIN, "token", "str"],
  [decodeRequest, MESSAGE, "action", "str"],
  [decodeRequest, MESSAGE, "data", "dict"],
  [decodeRequest, MESSAGE, "data.message", "str"],
  [decodeRequest, MESSAGE, "data.data", "dict"],
  [decodeRequest, OPERATION, "action", "str"],
  [decodeRequest, OPERATION, "data", "dict"],
  [decodeRequest, OPERATION, "data.operation", "str"],
  [decodeRequest, OPERATION, "data.data", "dict"],
];

/** A frame with another value at a path; `undefined` leaves the field out. */
function replace(
  frame: string,
  path: string,
  json: string | undefined,
): string {
  const object = JSON.parse(frame);
  const keys = path.split(".");
  const last = keys.pop()!;
  const parent = keys.reduce((parent, key) => parent[key], object);
  if (json === undefined) delete parent[last];
  else parent[last] = "<here>";
  // As text, since JSON.stringify() writes 1e400 as null.
  return JSON.stringify(object).replace('"<here>"', () => json!);
}

function assertInvalid(
  frame: { readonly kind: string },
  expected: Partial<InvalidFrame>,
): void {
  assert.equal(frame.kind, "invalid");
  const { description: _, ...rest } = frame as InvalidFrame;
  assert.deepEqual(rest, {
    kind: "invalid",
    data: null,
    fatal: false,
    ...expected,
  });
}

/** A message object that replies to another, and so on. */
function nest(depth: number, innermost: string): string {
  const outer = '{"message": "m", "data": {}, "id": 1, "replying": ';
  return outer.repeat(depth) + innermost + "}".repeat(depth);
}

function messageReplyingTo(json: string): string {
  return replace(MESSAGE, "data.replying", json);
}

Deno.test("decodeLogin() reads the login of the protocol", () => {
  assert.deepEqual(decodeLogin(LOGIN), {
    kind: "login",
    id: 0,
    token: "test",
    version: "1.0.2",
    features: undefined,
  });
});

Deno.test("decodeLogin() ignores keys that it does not know", () => {
  const frame =
    '{"id": 0, "token": "", "version": "", "more": ["a"], "data": 1}';
  assert.deepEqual(decodeLogin(frame), {
    kind: "login",
    id: 0,
    token: "",
    version: "",
    features: undefined,
  });
});

Deno.test("decodeLogin() looks at the version before the token", () => {
  assertInvalid(decodeLogin('{"id": 3, "token": 1, "version": 1}'), {
    id: 3,
    code: ErrorCode.INVALID_CONTENT,
    data: { current: "int", needed: "str" },
  });
  const frame = decodeLogin('{"id": 3}') as InvalidFrame;
  assert.equal(frame.description, '"version" must be str, not None');
});

Deno.test("decodeRequest() reads the message of the protocol", () => {
  assert.deepEqual(decodeRequest(MESSAGE), {
    kind: "message",
    id: 1,
    name: "hello",
    data: { a: 1 },
    replying: null,
  });
});

Deno.test("decodeRequest() reads a reply to a reply", () => {
  const replying = {
    message: "hi",
    data: { x: [1] },
    id: 2,
    replying: { message: "hello", data: {}, id: 1, replying: null },
  };
  const request = decodeRequest(messageReplyingTo(JSON.stringify(replying)));
  assert(request.kind === "message");
  assert.deepEqual(request.replying, replying);
});

Deno.test("decodeRequest() reads a message that leaves replying out", () => {
  const request = decodeRequest(replace(MESSAGE, "data.replying", undefined));
  assert(request.kind === "message");
  assert.equal(request.replying, null);
});

Deno.test("decodeRequest() reads the operation of the protocol", () => {
  assert.deepEqual(decodeRequest(OPERATION), {
    kind: "operation",
    id: 2,
    name: "add",
    data: { a: 1, b: 2 },
  });
});

Deno.test("decodeRequest() ignores keys that it does not know", () => {
  const frame =
    '{"id": 1, "more": 1, "action": "operation", "token": "test", ' +
    '"data": {"operation": "", "data": {}, "message": 1, "replying": 1}}';
  assert.deepEqual(decodeRequest(frame), {
    kind: "operation",
    id: 1,
    name: "",
    data: {},
  });
});

for (const decode of [decodeLogin, decodeRequest]) {
  Deno.test(`${decode.name}() reads the goodbye of the protocol, with any id`, () => {
    assert.deepEqual(decode(GOODBYE), { kind: "end" });
    assert.deepEqual(decode('{"end": true}'), { kind: "end" });
    assert.deepEqual(decode('{"id": "1", "end": true}'), { kind: "end" });
  });

  for (const [json] of VALUES.filter(([json]) => json !== "true")) {
    Deno.test(`${decode.name}() takes no end: ${json} for a goodbye`, () => {
      assertInvalid(decode(`{"id": null, "end": ${json}}`), {
        id: null,
        code: ErrorCode.INVALID_CONTENT,
        data: { current: null, needed: "int" },
      });
    });
  }

  for (const frame of NO_JSON) {
    Deno.test(`${decode.name}() answers code 1 to ${Deno.inspect(frame)}, for good`, () => {
      assert.deepEqual(decode(frame), {
        kind: "invalid",
        id: null,
        code: ErrorCode.INVALID_JSON,
        data: null,
        description: null,
        fatal: true,
      });
    });
  }

  for (const [json, current] of NO_OBJECTS) {
    Deno.test(`${decode.name}() answers code 2 to the frame ${json}, for good`, () => {
      assert.deepEqual(decode(json), {
        kind: "invalid",
        id: null,
        code: ErrorCode.INVALID_CONTENT,
        data: { current, needed: "dict" },
        description: `the frame must be dict, not ${current ?? "None"}`,
        fatal: true,
      });
    });
  }
}

for (
  const [decode, frame] of [
    [decodeLogin, LOGIN],
    [decodeRequest, MESSAGE],
    [decodeRequest, OPERATION],
  ] as const
) {
  for (const [json, current] of [...NO_IDS, [undefined, null] as const]) {
    Deno.test(`${decode.name}() refuses the id ${json} in ${frame}`, () => {
      assertInvalid(decode(replace(frame, "id", json)), {
        id: null,
        code: ErrorCode.INVALID_CONTENT,
        data: { current, needed: "int" },
      });
    });
  }

  for (const id of [0, 1, -1, 1e3, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    Deno.test(`${decode.name}() takes the id ${id} in ${frame}`, () => {
      const request = decode(replace(frame, "id", String(id)));
      assert(
        "id" in request && request.id === id && request.kind !== "invalid",
      );
    });
  }
}

for (const [decode, frame, path, needed] of FIELDS) {
  const wrong = VALUES.filter(([, type]) => type !== needed);
  for (const [json, current] of [...wrong, [undefined, null] as const]) {
    Deno.test(`${decode.name}() refuses "${path}" ${json} in ${frame}`, () => {
      const { id } = JSON.parse(frame);
      assert.deepEqual(decode(replace(frame, path, json)), {
        kind: "invalid",
        id,
        code: ErrorCode.INVALID_CONTENT,
        data: { current, needed },
        description: `"${path}" must be ${needed}, not ${current ?? "None"}`,
        fatal: false,
      });
    });
  }
}

for (
  const action of [
    "",
    "Message",
    "messages",
    "login",
    "__proto__",
    "constructor",
    "toString",
  ]
) {
  Deno.test(`decodeRequest() answers code 8 to the action "${action}"`, () => {
    assert.deepEqual(decodeRequest(replace(MESSAGE, "action", `"${action}"`)), {
      kind: "invalid",
      id: 1,
      code: ErrorCode.INVALID_ACTION,
      data: null,
      description: '"action" must be "message" or "operation"',
      fatal: false,
    });
  });
}

for (const [json, current] of NO_OBJECTS.filter(([json]) => json !== "null")) {
  Deno.test(`decodeRequest() refuses a message replying to ${json}`, () => {
    assertInvalid(decodeRequest(messageReplyingTo(json)), {
      id: 1,
      code: ErrorCode.INVALID_CONTENT,
      data: { current, needed: ["dict", "None"] },
    });
    const { description } = decodeRequest(
      messageReplyingTo(json),
    ) as InvalidFrame;
    assert.equal(
      description,
      `"data.replying" must be dict or None, not ${current}`,
    );
  });
}

for (
  const [what, broken] of [
    ["nothing at all", "{}"],
    ["no name", '{"data": {}, "id": 1, "replying": null}'],
    [
      "a name that is none",
      '{"message": 1, "data": {}, "id": 1, "replying": null}',
    ],
    ["no data", '{"message": "m", "id": 1, "replying": null}'],
    [
      "an array for data",
      '{"message": "m", "data": [], "id": 1, "replying": null}',
    ],
    [
      "null for data",
      '{"message": "m", "data": null, "id": 1, "replying": null}',
    ],
    ["no id", '{"message": "m", "data": {}, "replying": null}'],
    [
      "null for an id",
      '{"message": "m", "data": {}, "id": null, "replying": null}',
    ],
    [
      "a fraction for an id",
      '{"message": "m", "data": {}, "id": 1.5, "replying": null}',
    ],
    ["no replying", '{"message": "m", "data": {}, "id": 1}'],
    [
      "false for replying",
      '{"message": "m", "data": {}, "id": 1, "replying": false}',
    ],
    [
      "an array for replying",
      '{"message": "m", "data": {}, "id": 1, "replying": []}',
    ],
    [
      "all of it in __proto__",
      '{"__proto__": {"message": "m", "data": {}, "id": 1, "replying": null}}',
    ],
  ] as const
) {
  Deno.test(`decodeRequest() refuses a message replying to one with ${what}`, () => {
    for (const depth of [0, 1, 2]) {
      assertInvalid(decodeRequest(messageReplyingTo(nest(depth, broken))), {
        id: 1,
        code: ErrorCode.INVALID_CONTENT,
        data: { current: "dict", needed: ["dict", "None"] },
      });
      assert.equal(isWireMessage(JSON.parse(nest(depth, broken))), false);
    }
  });
}

Deno.test("decodeRequest() does not say that a dict must be a dict", () => {
  const request = decodeRequest(messageReplyingTo("{}")) as InvalidFrame;
  assert.match(request.description!, /"data\.replying"/);
  assert.doesNotMatch(request.description!, /dict or None, not dict/);
});

Deno.test("decodeRequest() does not say that an int must be an int", () => {
  const request = decodeRequest(
    replace(MESSAGE, "id", "9007199254740992"),
  ) as InvalidFrame;
  assert.match(request.description!, /"id"/);
  assert.doesNotMatch(request.description!, /be int, not int/);
});

Deno.test("decodeRequest() reads replies that nest 100,000 deep", () => {
  const request = decodeRequest(messageReplyingTo(nest(100_000, "null")));
  assert(request.kind === "message");
  let depth = 0;
  for (
    let message = request.replying;
    message !== null;
    message = message.replying
  ) depth++;
  assert.equal(depth, 100_000);
});

Deno.test("decodeRequest() finds what is broken 100,000 replies deep", () => {
  const request = decodeRequest(messageReplyingTo(nest(100_000, "1")));
  assert.equal(request.kind, "invalid");
});

Deno.test("decodeRequest() survives data that nests 100,000 deep", () => {
  const data = `{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  assert.equal(
    decodeRequest(replace(MESSAGE, "data.data", data)).kind,
    "message",
  );
});

for (
  const name of [
    "__proto__",
    "constructor",
    "toString",
    "prototype",
    "hasOwnProperty",
  ]
) {
  Deno.test(`decodeRequest() takes ${name} for a name and a key like any other`, () => {
    const data = `{"${name}": {"polluted": true}}`;
    for (const action of ["message", "operation"]) {
      const request = decodeRequest(
        `{"id": 1, "action": "${action}", "data": {"${action}": "${name}", "data": ${data}}}`,
      );
      assert(request.kind === action && "data" in request && "name" in request);
      assert.equal(request.name, name);
      assert.deepEqual(Object.keys(request.data!), [name]);
      assert.equal(Object.getPrototypeOf(request.data), Object.prototype);
      assert.equal(
        JSON.stringify(request.data),
        JSON.stringify(JSON.parse(data)),
      );
    }
    assert(
      !("polluted" in {}) && !("polluted" in Object) &&
        !("polluted" in (() => {})),
    );
  });
}

Deno.test("decodeRequest() and decodeLogin() do not read fields out of __proto__", () => {
  assertInvalid(decodeRequest(`{"__proto__": ${MESSAGE}}`), {
    id: null,
    code: ErrorCode.INVALID_CONTENT,
    data: { current: null, needed: "int" },
  });
  assert.equal(decodeRequest(`{"__proto__": ${GOODBYE}}`).kind, "invalid");
  assert.equal(decodeLogin(`{"__proto__": ${LOGIN}}`).kind, "invalid");
});

Deno.test("decodeRequest() takes the last of two equal keys, as Python does", () => {
  const request = decodeRequest(`{"id": 7, ${MESSAGE.slice(1)}`);
  assert(request.kind === "message" && request.id === 1);
});

for (const [json] of VALUES) {
  Deno.test(`parseFrame() reads ${json}`, () => {
    assert.deepEqual(parseFrame(json), JSON.parse(json));
  });
}

for (const frame of NO_JSON) {
  Deno.test(`parseFrame() returns undefined for ${Deno.inspect(frame)}`, () => {
    assert.equal(parseFrame(frame), undefined);
  });
}

Deno.test("isWireMessage() accepts a message object, with more keys than it needs", () => {
  assert.equal(
    isWireMessage({ message: "", data: {}, id: 1, replying: null }),
    true,
  );
  assert.equal(isWireMessage(JSON.parse(nest(3, "null"))), true);
  assert.equal(
    isWireMessage({ message: "m", data: {}, id: 1, replying: null, more: 1 }),
    true,
  );
});

Deno.test("isWireMessage() refuses whatever is no object", () => {
  for (const value of [undefined, null, 1, "m", true, [], () => {}]) {
    assert.equal(isWireMessage(value), false);
  }
});

Deno.test("isId() accepts whole numbers of up to 53 bits", () => {
  for (const id of [0, -0, 1, -1, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    assert.equal(isId(id), true);
  }
});

Deno.test("isId() refuses everything else", () => {
  const values = [
    1.5,
    NaN,
    Infinity,
    2 ** 53,
    -(2 ** 53),
    "1",
    true,
    null,
    undefined,
    [1],
    {},
    1n,
  ];
  for (const value of values) {
    assert.equal(isId(value), false, Deno.inspect(value));
  }
});

Deno.test("isJsonObject() is exported beside the frames", () => {
  assert.equal(isJsonObject({}), true);
  assert.equal(isJsonObject([]), false);
});
