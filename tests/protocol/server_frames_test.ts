/** Tests of `protocol/server_frames.ts`. */

import assert from "node:assert/strict";
import {
  decodeServerFrame,
  decodeServerFrames,
  serverFeaturesOf,
} from "../../protocol/server_frames.ts";
import { SUCCESS as SUCCESS_FRAME } from "../support/raw_client.ts";

const SUCCESS = { ...SUCCESS_FRAME, id: 1 };

const ERROR = {
  success: false,
  data: null,
  error: "UNKNOWN_OPERATION",
  code: 5,
  message: "Operation not found.",
  desc: null,
  id: 1,
};

const WIRE = { message: "hi", data: { x: 1 }, replying: null, id: 2 };

const INVALID = { kind: "invalid", id: 1, isLast: true };

const NO_OBJECTS = [undefined, null, true, 0, 1.5, "text", []];

const NO_IDS = [undefined, null, true, "1", 1.5, 2 ** 53, [], {}];

function decodeSuccess(fields: Record<string, unknown>) {
  return decodeServerFrame(JSON.stringify({ ...SUCCESS, ...fields }));
}

function decodeError(fields: Record<string, unknown>) {
  return decodeServerFrame(JSON.stringify({ ...ERROR, ...fields }));
}

for (
  const frame of [
    "",
    "{",
    "hello",
    "null",
    "1",
    '"text"',
    "[]",
    `[${JSON.stringify(SUCCESS)}]`,
    "{}",
    '{"success": true}',
    '{"success": false}',
    `{"__proto__": ${JSON.stringify(SUCCESS)}}`,
    undefined,
    null,
    SUCCESS,
    new ArrayBuffer(2),
    new TextEncoder().encode(JSON.stringify(SUCCESS)),
  ]
) {
  Deno.test(`decodeServerFrame() rejects ${Deno.inspect(frame)}`, () => {
    assert.equal(decodeServerFrame(frame), null);
  });
}

Deno.test("decodeServerFrame() decodes the answer to a login", () => {
  assert.deepEqual(decodeSuccess({ id: 0 }), {
    kind: "answer",
    id: 0,
    data: {},
  });
});

for (const result of [3, null, false, "", [1], { a: {} }]) {
  Deno.test(`decodeServerFrame() decodes the result ${JSON.stringify(result)}`, () => {
    assert.deepEqual(decodeSuccess({ data: { result } }), {
      kind: "answer",
      id: 1,
      data: { result },
    });
  });
}

for (const data of NO_OBJECTS) {
  Deno.test(`decodeServerFrame() replaces the data ${JSON.stringify(data)} of an answer by an empty object`, () => {
    assert.deepEqual(decodeSuccess({ data }), {
      kind: "answer",
      id: 1,
      data: {},
    });
  });
}

Deno.test("decodeServerFrame() decodes open", () => {
  const response = decodeSuccess({ message: "open", data: { id: 7 } });
  assert.deepEqual(response, { kind: "open", id: 1, messageId: 7 });
});

for (const data of [...NO_OBJECTS, ...NO_IDS.map((id) => ({ id }))]) {
  Deno.test(`decodeServerFrame() rejects open with the data ${JSON.stringify(data)}`, () => {
    assert.equal(decodeSuccess({ message: "open", data }), null);
  });
}

Deno.test("decodeServerFrame() decodes done", () => {
  assert.deepEqual(decodeSuccess({ message: "done" }), {
    kind: "done",
    id: 1,
    messageId: null,
  });
});

Deno.test("decodeServerFrame() decodes done with the number of the message", () => {
  for (const messageId of [7, 0, -1]) {
    const data = { id: messageId };
    assert.deepEqual(decodeSuccess({ message: "done", data }), {
      kind: "done",
      id: 1,
      messageId,
    });
  }
});

for (const data of [...NO_OBJECTS, ...NO_IDS.map((id) => ({ id }))]) {
  Deno.test(`decodeServerFrame() decodes done with the data ${JSON.stringify(data)} as done without a number`, () => {
    assert.deepEqual(decodeSuccess({ message: "done", data }), {
      kind: "done",
      id: 1,
      messageId: null,
    });
  });
}

Deno.test("decodeServerFrame() decodes a reply", () => {
  const message = {
    ...WIRE,
    replying: { message: "hello", data: {}, id: 1, replying: null },
  };
  assert.deepEqual(decodeSuccess({ message: "newmsg", data: message }), {
    kind: "message",
    id: 1,
    message,
  });
});

