/** The answers of the load generator to pings. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { answerTo } from "./load/pings.ts";

Deno.test("answers a ping with its payload", () => {
  const answer = (...bytes: number[]) => {
    const pong = answerTo(Buffer.from(bytes), undefined);
    return pong && [...pong];
  };
  assert.deepEqual(answer(0x89, 0), [0x8a, 0x80, 0, 0, 0, 0]);
  assert.deepEqual(answer(0x89, 1, 7), [0x8a, 0x81, 0, 0, 0, 0, 7]);
  assert.deepEqual(answer(0x81, 1, 49, 0x89, 0), [0x8a, 0x80, 0, 0, 0, 0]);
  assert.equal(answer(0x81, 1, 49), undefined);
});

Deno.test("answers the pings of a protocol above WebSocket", () => {
  const own = { ping: new Uint8Array([9, 9]), pong: new Uint8Array([8]) };
  assert.equal(answerTo(Buffer.from([1, 9, 9]), own), own.pong);
  assert.equal(answerTo(Buffer.from([1, 9, 1]), own), undefined);
});
