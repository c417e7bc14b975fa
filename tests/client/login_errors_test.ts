import assert from "node:assert/strict";
import { connectionLost, loginError } from "../../client/login_errors.ts";
import {
  ConnectError,
  ConnectionClosedError,
  LoginError,
  ResponseError,
  VersionError,
} from "../../common/errors.ts";
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

/** Characters that move the cursor of a terminal, begin a line or reverse the text. */
const HOSTILE = `\x1b[2J\n\u202e\x9b${"x".repeat(5_000)}`;

/** Checks that an error is one line of limited length. */
function assertHarmless({ message }: Error): void {
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(message, /[\x00-\x1f\x7f-\x9f\u202e]/);
  assert(message.length < 2_500, `${message.length} characters`);
}

Deno.test("the errors of a login escape and shorten the strings of the server", () => {
  const data = { needed: HOSTILE };
  for (
    const frame of [
      { code: 4, data },
      { error: HOSTILE, code: 2 },
      { description: HOSTILE, code: 2 },
      { message: HOSTILE, code: 2 },
    ]
  ) {
    assertHarmless(loginError("http://a", { ...FRAME, ...frame }));
  }
  const close = { code: 1008, reason: HOSTILE };
  const cause = new ConnectionClosedError("the login", close);
  assertHarmless(connectionLost("http://a", cause));
  assertHarmless(cause);
});

Deno.test("a ResponseError escapes and shortens the strings of the server", () => {
  const issues = [{ path: [HOSTILE], message: HOSTILE }];
  for (
    const frame of [
      { error: HOSTILE },
      { description: HOSTILE },
      { message: HOSTILE },
      { data: { exc: HOSTILE, message: HOSTILE } },
      { error: HOSTILE, data: { issues } },
    ]
  ) {
    assertHarmless(new ResponseError('operation "a"', { ...FRAME, ...frame }));
  }
});
