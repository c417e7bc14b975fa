import assert from "node:assert/strict";
import { loginError } from "../../client/login_errors.ts";
import { ConnectError, LoginError, VersionError } from "../../common/errors.ts";
import { VERSION } from "../../version.ts";

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
