/** The longest wait for the next item of a stream. */

import assert from "node:assert/strict";
import { StallLimit } from "./stall_limit.ts";

Deno.test("aborts a stream that brings no item", async () => {
  using limit = new StallLimit(1);
  await new Promise((resolve) =>
    limit.signal.addEventListener("abort", resolve)
  );
  assert.match(String(limit.signal.reason), /no item within 0.001 s/);
});

Deno.test("waits for each item, and not for the whole stream", () => {
  using limit = new StallLimit(60_000);
  limit.progress();
  limit.progress();
  // The test would fail if a timer was left.
  assert(!limit.signal.aborted);
});
