/** Tests of the extensions in `protocol/client_frames.ts`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import {
  type Feature,
  FEATURES,
  NO_FEATURES,
} from "../../protocol/features.ts";
import { decodeRequest, readExtension } from "../../protocol/client_frames.ts";
import { decodeBatch } from "../support/client_frames.ts";
import { shownType } from "../support/json_types.ts";

const STREAM = { operation: "rows", data: { to: 3 }, credit: 256 };

/** A valid frame of each action. */
const FRAMES = {
  stream: {
    data: STREAM,
    frame: {
      kind: "stream",
      id: 5,
      name: "rows",
      data: { to: 3 },
      credit: 256,
    },
  },
  credit: {
    data: { credit: 128 },
    frame: { kind: "credit", id: 5, credit: 128 },
  },
  cancel: { data: {}, frame: { kind: "cancel", id: 5 } },
  done: {
    data: { failed: false },
    frame: { kind: "done", id: 5, failed: false },
  },
} as const;

type Action = keyof typeof FRAMES;

const ACTIONS = Object.keys(FRAMES) as Action[];

/** The extensions that an action belongs to. */
function featuresOf(action: Action): readonly Feature[] {
  if (action === "cancel") return ["cancel", "stream"];
  return action === "done" ? ["request"] : ["stream"];
}

function withFeatures(...features: readonly Feature[]): ReadonlySet<Feature> {
  return new Set(features);
}

/** Decodes a frame of a client that named all extensions. */
function decode(action: unknown, data: unknown, id: unknown = 5) {
  const frame = JSON.stringify({ id, action, data });
  return decodeRequest(frame, new Set(FEATURES));
}

/** The result for a field of a wrong type. */
function mismatch(
  field: string,
  current: string | null,
  needed: string,
  description: string,
) {
  return {
    kind: "invalid",
    id: 5,
    code: ErrorCode.INVALID_CONTENT,
    data: { current, needed },
    description: `"${field}" ${description}`,
    fatal: false,
  };
}

for (const action of ACTIONS) {
  const { data, frame } = FRAMES[action];

  Deno.test(`a frame with the action ${action} is decoded`, () => {
    assert.deepEqual(
      readExtension(5, action, data, new Set(FEATURES)),
      frame,
    );
    assert.deepEqual(decode(action, data), frame);
    for (const feature of featuresOf(action)) {
      const features = withFeatures(feature);
      assert.deepEqual(readExtension(5, action, data, features), frame);
    }
  });

  Deno.test(`a frame with the action ${action} can have additional keys`, () => {
    const more = { ...data, more: 1, id: 7, kind: "operation" };
    assert.deepEqual(decode(action, more), frame);
  });

  Deno.test(`the action ${action} is unknown without its extension`, () => {
    const others = FEATURES.filter((name) =>
      !featuresOf(action).includes(name)
    );
    for (const features of [NO_FEATURES, withFeatures(...others)]) {
      assert.equal(readExtension(5, action, data, features), undefined);
      const text = JSON.stringify({ id: 5, action, data });
      const decoded = decodeRequest(text, features);
      assert(decoded.kind === "invalid");
      const { id, code, fatal } = decoded;
      assert.deepEqual([id, code, fatal], [5, ErrorCode.INVALID_ACTION, false]);
      assert(!decoded.description?.includes(action));
      assert.deepEqual(decodeBatch(`[${text}]`, features), [decoded]);
    }
  });

  for (const [id, current] of [[null, null], ["5", "str"], [1.5, "float"]]) {
    Deno.test(`the action ${action} is rejected with the id ${JSON.stringify(id)}`, () => {
      const decoded = decode(action, data, id);
      assert(decoded.kind === "invalid");
      assert.deepEqual(decoded.data, { current, needed: "int" });
      assert.equal(decoded.id, null);
    });
  }

  for (const rubbish of [null, [], 1, "text"]) {
    Deno.test(`the action ${action} is rejected with the data ${JSON.stringify(rubbish)}`, () => {
      const decoded = decode(action, rubbish);
      assert(decoded.kind === "invalid");
      assert.match(
        decoded.description ?? "",
        /^"data" must be an object, not /,
      );
      assert.deepEqual([decoded.id, decoded.fatal], [5, false]);
    });
  }
}

