/** Tests of replies in `protocol/client_frames.ts`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { decodeRequest } from "../../protocol/client_frames.ts";
import type { InvalidFrame } from "../../protocol/request_error.ts";
import { isWireMessage } from "../../protocol/message.ts";
import { shownType } from "../support/json_types.ts";
import {
  assertInvalid,
  MESSAGE,
  messageReplyingTo,
  nest,
  NO_OBJECTS,
  replaceField,
} from "../support/client_frames.ts";

Deno.test("decodeRequest() decodes a reply to a reply", () => {
  const replying = {
    message: "hi",
    data: { x: [1] },
    id: 2,
    replying: { message: "hello", data: {}, id: 1, replying: null },
  };
  const request = decodeRequest(messageReplyingTo(JSON.stringify(replying)));
  assert(request.kind === "message");
  assert.deepEqual(request.replying, replying);
});

Deno.test("decodeRequest() decodes a message without replying", () => {
  const request = decodeRequest(
    replaceField(MESSAGE, "data.replying", undefined),
  );
  assert(request.kind === "message");
  assert.equal(request.replying, null);
});

for (const [json, current] of NO_OBJECTS.filter(([json]) => json !== "null")) {
  Deno.test(`decodeRequest() rejects a message that replies to ${json}`, () => {
    assertInvalid(decodeRequest(messageReplyingTo(json)), {
      id: 1,
      code: ErrorCode.INVALID_CONTENT,
      data: { current, needed: ["dict", "None"] },
    });
    const { description } = decodeRequest(
      messageReplyingTo(json),
    ) as InvalidFrame;
    assert.equal(
      description,
      `"data.replying" must be an object or null, not ${shownType(current)}`,
    );
  });
}

for (
  const [what, broken] of [
    ["no keys", "{}"],
    ["no name", '{"data": {}, "id": 1, "replying": null}'],
    [
      "a number as its name",
      '{"message": 1, "data": {}, "id": 1, "replying": null}',
    ],
    ["no data", '{"message": "m", "id": 1, "replying": null}'],
    [
      "an array as its data",
      '{"message": "m", "data": [], "id": 1, "replying": null}',
    ],
    [
      "null as its data",
      '{"message": "m", "data": null, "id": 1, "replying": null}',
    ],
    ["no id", '{"message": "m", "data": {}, "replying": null}'],
    [
      "null as its id",
      '{"message": "m", "data": {}, "id": null, "replying": null}',
    ],
    [
      "a fraction as its id",
      '{"message": "m", "data": {}, "id": 1.5, "replying": null}',
    ],
    ["no replying", '{"message": "m", "data": {}, "id": 1}'],
    [
      "false as replying",
      '{"message": "m", "data": {}, "id": 1, "replying": false}',
    ],
    [
      "an array as replying",
      '{"message": "m", "data": {}, "id": 1, "replying": []}',
    ],
    [
      "all keys in __proto__",
      '{"__proto__": {"message": "m", "data": {}, "id": 1, "replying": null}}',
    ],
  ] as const
) {
  Deno.test(`decodeRequest() rejects a reply to a message object with ${what}`, () => {
    for (const depth of [0, 1, 2]) {
      assertInvalid(decodeRequest(messageReplyingTo(nest(depth, broken))), {
        id: 1,
        code: ErrorCode.INVALID_CONTENT,
        data: { current: "dict", needed: ["dict", "None"] },
      });
      assert.equal(isWireMessage(JSON.parse(nest(depth, broken))), false);
    }
  });
}

Deno.test("decodeRequest() does not write that an object must be an object", () => {
  const request = decodeRequest(messageReplyingTo("{}")) as InvalidFrame;
  assert.match(request.description!, /"data\.replying"/);
  assert.doesNotMatch(request.description!, /dict or None, not dict/);
});

Deno.test("decodeRequest() decodes 100,000 nested replies", () => {
  const request = decodeRequest(messageReplyingTo(nest(100_000, "null")));
  assert(request.kind === "message");
  let depth = 0;
  for (
    let message = request.replying;
    message !== null;
    message = message.replying
  ) depth++;
  assert.equal(depth, 100_000);
});

Deno.test("decodeRequest() rejects an invalid message object below 100,000 replies", () => {
  const request = decodeRequest(messageReplyingTo(nest(100_000, "1")));
  assert.equal(request.kind, "invalid");
});
