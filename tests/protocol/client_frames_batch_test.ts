/** Tests of `parseBatch` and `decodeEntry` in `protocol/client_frames.ts`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { decodeRequest } from "../../protocol/client_frames.ts";
import { decodeBatch } from "../support/client_frames.ts";
import { shownType } from "../support/json_types.ts";
import {
  BROKEN,
  MESSAGE,
  OPERATION,
  UNKNOWN_ACTION,
} from "../support/frames.ts";

const GOODBYE = '{"id": null, "end": true}';

/** Frames of a batch, valid and invalid. */
const ELEMENTS = [
  MESSAGE,
  OPERATION,
  BROKEN,
  UNKNOWN_ACTION,
  GOODBYE,
  "{}",
  "null",
  "true",
  "1",
  "1.5",
  '"text"',
  "[]",
  `[${MESSAGE}]`,
];

/** The result for an element that is no object. */
function noObject(current: string | null) {
  return {
    kind: "invalid",
    id: null,
    code: ErrorCode.INVALID_CONTENT,
    data: { current, needed: "dict" },
    description: `the frame must be an object, not ${shownType(current)}`,
    fatal: true,
  };
}

Deno.test("decodeEntry() decodes each frame like decodeRequest(), in their order", () => {
  const requests = ELEMENTS.map((element) => decodeRequest(element));
  assert.deepEqual(decodeBatch(`[${ELEMENTS.join(", ")}]`), requests);
  const backwards = `[${ELEMENTS.toReversed().join(",")}]`;
  assert.deepEqual(decodeBatch(backwards), requests.toReversed());
});

for (const element of ELEMENTS) {
  Deno.test(`decodeEntry() decodes a batch that only contains ${element}`, () => {
    assert.deepEqual(decodeBatch(`[${element}]`), [decodeRequest(element)]);
  });
}

for (const frame of ELEMENTS.slice(0, -1)) {
  Deno.test(`decodeEntry() decodes ${frame} without a batch like decodeRequest()`, () => {
    assert.deepEqual(decodeBatch(frame), [decodeRequest(frame)]);
  });
}

for (const frame of ["", "[", `[${MESSAGE}`, `[${MESSAGE},]`, undefined, []]) {
  Deno.test(`decodeEntry() rejects ${Deno.inspect(frame)} with code 1 and closes`, () => {
    const [request, ...rest] = decodeBatch(frame);
    assert(request?.kind === "invalid");
    assert.deepEqual([request.code, request.fatal], [1, true]);
    assert.deepEqual(rest, []);
  });
}

Deno.test("decodeEntry() rejects an empty batch with code 2 and closes", () => {
  assert.deepEqual(decodeBatch("[]"), [noObject("list")]);
});

for (
  const [element, current] of [
    ["[]", "list"],
    [`[${MESSAGE}]`, "list"],
    ["null", null],
    ["1", "int"],
    ["false", "bool"],
    ['"text"', "str"],
  ] as const
) {
  Deno.test(`decodeEntry() rejects ${element} in a batch with code 2 and closes`, () => {
    const [before, broken, after] = decodeBatch(
      `[${MESSAGE}, ${element}, ${OPERATION}]`,
    );
    assert.deepEqual(broken, noObject(current));
    assert.deepEqual([before?.kind, after?.kind], ["message", "operation"]);
  });
}

Deno.test("decodeEntry() repeats the id of an invalid object and does not close", () => {
  const requests = decodeBatch(`[${BROKEN}, ${MESSAGE}, ${UNKNOWN_ACTION}]`);
  const [broken, message, unknown] = requests;
  assert(broken?.kind === "invalid" && unknown?.kind === "invalid");
  assert.deepEqual([broken.id, broken.code, broken.fatal], [3, 2, false]);
  assert.deepEqual([unknown.id, unknown.code, unknown.fatal], [4, 8, false]);
  assert.equal(message?.kind, "message");
});

Deno.test("decodeEntry() decodes 100,000 requests", () => {
  const requests = decodeBatch(`[${Array(100_000).fill(OPERATION)}]`);
  assert.equal(requests.length, 100_000);
  assert(requests.every(({ kind }) => kind === "operation"));
});

Deno.test("decodeEntry() rejects 100,000 nested batches", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  assert.deepEqual(decodeBatch(deep), [noObject("list")]);
});

Deno.test("decodeEntry() does not treat an object with numeric keys as a batch", () => {
  const [request] = decodeBatch(`{"0": ${MESSAGE}, "length": 1}`);
  assert(request?.kind === "invalid");
  assert.equal(request.fatal, false);
});

Deno.test("decodeRequest() rejects a batch", () => {
  for (const element of ELEMENTS) {
    assert.deepEqual(decodeRequest(`[${element}]`), noObject("list"));
  }
});
