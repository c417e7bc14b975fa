/** The model of a request of the server: which outcomes it accepts. */

import assert from "node:assert/strict";
import { LONG_TIMEOUT, RequestModel } from "./server_request.ts";

const REPLY = { kind: "reply", n: 0 } as const;
const SILENCE = { kind: "silence" } as const;
const FAILURE = { kind: "failure" } as const;

function model(): RequestModel {
  const model = new RequestModel({ plan: "both" });
  model.markReceived();
  return model;
}

Deno.test("accepts no reply if the client has sent none", () => {
  assert(!model().isExpected(REPLY));
  assert(!model().isExpected(SILENCE));
});

Deno.test("accepts only the first frame of the client", () => {
  const request = model();
  request.reply(0, true);
  request.reply(1, true);
  request.finish(false);
  assert(request.isExpected(REPLY));
  assert(!request.isExpected({ kind: "reply", n: 1 }));
  assert(!request.isExpected(SILENCE));

  const other = model();
  other.finish(true);
  other.reply(0, true);
  assert(other.isExpected(FAILURE));
  assert(!other.isExpected(REPLY));
});

Deno.test("accepts a later outcome if a limit can have rejected the reply", () => {
  const request = model();
  request.reply(0, false);
  request.finish(false);
  assert(request.isExpected(REPLY));
  assert(request.isExpected(SILENCE));
  assert(!request.isExpected(FAILURE));
});

Deno.test("accepts any reply if the client has not received the request", () => {
  const unreceived = new RequestModel({ plan: "both" });
  assert(unreceived.isExpected(FAILURE));
  assert(!unreceived.isExpected({ kind: "closed", isGone: false }));
});

Deno.test("rejects an early timeout and the end of an open connection", () => {
  const request = model();
  assert(!request.isExpected({ kind: "timeout", elapsed: LONG_TIMEOUT / 2 }));
  assert(request.isExpected({ kind: "timeout", elapsed: LONG_TIMEOUT }));
  assert(!request.isExpected({ kind: "closed", isGone: false }));
  assert(request.isExpected({ kind: "closed", isGone: true }));
});
