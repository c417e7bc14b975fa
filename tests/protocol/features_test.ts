/** Tests of `protocol/features.ts`, and of the field `features` of a login. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import {
  commonFeatures,
  FEATURES,
  NO_FEATURES,
} from "../../protocol/features.ts";
import { decodeLogin } from "../../protocol/client_frames.ts";
import { shownType } from "../support/json_types.ts";

function login(features?: unknown): string {
  const frame = { id: 7, token: "test", version: "1.0.0", features };
  return JSON.stringify(frame);
}

/** The extensions that a client names, and those that both sides support. */
const NAMED: readonly [named: readonly unknown[], common: string[]][] = [
  [[], []],
  [["batch"], ["batch"]],
  [["done-id"], ["done-id"]],
  [["batch", "done-id"], ["batch", "done-id"]],
  [["done-id", "batch"], ["batch", "done-id"]],
  [["batch", "batch", "batch"], ["batch"]],
  [["zip", "batch", "later"], ["batch"]],
  [["zip"], []],
  [["retry", "max-payload"], ["max-payload", "retry"]],
  [["Batch", "batch ", "done_id", ""], []],
  [["__proto__", "constructor", "has", "0"], []],
  [[null, 1, true, {}, ["batch"], { batch: true }], []],
  [[null, "done-id", 1], ["done-id"]],
];

Deno.test("FEATURES contains all extensions", () => {
  assert.deepEqual(FEATURES, [
    "batch",
    "cancel",
    "done-id",
    "heartbeat",
    "max-payload",
    "renew",
    "request",
    "resume",
    "retry",
    "rooms",
    "stream",
    "trace",
  ]);
  assert.equal(NO_FEATURES.size, 0);
});

for (const [named, common] of NAMED) {
  const shown = JSON.stringify(named);

  Deno.test(`commonFeatures() returns ${JSON.stringify(common)} for ${shown}`, () => {
    assert.deepEqual([...commonFeatures(named)], common);
  });
}

Deno.test("commonFeatures() does not depend on earlier calls", () => {
  for (let round = 0; round < 2; round++) {
    for (const [named, common] of [...NAMED, ...NAMED.toReversed()]) {
      assert.deepEqual([...commonFeatures(named)], common);
    }
  }
  assert.equal(NO_FEATURES.size, 0);
});

Deno.test("decodeLogin() keeps only the names of known extensions", () => {
  for (const [named, common] of NAMED) {
    const frame = decodeLogin(login(named));
    assert(frame.kind === "login");
    assert.deepEqual([...frame.features ?? []], common);
  }
});

for (
  const [json, current] of [
    ["null", null],
    ["true", "bool"],
    ["1", "int"],
    ["1.5", "float"],
    ['"batch"', "str"],
    ["{}", "dict"],
    ['{"0": "batch", "length": 1}', "dict"],
  ] as const
) {
  const frame =
    `{"id": 7, "token": "test", "version": "1.0.0", "features": ${json}}`;
  const desc = `"features" must be an array, not ${shownType(current)}`;
  const data = { current, needed: "list" };

  Deno.test(`decodeLogin() rejects ${json} as features`, () => {
    assert.deepEqual(decodeLogin(frame), {
      kind: "invalid",
      id: 7,
      code: ErrorCode.INVALID_CONTENT,
      data,
      description: desc,
      fatal: false,
    });
  });
}

Deno.test("decodeLogin() checks the version and the token before the features", () => {
  const broken = { id: 7, token: 1, version: 1, features: 1 };
  const descriptions = [broken, { ...broken, version: "" }].map((frame) => {
    const decoded = decodeLogin(JSON.stringify(frame));
    return decoded.kind === "invalid" && decoded.description;
  });
  assert.deepEqual(descriptions, [
    '"version" must be a string, not an integer',
    '"token" must be a string, not an integer',
  ]);
});

Deno.test("decodeLogin() ignores features in __proto__", () => {
  const frame = decodeLogin(
    '{"id": 0, "token": "", "version": "", "__proto__": {"features": ["batch"]}}',
  );
  assert(frame.kind === "login");
  assert.equal(frame.features, undefined);
});

Deno.test("decodeLogin() decodes a goodbye with any features", () => {
  assert.equal(decodeLogin('{"end": true, "features": 1}').kind, "end");
});
