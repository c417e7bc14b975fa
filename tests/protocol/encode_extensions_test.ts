/** Tests of the extensions in `protocol/encode.ts`. */

import assert from "node:assert/strict";
import {
  encodeCancel,
  encodeCredit,
  encodeMessage,
  encodeRequestDone,
  encodeStreamRequest,
} from "../../protocol/encode.ts";
import { encodeSuccess } from "../../protocol/success_frames.ts";
import { FEATURES } from "../../protocol/features.ts";
import type { JsonObject } from "../../common/json.ts";
import { decodeRequest } from "../../protocol/client_frames.ts";
import { decodeServerFrame } from "../../protocol/server_frames.ts";
import { CYCLE } from "../support/attacks.ts";

/** Strings that would break JSON without escapes, or pollute a prototype. */
const STRINGS = [
  ...["", '"', "\\", '","id":7,"x":"', "\n\r\t\0\x7f", "\u2028\u2029"],
  ...["żółć 😀", "\ud800", "__proto__", "constructor", "toString", "$&$1$$"],
];

/** Decodes a frame like a server that supports all extensions. */
function decode(frame: string) {
  return decodeRequest(frame, new Set(FEATURES));
}

Deno.test("the frames of a stream match docs/reference/protocol.md", () => {
  assert.equal(
    encodeStreamRequest("rows", { to: 3 })(5, { credit: 256 }),
    '{"id":5,"action":"stream","data":{"operation":"rows","data":{"to":3},"credit":256}}',
  );
  const encode = encodeStreamRequest("rows", {});
  assert.equal(
    encode(5, { credit: 0, lastEventId: null }),
    '{"id":5,"action":"stream","data":{"operation":"rows","data":{},"credit":0,"lastEventId":null}}',
  );
  assert.equal(
    encode(6, { credit: 1, lastEventId: '"1"' }),
    '{"id":6,"action":"stream","data":{"operation":"rows","data":{},"credit":1,"lastEventId":"\\"1\\""}}',
  );
  assert.equal(
    encodeCredit(5, 128),
    '{"id":5,"action":"credit","data":{"credit":128}}',
  );
  assert.equal(encodeCancel(5), '{"id":5,"action":"cancel","data":{}}');
  assert.equal(
    encodeSuccess(5, "items", '{"items":[{"n":0}]}'),
    '{"success":true,"data":{"items":[{"n":0}]},"error":null,"code":0,"message":"items","desc":null,"id":5}',
  );
});

Deno.test("the frames of a request match docs/reference/protocol.md", () => {
  assert.equal(
    encodeRequestDone(7, false),
    '{"id":7,"action":"done","data":{"failed":false}}',
  );
  assert.equal(
    encodeRequestDone(7, true),
    '{"id":7,"action":"done","data":{"failed":true}}',
  );
  const message = encodeMessage("ready", {}, null, 7);
  assert.equal(
    encodeSuccess(null, "request", message),
    '{"success":true,"data":{"message":"ready","data":{},"replying":null,"id":7},"error":null,"code":0,"message":"request","desc":null,"id":null}',
  );
});

Deno.test("the server decodes the credit, cancel and done of a client", () => {
  for (const id of [0, 5, -1, Number.MAX_SAFE_INTEGER]) {
    const credit = Number.MAX_SAFE_INTEGER;
    assert.deepEqual(decode(encodeCredit(id, credit)), {
      kind: "credit",
      id,
      credit,
    });
    assert.deepEqual(decode(encodeCancel(id)), { kind: "cancel", id });
    for (const failed of [true, false]) {
      assert.deepEqual(decode(encodeRequestDone(id, failed)), {
        kind: "done",
        id,
        failed,
      });
    }
  }
});

for (const text of STRINGS) {
  Deno.test(`a stream with the string ${JSON.stringify(text)} survives encoding and decoding`, () => {
    const data = Object.fromEntries([[text, text]]);
    assert.deepEqual(
      decode(encodeStreamRequest(text, data)(1, { credit: 9 })),
      {
        kind: "stream",
        id: 1,
        name: text,
        data,
        credit: 9,
      },
    );
    const items = JSON.stringify([text, data]);
    assert.deepEqual(
      decodeServerFrame(encodeSuccess(1, "items", `{"items":${items}}`)),
      { kind: "items", id: 1, items: [text, data] },
    );
  });

  Deno.test(`a request with the string ${JSON.stringify(text)} survives encoding and decoding`, () => {
    const data = Object.fromEntries([[text, text]]);
    const frame = encodeSuccess(
      null,
      "request",
      encodeMessage(text, data, null, 7),
    );
    assert.deepEqual(decodeServerFrame(frame), {
      kind: "request",
      message: { message: text, data, replying: null, id: 7 },
    });
  });
}

const NO_OBJECT =
  "must be a JSON object. Wrap the value in an object, for example { value }.";

const NO_DATA: readonly (readonly [data: unknown, reason: string])[] = [
  [null, NO_OBJECT],
  [1, NO_OBJECT],
  [[1], NO_OBJECT],
  [new Date(0), NO_OBJECT],
  [{ toJSON: () => undefined }, NO_OBJECT],
  [
    { a: 1n },
    "cannot be encoded as JSON: Do not know how to serialize a BigInt",
  ],
  [
    CYCLE,
    "cannot be encoded as JSON: Converting circular structure to JSON: property 'self' closes the circle",
  ],
];

for (const [data, reason] of NO_DATA) {
  Deno.test(`encodeStreamRequest() rejects the data ${Deno.inspect(data)}`, () => {
    const encode = () => encodeStreamRequest("rows", data as JsonObject);
    assert.throws(encode, {
      name: "TypeError",
      message: `Cannot send stream "rows": its data ${reason}`,
    });
  });
}

for (const name of [undefined, null, 1, {}, ["rows"]]) {
  Deno.test(`encodeStreamRequest() rejects the name ${Deno.inspect(name)}`, () => {
    const encode = () => encodeStreamRequest(name as string, {});
    assert.throws(encode, {
      name: "TypeError",
      message:
        /^Cannot send a message or a request: the name must be a string\. It is /,
    });
  });
}
