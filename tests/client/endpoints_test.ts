import assert from "node:assert/strict";
import { endpointsOf } from "../../client/endpoints.ts";

for (
  const [url, base, ack, socket] of [
    ["http://a", "http://a", "http://a/hoist/ack", "ws://a/hoist"],
    ["https://a:8/", "https://a:8", "https://a:8/hoist/ack", "wss://a:8/hoist"],
    [
      "ws://a/below",
      "ws://a/below",
      "http://a/below/hoist/ack",
      "ws://a/below/hoist",
    ],
    [
      "wss://a/b/?c#d",
      "wss://a/b/",
      "https://a/b/hoist/ack",
      "wss://a/b/hoist",
    ],
    [
      "http://a/b?c=/d#e",
      "http://a/b",
      "http://a/b/hoist/ack",
      "ws://a/b/hoist",
    ],
    [
      new URL("http://[::1]:5"),
      "http://[::1]:5",
      "http://[::1]:5/hoist/ack",
      "ws://[::1]:5/hoist",
    ],
  ] as const
) {
  Deno.test(`endpointsOf() appends the paths to ${url}`, () => {
    const endpoints = endpointsOf(url);
    assert.deepEqual(
      [endpoints.base, endpoints.ack.href, endpoints.socket.href],
      [base, ack, socket],
    );
  });
}

Deno.test("endpointsOf() keeps the password for the requests, and hides it in errors", () => {
  const { base, ack, socket } = endpointsOf("http://ada:s3same@a/b?key=s3same");
  assert.equal(base, "http://a/b");
  assert.equal(ack.href, "http://ada:s3same@a/b/hoist/ack");
  assert.equal(socket.href, "ws://ada:s3same@a/b/hoist");
});

for (const url of ["htp://ada:s3same@a/b", "http://[a/b?key=s3same#s3same"]) {
  Deno.test(`endpointsOf() hides what is secret in the invalid URL ${url}`, () => {
    assert.throws(() => endpointsOf(url), ({ message }: Error) => {
      assert.match(message, /'url' must be .+ It is ".+a\/b.*"\.$/);
      return !message.includes("s3same");
    });
  });
}
