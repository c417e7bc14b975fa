import assert from "node:assert/strict";
import { runAgainst } from "../support/client_command.ts";
import { lateServer } from "../support/late_server.ts";

const LONG = "x".repeat(201);

for (
  const [what, args] of [
    ["an invalid URL", ["call", "one", "-u", "http://["]],
    ["a URL of another protocol", ["contract", "show", "-u", "ftp://x"]],
    ["an invalid URL of the second server", ["bench", "--versus", "http://["]],
    ["an invalid URL of an admin", ["admin", "clients", "-u", "http://["]],
    ["an invalid URL to ping", ["ping", "-u", "http://["]],
    ["a name of a room that is too long", ["join", LONG]],
    ["the same name in publish", ["publish", LONG, "news"]],
  ] as const
) {
  Deno.test(`${what} is reported before the question for the token`, async () => {
    const { url } = lateServer();
    const readTokenVariable = () => ({ isDenied: true });
    const askSecret = () => assert.fail("the token was asked for");
    const changes = { readTokenVariable, askSecret };
    const { code, errors } = await runAgainst({ url }, args, changes);
    assert.equal(code, 2, errors.join());
    assert.match(errors.join(), /^error: Cannot (connect|join)/);
  });
}
