import assert from "node:assert/strict";
import { endpointsOf, loginError } from "../../client/handshake.ts";
import { ConnectError, LoginError, VersionError } from "../../common/errors.ts";
import { VERSION } from "../../version.ts";

for (
  const [url, ack, socket] of [
    ["http://a", "http://a/hoist/ack", "ws://a/hoist"],
    ["https://a:8/", "https://a:8/hoist/ack", "wss://a:8/hoist"],
    ["ws://a/below", "http://a/below/hoist/ack", "ws://a/below/hoist"],
    ["wss://a/b/?c#d", "https://a/b/hoist/ack", "wss://a/b/hoist"],
    ["http://a/b?c=/d#e", "http://a/b/hoist/ack", "ws://a/b/hoist"],
    [
      new URL("http://[::1]:5"),
      "http://[::1]:5/hoist/ack",
      "ws://[::1]:5/hoist",
    ],
  ] as const
) {
  Deno.test(`endpointsOf() appends the paths to ${url}`, () => {
    const endpoints = endpointsOf(url);
    assert.deepEqual(
      [endpoints.base, endpoints.ack.href, endpoints.socket.href],
      [String(url), ack, socket],
    );
  });
}

const FRAME = {
  code: 3,
  error: "LOGIN_FAILED",
  message: "Login token is invalid.",
  description: null,
  data: null,
};

Deno.test("loginError() returns a LoginError for code 3", () => {
  const error = loginError("http://a", FRAME);
  assert(error instanceof LoginError);
  assert.equal(
    error.message,
    "Cannot log in to http://a: the server rejected the token. Check that it matches the server's token.",
  );
});

Deno.test("loginError() returns a VersionError for code 4 with a version", () => {
  const data = { needed: "9.0.0", current: "1.0.0" };
  const error = loginError("http://a", { ...FRAME, code: 4, data });
  assert(error instanceof VersionError);
  assert.deepEqual([error.needed, error.current], ["9.0.0", VERSION]);
});

Deno.test("loginError() returns a ConnectError with the sentence of the server otherwise", () => {
  const message = "Version of client is not high enough.";
  for (
    const [frame, detail] of [
      [{ code: 4, message }, "Version of client is not high enough"],
      [
        { code: 4, message, data: { needed: 9 } },
        "Version of client is not high enough",
      ],
      [{ code: 2, description: "id: is missing" }, "id: is missing"],
      [{ code: 999 }, "Login token is invalid"],
    ] as const
  ) {
    const error = loginError("http://a", { ...FRAME, error: "SOME", ...frame });
    assert(error instanceof ConnectError);
    assert.equal(
      error.message,
      `Cannot log in to http://a: the server answered SOME: ${detail}`,
    );
  }
});
