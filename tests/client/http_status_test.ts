import assert from "node:assert/strict";
import { readRetryAfter } from "../../client/http_status.ts";

const NOW = Date.UTC(2030, 0, 1);

for (
  const [value, delay] of [
    [undefined, undefined],
    ["0", 0],
    ["7", 7_000],
    ["99999999999999999999", 60_000],
    ["Tue, 01 Jan 2030 00:00:05 GMT", 5_000],
    ["Mon, 31 Dec 2029 23:59:59 GMT", undefined],
    ["-1", undefined],
    ["soon", undefined],
  ] as const
) {
  Deno.test(`readRetryAfter() reads ${value} as ${delay} ms`, () => {
    const headers = new Headers(
      value === undefined ? {} : { "retry-after": value },
    );
    assert.equal(readRetryAfter(headers, NOW), delay);
  });
}
