/** Tests of the extensions in `protocol/server_frames.ts`. */

import assert from "node:assert/strict";
import { type Feature, FEATURES } from "../../protocol/features.ts";
import {
  decodeServerFrame,
  decodeServerFrames,
  serverFeaturesOf,
} from "../../protocol/server_frames.ts";
import { SUCCESS as SUCCESS_FRAME } from "../support/raw_client.ts";

const SUCCESS = { ...SUCCESS_FRAME, id: 5 };

const WIRE = { message: "ready", data: { x: 1 }, replying: null, id: 7 };

function decode(fields: Record<string, unknown>) {
  return decodeServerFrame(JSON.stringify({ ...SUCCESS, ...fields }));
}

/** The frame for items that are invalid. More items can follow. */
const INVALID = { kind: "invalid", id: 5, isLast: false };

for (const items of [[], [null], [{ n: 0 }, { n: 1 }], [[], "", false, 0]]) {
  Deno.test(`decodeServerFrame() decodes the items ${JSON.stringify(items)}`, () => {
    assert.deepEqual(decode({ message: "items", data: { items } }), {
      kind: "items",
      id: 5,
      items,
    });
  });
}

for (
  const data of [
    undefined,
    null,
    true,
    1,
    "items",
    [],
    [[1]],
    {},
    { items: null },
    { items: 1 },
    { items: "text" },
    { items: {} },
    { items: { length: 1, 0: 1 } },
    { Items: [] },
  ]
) {
  Deno.test(`decodeServerFrame() rejects items with the data ${JSON.stringify(data)}`, () => {
    assert.deepEqual(decode({ message: "items", data }), INVALID);
  });
}

for (const id of [undefined, null, "5", 1.5, 2 ** 53, [], {}]) {
  Deno.test(`decodeServerFrame() rejects items with the id ${JSON.stringify(id)}`, () => {
    assert.equal(decode({ message: "items", id, data: { items: [1] } }), null);
  });

  Deno.test(`decodeServerFrame() decodes a request with the id ${JSON.stringify(id)}`, () => {
    const request = { kind: "request", message: WIRE };
    assert.deepEqual(decode({ message: "request", id, data: WIRE }), request);
  });
}

Deno.test("decodeServerFrame() ignores items in __proto__", () => {
  const frame =
    '{"success": true, "id": 5, "message": "items", "data": {"__proto__": {"items": [1]}}}';
  assert.deepEqual(decodeServerFrame(frame), INVALID);
});

Deno.test("decodeServerFrame() decodes a request with an id", () => {
  const request = { kind: "request", message: WIRE };
  assert.deepEqual(decode({ message: "request", data: WIRE }), request);
});

for (
  const data of [
    undefined,
    null,
    1,
    [],
    {},
    { ...WIRE, message: 1 },
    { ...WIRE, data: null },
    { ...WIRE, id: "7" },
    { ...WIRE, replying: undefined },
    { ...WIRE, replying: { ...WIRE, data: 1 } },
  ]
) {
  Deno.test(`decodeServerFrame() rejects the request ${JSON.stringify(data)}`, () => {
    assert.equal(decode({ message: "request", id: null, data }), null);
  });
}

for (const kind of ["items", "request"]) {
  Deno.test(`decodeServerFrame() decodes an error whose message is ${kind}`, () => {
    const response = decode({
      success: false,
      code: 6,
      error: "SERVER_ERROR",
      message: kind,
      data: { items: [], ...WIRE },
    });
    assert.equal(response?.kind, "error");
  });
}

Deno.test("decodeServerFrames() decodes items and requests in a batch, in their order", () => {
  const frames = [
    { ...SUCCESS, message: "items", data: { items: [1] } },
    { ...SUCCESS, message: "request", id: null, data: WIRE },
    { ...SUCCESS, message: "items", data: {} },
    { ...SUCCESS, message: "done" },
  ];
  assert.deepEqual(decodeServerFrames(JSON.stringify(frames)), [
    { kind: "items", id: 5, items: [1] },
    { kind: "request", message: WIRE },
    INVALID,
    { kind: "done", id: 5, messageId: null },
  ]);
});

for (
  const [named, features] of [
    [undefined, []],
    [null, []],
    ["stream", []],
    [{ 0: "stream", length: 1 }, []],
    [[], []],
    [["stream"], ["stream"]],
    [["stream", "request", "stream"], ["request", "stream"]],
    [["Stream", 1, null, "__proto__", "has"], []],
    [FEATURES, FEATURES],
  ] as readonly (readonly [unknown, readonly Feature[]])[]
) {
  Deno.test(`serverFeaturesOf() reads ${JSON.stringify(named)} as ${JSON.stringify(features)}`, () => {
    const terms = serverFeaturesOf({ features: named as string[] });
    assert.deepEqual([...terms.features], features);
  });
}

Deno.test("serverFeaturesOf() returns no extensions for a server of Hoist 1", () => {
  assert.deepEqual([...serverFeaturesOf(null).features], []);
});
