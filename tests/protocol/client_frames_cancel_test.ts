/** Tests of the extension `cancel` in `protocol/client_frames.ts` and `encode.ts`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { decodeRequest } from "../../protocol/client_frames.ts";
import {
  encodeCancel,
  encodeMessageRequest,
  encodeOperationRequest,
} from "../../protocol/encode.ts";
import { type Feature, FEATURES } from "../../protocol/features.ts";
import {
  MESSAGE,
  OPERATION,
  replaceField,
  VALUES,
} from "../support/client_frames.ts";

const CANCEL: ReadonlySet<Feature> = new Set(["cancel"]);
const OTHERS = new Set(FEATURES.filter((feature) => feature !== "cancel"));

/** The requests with a timeout, by their actions. */
const REQUESTS = { message: MESSAGE, operation: OPERATION };

/** Decodes a request with a timeout, which is JSON. */
function decodeTimeout(
  request: string,
  timeout: string,
  features: ReadonlySet<Feature> = CANCEL,
) {
  return decodeRequest(
    replaceField(request, "data.timeout", timeout),
    features,
  );
}

for (const [action, request] of Object.entries(REQUESTS)) {
  for (const timeout of [0, 1, 2_147_483_647]) {
    Deno.test(`the timeout of the action ${action} can be ${timeout}`, () => {
      const plain = decodeRequest(request);
      const decoded = decodeTimeout(request, String(timeout));
      assert.deepEqual(decoded, { ...plain, timeout });
    });
  }

  const wrong = VALUES.filter(([json]) => json !== "0");
  const outside = [["2147483648", "int"], ["1e3000", "float"]] as const;
  for (const [json, current] of [...wrong, ...outside]) {
    Deno.test(`the timeout of the action ${action} cannot be ${json}`, () => {
      const decoded = decodeTimeout(request, json);
      assert(decoded.kind === "invalid");
      const { id, code, data, description } = decoded;
      const needed = "int";
      assert.equal(id, JSON.parse(request).id);
      assert.deepEqual([code, data], [ErrorCode.INVALID_CONTENT, {
        current,
        needed,
      }]);
      assert.match(description ?? "", /^"data\.timeout" must be /);
    });
  }

  Deno.test(`the timeout of the action ${action} is ignored without its extension`, () => {
    for (const timeout of ["5", "null", "-1"]) {
      const decoded = decodeTimeout(request, timeout, OTHERS);
      assert.deepEqual(decoded, decodeRequest(request));
    }
  });

  Deno.test(`an invalid ${action} with a timeout is rejected for its first error`, () => {
    const invalid = replaceField(request, "data.data", "1");
    const decoded = decodeTimeout(invalid, "-1");
    assert(decoded.kind === "invalid");
    assert.match(decoded.description ?? "", /^"data\.data" must be /);
  });
}

Deno.test("a stream has no timeout", () => {
  const data = { operation: "rows", data: {}, credit: 1, timeout: "never" };
  const frame = JSON.stringify({ id: 5, action: "stream", data });
  const decoded = decodeRequest(frame, new Set(FEATURES));
  assert.equal(decoded.kind, "stream");
  assert(!("timeout" in decoded));
});

Deno.test("a request can be cancelled with the extension cancel or stream", () => {
  const frame = encodeCancel(5);
  for (const features of [CANCEL, OTHERS]) {
    assert.deepEqual(decodeRequest(frame, features), { kind: "cancel", id: 5 });
  }
});

Deno.test("the error for an unknown action names cancel once", () => {
  const frame = JSON.stringify({ id: 5, action: "fly", data: {} });
  const described = (features: ReadonlySet<Feature>) => {
    const decoded = decodeRequest(frame, features);
    return decoded.kind === "invalid" ? decoded.description : undefined;
  };
  const actions = '"message", "operation"';
  assert.equal(described(CANCEL), `"action" must be ${actions} or "cancel"`);
  const all = described(new Set(FEATURES)) ?? "";
  assert.equal(all.split('"cancel"').length, 2);
});

Deno.test("a request with a timeout matches docs/reference/protocol.md", () => {
  assert.equal(
    encodeOperationRequest("add", { a: 1 })(5, 1_000),
    '{"id":5,"action":"operation","data":{"operation":"add","data":{"a":1},"timeout":1000}}',
  );
  assert.equal(
    encodeMessageRequest("hello", { a: 1 }, null)(1, 0),
    '{"id":1,"action":"message","data":{"message":"hello","data":{"a":1},"replying":null,"timeout":0}}',
  );
});

Deno.test("a request without a timeout is as in Hoist 1", () => {
  assert.equal(
    encodeOperationRequest("add", { a: 1 })(5),
    '{"id":5,"action":"operation","data":{"operation":"add","data":{"a":1}}}',
  );
  assert.equal(
    encodeMessageRequest("hello", {}, null)(1),
    '{"id":1,"action":"message","data":{"message":"hello","data":{},"replying":null}}',
  );
});
