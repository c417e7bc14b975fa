/** Tests of the logins and requests in `protocol/client_frames.ts`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { decodeLogin, decodeRequest } from "../../protocol/client_frames.ts";
import type { Feature } from "../../protocol/features.ts";
import type { InvalidFrame } from "../../protocol/request_error.ts";
import { shownType } from "../support/json_types.ts";
import {
  assertInvalid,
  GOODBYE,
  LOGIN,
  MESSAGE,
  NO_IDS,
  NO_JSON,
  NO_OBJECTS,
  OPERATION,
  replaceField,
  VALUES,
} from "../support/client_frames.ts";

/** The fields of each frame, with their paths and their types. */
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

Deno.test("decodeLogin() decodes the login of the protocol", () => {
  assert.deepEqual(decodeLogin(LOGIN), {
    kind: "login",
    id: 0,
    token: "test",
    version: "1.0.2",
    features: undefined,
  });
});

Deno.test("decodeLogin() ignores unknown keys", () => {
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

Deno.test("decodeLogin() checks the version before the token", () => {
  assertInvalid(decodeLogin('{"id": 3, "token": 1, "version": 1}'), {
    id: 3,
    code: ErrorCode.INVALID_CONTENT,
    data: { current: "int", needed: "str" },
  });
  const frame = decodeLogin('{"id": 3}') as InvalidFrame;
  assert.equal(frame.description, '"version" must be a string, not null');
});

Deno.test("decodeRequest() decodes the message of the protocol", () => {
  assert.deepEqual(decodeRequest(MESSAGE), {
    kind: "message",
    id: 1,
    name: "hello",
    data: { a: 1 },
    replying: null,
  });
});

Deno.test("decodeRequest() decodes the operation of the protocol", () => {
  assert.deepEqual(decodeRequest(OPERATION), {
    kind: "operation",
    id: 2,
    name: "add",
    data: { a: 1, b: 2 },
  });
});

Deno.test("decodeRequest() ignores unknown keys", () => {
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
  Deno.test(`${decode.name}() decodes the goodbye of the protocol with any id`, () => {
    assert.deepEqual(decode(GOODBYE), { kind: "end" });
    assert.deepEqual(decode('{"end": true}'), { kind: "end" });
    assert.deepEqual(decode('{"id": "1", "end": true}'), { kind: "end" });
  });

  for (const [json] of VALUES.filter(([json]) => json !== "true")) {
    Deno.test(`${decode.name}() rejects a goodbye with end: ${json}`, () => {
      assertInvalid(decode(`{"id": null, "end": ${json}}`), {
        id: null,
        code: ErrorCode.INVALID_CONTENT,
        data: { current: null, needed: "int" },
      });
    });
  }

  for (const frame of NO_JSON) {
    Deno.test(`${decode.name}() rejects ${Deno.inspect(frame)} with code 1 and closes`, () => {
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
    Deno.test(`${decode.name}() rejects the frame ${json} with code 2 and closes`, () => {
      assert.deepEqual(decode(json), {
        kind: "invalid",
        id: null,
        code: ErrorCode.INVALID_CONTENT,
        data: { current, needed: "dict" },
        description: `the frame must be an object, not ${shownType(current)}`,
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
    Deno.test(`${decode.name}() rejects the id ${json} in ${frame}`, () => {
      assertInvalid(decode(replaceField(frame, "id", json)), {
        id: null,
        code: ErrorCode.INVALID_CONTENT,
        data: { current, needed: "int" },
      });
    });
  }

  for (const id of [0, 1, -1, 1e3, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    Deno.test(`${decode.name}() accepts the id ${id} in ${frame}`, () => {
      const request = decode(replaceField(frame, "id", String(id)));
      assert(
        "id" in request && request.id === id && request.kind !== "invalid",
      );
    });
  }
}

for (const [decode, frame, path, needed] of FIELDS) {
  const wrong = VALUES.filter(([, type]) => type !== needed);
  for (const [json, current] of [...wrong, [undefined, null] as const]) {
    Deno.test(`${decode.name}() rejects "${path}" ${json} in ${frame}`, () => {
      const { id } = JSON.parse(frame);
      assert.deepEqual(decode(replaceField(frame, path, json)), {
        kind: "invalid",
        id,
        code: ErrorCode.INVALID_CONTENT,
        data: { current, needed },
        description: `"${path}" must be ${shownType(needed)}, not ${
          shownType(current)
        }`,
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
  Deno.test(`decodeRequest() rejects the action "${action}" with code 8`, () => {
    assert.deepEqual(
      decodeRequest(replaceField(MESSAGE, "action", `"${action}"`)),
      {
        kind: "invalid",
        id: 1,
        code: ErrorCode.INVALID_ACTION,
        data: null,
        description: '"action" must be "message" or "operation"',
        fatal: false,
      },
    );
  });
}

for (
  const [names, description] of [
    [["batch"], '"message" or "operation"'],
    [["request"], '"message", "operation" or "done"'],
    [["stream"], '"message", "operation", "stream", "credit" or "cancel"'],
    [
      ["request", "stream"],
      '"message", "operation", "stream", "credit", "cancel" or "done"',
    ],
  ] as const
) {
  Deno.test(`decodeRequest() names the actions of the features ${names.join()}`, () => {
    const features = new Set<Feature>(names);
    const frame = replaceField(MESSAGE, "action", '"fly"');
    const request = decodeRequest(frame, features) as InvalidFrame;
    assert.equal(request.description, `"action" must be ${description}`);
  });
}

Deno.test("decodeRequest() does not write that an integer must be an integer", () => {
  const request = decodeRequest(
    replaceField(MESSAGE, "id", "9007199254740992"),
  ) as InvalidFrame;
  assert.match(request.description!, /"id"/);
  assert.doesNotMatch(request.description!, /be int, not int/);
});

Deno.test("decodeRequest() decodes data with 100,000 nested arrays", () => {
  const data = `{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  assert.equal(
    decodeRequest(replaceField(MESSAGE, "data.data", data)).kind,
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
  Deno.test(`decodeRequest() accepts ${name} as a name and as a key`, () => {
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

Deno.test("decodeRequest() and decodeLogin() ignore fields in __proto__", () => {
  assertInvalid(decodeRequest(`{"__proto__": ${MESSAGE}}`), {
    id: null,
    code: ErrorCode.INVALID_CONTENT,
    data: { current: null, needed: "int" },
  });
  assert.equal(decodeRequest(`{"__proto__": ${GOODBYE}}`).kind, "invalid");
  assert.equal(decodeLogin(`{"__proto__": ${LOGIN}}`).kind, "invalid");
});

Deno.test("decodeRequest() uses the last of two equal keys, as Python does", () => {
  const request = decodeRequest(`{"id": 7, ${MESSAGE.slice(1)}`);
  assert(request.kind === "message" && request.id === 1);
});