Deno.test("decodeServerFrame() decodes a broadcast", () => {
  assert.deepEqual(
    decodeSuccess({ message: "s_newmsg", id: null, data: WIRE }),
    {
      kind: "message",
      id: null,
      message: WIRE,
    },
  );
});

for (
  const data of [
    ...NO_OBJECTS,
    {},
    { ...WIRE, message: 1 },
    { ...WIRE, data: [] },
    { ...WIRE, id: null },
    { ...WIRE, id: 1.5 },
    { ...WIRE, replying: undefined },
    { ...WIRE, replying: {} },
    { ...WIRE, replying: { ...WIRE, replying: { ...WIRE, data: null } } },
  ]
) {
  Deno.test(`decodeServerFrame() rejects the message object ${JSON.stringify(data)}`, () => {
    const reply = decodeSuccess({ message: "newmsg", data });
    assert.deepEqual(reply, { ...INVALID, isLast: false });
    assert.equal(decodeSuccess({ message: "s_newmsg", id: null, data }), null);
  });
}

for (const id of NO_IDS) {
  Deno.test(`decodeServerFrame() rejects an answer with the id ${JSON.stringify(id)}`, () => {
    assert.equal(decodeSuccess({ id, data: { result: 1 } }), null);
    assert.equal(decodeSuccess({ id, message: "done" }), null);
    assert.equal(decodeSuccess({ id, message: "open", data: { id: 1 } }), null);
  });
}

for (const kind of ["hello", "__proto__", 1, {}]) {
  Deno.test(`decodeServerFrame() decodes a success of kind ${JSON.stringify(kind)} as an answer`, () => {
    const response = decodeSuccess({ message: kind, data: { result: 1 } });
    assert.deepEqual(response, { kind: "answer", id: 1, data: { result: 1 } });
  });
}

Deno.test("decodeServerFrame() decodes an error", () => {
  const data = { current: "str", needed: "int" };
  assert.deepEqual(decodeError({ data, desc: '"id" must be an integer' }), {
    kind: "error",
    id: 1,
    error: {
      code: 5,
      error: "UNKNOWN_OPERATION",
      message: "Operation not found.",
      description: '"id" must be an integer',
      data,
    },
  });
});

for (const id of [undefined, null]) {
  Deno.test(`decodeServerFrame() decodes an error with the id ${id}, as a Python server sends it`, () => {
    const response = decodeError({ id });
    assert(response?.kind === "error");
    assert.equal(response.id, null);
  });
}

Deno.test("decodeServerFrame() decodes an error without data and description", () => {
  const response = decodeError({ data: undefined, desc: undefined });
  assert(response?.kind === "error");
  assert.equal(response.error.data, null);
  assert.equal(response.error.description, null);
});

Deno.test("decodeServerFrame() decodes an error with an unknown code", () => {
  const response = decodeError({ code: 99, error: "NEW", message: "New." });
  assert(response?.kind === "error");
  assert.equal(response.error.code, 99);
  assert.equal(response.error.error, "NEW");
});

for (const desc of [1, true, [], {}]) {
  Deno.test(`decodeServerFrame() drops the description ${JSON.stringify(desc)}`, () => {
    const response = decodeError({ desc });
    assert(response?.kind === "error");
    assert.equal(response.error.description, null);
  });
}

for (
  const fields of [
    { code: "5" },
    { code: null },
    { code: undefined },
    { error: 5 },
    { error: null },
    { error: undefined },
    { message: null },
    { message: {} },
    { message: undefined },
  ]
) {
  Deno.test(`decodeServerFrame() rejects an error with ${Deno.inspect(fields)}`, () => {
    assert.deepEqual(decodeError(fields), INVALID);
    assert.equal(decodeError({ ...fields, id: null }), null);
  });
}

for (const success of [undefined, null, 1, "true", {}]) {
  Deno.test(`decodeServerFrame() does not treat success: ${JSON.stringify(success)} as a success`, () => {
    assert.deepEqual(decodeSuccess({ success }), INVALID);
    assert.equal(decodeSuccess({ success, id: null }), null);
    assert.equal(decodeError({ success })?.kind, "error");
  });
}

Deno.test("decodeServerFrame() returns a frozen object for an answer without data", () => {
  const response = decodeSuccess({});
  assert(response?.kind === "answer");
  assert(Object.isFrozen(response.data));
});

