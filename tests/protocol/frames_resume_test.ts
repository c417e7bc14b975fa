/** The fields of the extension `resume`: docs/reference/protocol.md, `resume`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { decodeRequest } from "../../protocol/client_frames.ts";
import { FEATURES } from "../../protocol/features.ts";
import { decodeServerFrame } from "../../protocol/server_frames.ts";
import { SUCCESS } from "../support/raw_client.ts";

const CALL = { operation: "rows", data: { to: 3 } };

const STREAM = { kind: "stream", id: 5, name: "rows", data: { to: 3 } };

/** Decodes a stream frame of a client that named extensions, by default all. */
function decode(fields: object, features: readonly string[] = FEATURES) {
  const data = { ...CALL, ...fields };
  return decodeRequest(
    JSON.stringify({ id: 5, action: "stream", data }),
    new Set(FEATURES.filter((feature) => features.includes(feature))),
  );
}

for (const lastEventId of [null, "1", "a".repeat(200), "ö".repeat(100)]) {
  for (const credit of [0, 1, 256]) {
    Deno.test(`a stream with the credit ${credit} continues after ${JSON.stringify(lastEventId)}`, () => {
      assert.deepEqual(decode({ credit, lastEventId }), {
        ...{ ...STREAM, credit, lastEventId },
      });
    });
  }
}

Deno.test("a stream without lastEventId does not continue", () => {
  assert.deepEqual(decode({ credit: 1 }), { ...STREAM, credit: 1 });
});

for (const lastEventId of [null, "1", "", 1, [], {}]) {
  Deno.test(`lastEventId ${JSON.stringify(lastEventId)} is ignored without the extension`, () => {
    const features = FEATURES.filter((feature) => feature !== "resume");
    const frame = { credit: 1, lastEventId };
    assert.deepEqual(decode(frame, features), { ...STREAM, credit: 1 });
    const paused = decode({ credit: 0, lastEventId }, features);
    assert.equal(paused.kind, "invalid");
  });
}

for (
  const [lastEventId, current, description] of [
    [1, "int", "must be a string or null, not an integer"],
    [true, "bool", "must be a string or null, not a boolean"],
    [["1"], "list", "must be a string or null, not an array"],
    [{ id: "1" }, "dict", "must be a string or null, not an object"],
    ["", "str", "must have 1 to 200 bytes of UTF-8"],
    ["a".repeat(201), "str", "must have 1 to 200 bytes of UTF-8"],
    ["ö".repeat(101), "str", "must have 1 to 200 bytes of UTF-8"],
    ["\ud800", "str", "must have 1 to 200 bytes of UTF-8"],
  ] as const
) {
  Deno.test(`the server rejects lastEventId ${JSON.stringify(lastEventId)}`, () => {
    assert.deepEqual(decode({ credit: 1, lastEventId }), {
      kind: "invalid",
      id: 5,
      code: ErrorCode.INVALID_CONTENT,
      data: {
        current,
        needed: current === "str" ? "str" : ["str", "None"],
      },
      description: `"data.lastEventId" ${description}`,
      fatal: false,
    });
  });
}

for (const credit of [-1, 1.5, "0", null, undefined, 2 ** 53]) {
  Deno.test(`the server rejects the credit ${credit} of a stream that continues`, () => {
    const frame = decode({ credit, lastEventId: "1" });
    assert(frame.kind === "invalid");
    assert.match(frame.description ?? "", /^"data\.credit" must be /);
  });
}

/** Decodes items of a server. */
function decodeItems(items: readonly unknown[], ids: unknown) {
  const data = { items, ids };
  return decodeServerFrame(
    JSON.stringify({ ...SUCCESS, id: 5, message: "items", data }),
  );
}

for (const ids of [["1", null], [null, null], ["a".repeat(200), "1"]]) {
  Deno.test(`the client decodes the ids ${JSON.stringify(ids)}`, () => {
    assert.deepEqual(decodeItems([1, 2], ids), {
      ...{ kind: "items", id: 5, items: [1, 2], ids },
    });
  });
}

for (
  const ids of [
    ...[undefined, null, {}, "12", [], ["1"], ["1", "2", "3"], [1, 2]],
    ...[["1", ""], ["1", "a".repeat(201)], ["1", undefined, "2"], [["1"], "2"]],
  ]
) {
  Deno.test(`the client decodes items with the ids ${JSON.stringify(ids)} as items without ids`, () => {
    assert.deepEqual(decodeItems([1, 2], ids), {
      ...{ kind: "items", id: 5, items: [1, 2] },
    });
  });
}
