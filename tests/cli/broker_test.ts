/** The flag `--broker`. */

import assert from "node:assert/strict";
import { engineKindOf, natsOptionsOf, openBroker } from "../../cli/broker.ts";
import { run } from "../support/command_line.ts";

for (const scheme of ["nats", "tls", "redis", "rediss"]) {
  Deno.test(`${scheme}: names an engine, which is created without a connection`, async () => {
    const engine = await openBroker(`${scheme}://localhost:1`);
    assert.match(engine.name, scheme.startsWith("r") ? /Redis/ : /NATS/);
  });
}

for (
  const url of ["", "nats", "nats:", "nats://", "http://a", "toString://a"]
) {
  Deno.test(`${JSON.stringify(url)} names no engine`, () => {
    assert.throws(() => engineKindOf(url), {
      name: "TypeError",
      message: /^Cannot use --broker: it must be a URL such as nats:/,
    });
  });
}

const LOGINS = {
  "nats://a:1": { servers: ["nats://a:1"] },
  "nats://me:a%3Ab:c@a": {
    servers: ["nats://a"],
    credentials: { user: "me", password: "a:b:c" },
  },
  "tls://me:a@b@a:1": {
    servers: ["tls://a:1"],
    credentials: { user: "me", password: "a@b" },
  },
  "nats://a%20token@a": {
    servers: ["nats://a"],
    credentials: { token: "a token" },
  },
};

for (const [url, expected] of Object.entries(LOGINS)) {
  Deno.test(`the login of ${url} becomes the credentials of NATS`, () => {
    assert.deepEqual(natsOptionsOf(url), expected);
  });
}

Deno.test("a login that is not encoded correctly is rejected without its value", () => {
  assert.throws(() => natsOptionsOf("nats://me:secret%@a"), {
    name: "TypeError",
    message: /^Cannot use --broker: .* Write "%" as "%25"\.$/,
  });
});

Deno.test("no error shows the password in the URL of an engine", async () => {
  for (
    const url of [
      "nats://me:secret@a/b",
      "redis://me:secret@a/5",
      "x://a:secret@b",
    ]
  ) {
    const { code, errors } = await run([
      "-H",
      "127.0.0.1",
      "-p",
      "0",
      "--broker",
      url,
    ]);
    assert.deepEqual([code, errors.length], [2, 1]);
    assert.match(errors[0]!, /^error: Cannot use /);
    assert.doesNotMatch(errors[0]!, /secret/);
  }
});

Deno.test("HOIST_BROKER is the broker if there is no flag", async () => {
  const variable = {
    readBrokerVariable: () => "variable://a",
    // A server that uses no broker would not end.
    signal: AbortSignal.abort(),
  };
  const where = ["-H", "127.0.0.1", "-p", "0"];
  const { errors } = await run(where, variable);
  assert.match(errors[0] ?? "", /"variable:\/\/a"/);
  const flag = await run([...where, "--broker", "flag://a"], variable);
  assert.match(flag.errors[0] ?? "", /"flag:\/\/a"/);
});