Deno.test("decodeServerFrame() accepts the key __proto__", () => {
  const response = decodeServerFrame(
    '{"success": true, "id": 1, "data": {"__proto__": {"polluted": true}}}',
  );
  assert(response?.kind === "answer");
  assert.deepEqual(Object.keys(response.data), ["__proto__"]);
  assert(!("polluted" in response.data) && !("polluted" in {}));
});

Deno.test("decodeServerFrame() decodes 100,000 nested replies", () => {
  const outer = '{"message": "m", "data": {}, "id": 1, "replying": ';
  const message = `${outer.repeat(100_000)}null${"}".repeat(100_000)}`;
  const frame =
    `{"success": true, "message": "newmsg", "id": 1, "data": ${message}}`;
  assert.equal(decodeServerFrame(frame)?.kind, "message");
});

/** Frames of each kind, valid and invalid, with their results. */
const ELEMENTS = [
  JSON.stringify(SUCCESS),
  JSON.stringify({ ...SUCCESS, message: "open", data: { id: 7 } }),
  JSON.stringify({ ...SUCCESS, message: "done", data: { id: 7 } }),
  JSON.stringify({ ...SUCCESS, message: "s_newmsg", id: null, data: WIRE }),
  JSON.stringify(ERROR),
  "{}",
  "null",
  "1",
  '"text"',
  "[]",
  `[${JSON.stringify(SUCCESS)}]`,
].map((json) => [json, decodeServerFrame(json)] as const);

Deno.test("decodeServerFrames() decodes each frame of a batch like decodeServerFrame(), in order", () => {
  const batch = `[${ELEMENTS.map(([json]) => json).join(", ")}]`;
  const expected = ELEMENTS.map(([, response]) => response);
  assert.deepEqual(decodeServerFrames(batch), expected);
  assert.equal(expected.filter((response) => response !== null).length, 5);
  const backwards = `[${ELEMENTS.toReversed().map(([json]) => json)}]`;
  assert.deepEqual(decodeServerFrames(backwards), expected.toReversed());
});

for (const [json, response] of ELEMENTS.slice(0, -2)) {
  Deno.test(`decodeServerFrames() decodes ${json} without a batch like decodeServerFrame()`, () => {
    assert.deepEqual(decodeServerFrames(json), [response]);
  });

  Deno.test(`decodeServerFrames() decodes a batch that only contains ${json}`, () => {
    assert.deepEqual(decodeServerFrames(`[${json}]`), [response]);
  });
}

for (const frame of ["", "[", "[{}", undefined, null, [], new ArrayBuffer(2)]) {
  Deno.test(`decodeServerFrames() rejects ${Deno.inspect(frame)}`, () => {
    assert.deepEqual(decodeServerFrames(frame), [null]);
  });
}

Deno.test("decodeServerFrame() rejects a batch", () => {
  for (const [json] of ELEMENTS) {
    assert.equal(decodeServerFrame(`[${json}]`), null);
  }
});

Deno.test("decodeServerFrames() rejects 100,000 nested batches", () => {
  const deep = `[${"[".repeat(100_000)}${"]".repeat(100_000)}]`;
  assert.deepEqual(decodeServerFrames(deep), [null]);
});

for (
  const [data, hasBatch, maxPayload] of [
    [null, false, Infinity],
    [{}, false, Infinity],
    [{ features: "batch" }, false, Infinity],
    [{ features: ["batch"], maxPayload: 9 }, true, Infinity],
    [{ features: ["max-payload"], maxPayload: 9 }, false, 9],
    [{ features: ["max-payload", "batch", 1], maxPayload: 1 }, true, 1],
    [{ features: ["max-payload"] }, false, Infinity],
    [{ features: ["max-payload"], maxPayload: null }, false, Infinity],
    [{ features: ["max-payload"], maxPayload: "9" }, false, Infinity],
    [{ features: ["max-payload"], maxPayload: 0 }, false, Infinity],
    [{ features: ["max-payload"], maxPayload: -9 }, false, Infinity],
    [{ features: ["max-payload"], maxPayload: 9.5 }, false, Infinity],
  ] as const
) {
  Deno.test(`serverFeaturesOf() reads ${JSON.stringify(data)}`, () => {
    const { features, ...terms } = serverFeaturesOf(data);
    assert.equal(features.has("batch"), hasBatch);
    assert.deepEqual(terms, { maxPayload, maxRooms: 0 });
  });
}