Deno.test("all other actions are no extensions", () => {
  const names = [
    ...["message", "operation", "items", "request", "batch", "", "Stream"],
    ...["__proto__", "constructor", "toString", "done ", "kind"],
  ];
  for (const name of names) {
    const read = readExtension(5, name, STREAM, new Set(FEATURES));
    assert.equal(read, undefined);
  }
});

Deno.test("frames of extensions are decoded in a batch", () => {
  const frames = ACTIONS.map((action) => ({
    id: 5,
    action,
    data: FRAMES[action].data,
  }));
  const decoded = decodeBatch(JSON.stringify(frames), new Set(FEATURES));
  assert.deepEqual(decoded, ACTIONS.map((action) => FRAMES[action].frame));
});

Deno.test("a stream can have any id, credit and name", () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const id of [0, -1, most]) {
    const decoded = decode("stream", { ...STREAM, credit: most }, id);
    assert(decoded.kind === "stream");
    assert.deepEqual([decoded.id, decoded.credit], [id, most]);
  }
  for (const name of ["", "__proto__", "constructor", "toString", "\n"]) {
    const decoded = decode("stream", { ...STREAM, operation: name });
    assert(decoded.kind === "stream");
    assert.equal(decoded.name, name);
  }
});

Deno.test("a stream with its fields in __proto__ is rejected", () => {
  const decoded = decodeRequest(
    '{"id": 5, "action": "stream", "data": {"__proto__": {"operation": "rows", "data": {}, "credit": 1}}}',
    new Set(FEATURES),
  );
  const text = "must be a string, not null";
  assert.deepEqual(decoded, mismatch("data.operation", null, "str", text));
});

for (
  const [operation, current] of [
    [undefined, null],
    [null, null],
    [1, "int"],
    [true, "bool"],
    [["rows"], "list"],
    [{}, "dict"],
  ] as const
) {
  Deno.test(`a stream of the operation ${JSON.stringify(operation)} is rejected`, () => {
    assert.deepEqual(
      decode("stream", { ...STREAM, operation, data: 1, credit: 0 }),
      mismatch(
        "data.operation",
        current,
        "str",
        `must be a string, not ${shownType(current)}`,
      ),
    );
  });
}

for (
  const [data, current] of [
    [undefined, null],
    [null, null],
    [1.5, "float"],
    ["{}", "str"],
    [[], "list"],
  ] as const
) {
  Deno.test(`a stream with the arguments ${JSON.stringify(data)} is rejected`, () => {
    assert.deepEqual(
      decode("stream", { ...STREAM, data, credit: 0 }),
      mismatch(
        "data.data",
        current,
        "dict",
        `must be an object, not ${shownType(current)}`,
      ),
    );
  });
}

const NO_CREDITS = [
  [undefined, null, "must be an integer, not null"],
  [null, null, "must be an integer, not null"],
  ["256", "str", "must be an integer, not a string"],
  [true, "bool", "must be an integer, not a boolean"],
  [1.5, "float", "must be an integer, not a fractional number"],
  [[1], "list", "must be an integer, not an array"],
  [{}, "dict", "must be an integer, not an object"],
  [0, "int", "must be a valid integer"],
  [-0, "int", "must be a valid integer"],
  [-1, "int", "must be a valid integer"],
  [2 ** 53, "int", "must be a valid integer"],
  [1e300, "int", "must be a valid integer"],
] as const;

for (const [credit, current, text] of NO_CREDITS) {
  Deno.test(`the credit ${JSON.stringify(credit)} is rejected`, () => {
    const invalid = mismatch("data.credit", current, "int", text);
    assert.deepEqual(decode("stream", { ...STREAM, credit }), invalid);
    assert.deepEqual(decode("credit", { credit }), invalid);
  });
}

Deno.test("done contains whether a listener failed", () => {
  for (const failed of [true, false]) {
    const decoded = decode("done", { failed });
    assert.deepEqual(decoded, { kind: "done", id: 5, failed });
  }
});

for (
  const [failed, current] of [
    [undefined, null],
    [null, null],
    [0, "int"],
    ["false", "str"],
    [[], "list"],
    [{}, "dict"],
  ] as const
) {
  Deno.test(`done with failed: ${JSON.stringify(failed)} is rejected`, () => {
    assert.deepEqual(
      decode("done", { failed }),
      mismatch(
        "data.failed",
        current,
        "bool",
        `must be a boolean, not ${shownType(current)}`,
      ),
    );
  });
}
