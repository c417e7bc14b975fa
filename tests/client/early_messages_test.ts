/** Tests of `client/early_messages.ts`. */

import assert from "node:assert/strict";
import { EarlyMessages } from "../../client/early_messages.ts";
import type { ServerFrame } from "../../protocol/server_frames.ts";

const WIRE = { message: "hi", data: {}, id: 1, replying: null };

Deno.test("only messages and requests wait, and are returned once", () => {
  const early = new EarlyMessages(100);
  const message: ServerFrame = { kind: "message", id: null, message: WIRE };
  const request: ServerFrame = { kind: "request", message: WIRE };
  early.add(message);
  early.add({ kind: "pong" });
  early.add(request);
  assert.deepEqual(early.take(), [message, request]);
  assert.deepEqual(early.take(), []);
});

Deno.test("the length of all frames together is limited", () => {
  const early = new EarlyMessages(100);
  assert(early.accepts(60));
  assert(early.accepts(40));
  assert(!early.accepts(1));
});
