/** Tests of the extension `trace` in `protocol/client_frames.ts` and `encode.ts`. */

import assert from "node:assert/strict";
import { decodeRequest } from "../../protocol/client_frames.ts";
import {
  addTraceparent,
  encodeMessageRequest,
  encodeOperationRequest,
  encodeStreamRequest,
} from "../../protocol/encode.ts";
import { encodeSuccess } from "../../protocol/success_frames.ts";
import { type Feature, FEATURES } from "../../protocol/features.ts";
import { decodeServerFrame } from "../../protocol/server_frames.ts";
import { replaceField, VALUES } from "../support/client_frames.ts";

const ALL: ReadonlySet<Feature> = new Set(FEATURES);
const OTHERS = new Set(FEATURES.filter((feature) => feature !== "trace"));
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const stream = encodeStreamRequest("ticks", {});

/** Encoders of the requests, by their actions. */
const ENCODERS = {
  message: encodeMessageRequest("hello", {}, null),
  operation: encodeOperationRequest("add", {}),
  stream: (id: number, _timeout?: number, traceparent?: string) =>
    stream(id, { credit: 1, traceparent }),
  "resumed stream": (id: number, _timeout?: number, traceparent?: string) =>
    stream(id, { credit: 1, lastEventId: null, traceparent }),
};

/** Values that name no span. */
const INVALID = [
  ...VALUES.map(([json]) => json),
  JSON.stringify(TRACEPARENT.toUpperCase()),
  JSON.stringify(`${TRACEPARENT} `),
  JSON.stringify(`${TRACEPARENT}-extra`),
  JSON.stringify(TRACEPARENT.replace(/^00/, "ff")),
  JSON.stringify(`00-${"0".repeat(32)}-b7ad6b7169203331-01`),
  JSON.stringify(`00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01`),
];

for (const [action, encode] of Object.entries(ENCODERS)) {
  const plain = encode(1);
  const traced = encode(1, undefined, TRACEPARENT);

  Deno.test(`a ${action} can name the span of its caller`, () => {
    const decoded = decodeRequest(traced, ALL);
    const expected = decodeRequest(plain, ALL);
    assert.deepEqual(decoded, { ...expected, traceparent: TRACEPARENT });
    assert.notEqual(decoded.kind, "invalid");
  });

  Deno.test(`a ${action} has no span without the extension`, () => {
    const decoded = decodeRequest(traced, OTHERS);
    assert.deepEqual(decoded, decodeRequest(plain, OTHERS));
  });

  for (const value of INVALID) {
    Deno.test(`a ${action} ignores the span ${value}`, () => {
      const frame = replaceField(plain, "data.traceparent", value);
      assert.deepEqual(decodeRequest(frame, ALL), decodeRequest(plain, ALL));
    });
  }
}

Deno.test("a message without a caller has no field for a span", () => {
  assert(!ENCODERS.message(1).includes("traceparent"));
});

Deno.test("a request of the server can name a span", () => {
  const message = '{"message":"ask","data":{},"replying":null,"id":1}';
  const frame = encodeSuccess(null, "request", message);
  const traced = decodeServerFrame(addTraceparent(frame, TRACEPARENT));
  const plain = decodeServerFrame(frame);
  assert.deepEqual(traced, { ...plain, traceparent: TRACEPARENT });
  const invalid = decodeServerFrame(addTraceparent(frame, "nonsense"));
  assert.deepEqual(invalid, plain);
});
