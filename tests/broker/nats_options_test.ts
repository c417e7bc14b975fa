/** The options of NATS. */

import assert from "node:assert/strict";
import { nats, type NatsOptions } from "../../broker/nats.ts";
import { resolveNatsOptions } from "../../broker/nats_options.ts";
import { makeCertificate } from "../support/certificate.ts";

const SERVERS = ["nats://localhost:4222"];

/** Options that are refused, and a part of the message of each. */
const INVALID: readonly (readonly [options: unknown, message: RegExp])[] = [
  [undefined, /'servers' must be an array of URLs, such as/],
  [{}, /'servers' must be an array of URLs/],
  [{ servers: [] }, /'servers' must be an array of URLs/],
  [{ servers: "nats://localhost" }, /'servers' must be an array/],
  [{ servers: ["localhost:4222"] }, /nats:\/\/host:port or tls:\/\/host:port/],
  [{ servers: ["http://localhost"] }, /It is "http:\/\/localhost"/],
  [{ servers: ["nats://"] }, /a URL in 'servers'/],
  [{ servers: ["nats://a/b"] }, /a URL in 'servers'/],
  [{ servers: ["nats://a:99999"] }, /a URL in 'servers'/],
  [{ servers: [5] }, /a URL in 'servers' .* It is 5/],
  [{ servers: ["nats://ada:hidden@a"] }, /contains a login\. Pass it as/],
  [{ servers: ["nats://ada:hidden@a/b?x"] }, /a URL in 'servers'/],
  [{ servers: SERVERS, server: "x" }, /unknown option 'server'\. Did you mean/],
  [{ servers: SERVERS, prefix: "" }, /'prefix' must be 1 to 32 letters/],
  [{ servers: SERVERS, prefix: "a.b" }, /'prefix'/],
  [{ servers: SERVERS, prefix: "a\r\nPUB x" }, /'prefix'/],
  [{ servers: SERVERS, prefix: "x".repeat(33) }, /'prefix'/],
  [{ servers: SERVERS, replicas: 0 }, /'replicas' must be .* from 1 to 5/],
  [{ servers: SERVERS, replicas: 1.5 }, /'replicas'/],
  [
    { servers: SERVERS, storage: "disk" },
    /'storage' must be "file" or "memory"/,
  ],
  [{ servers: SERVERS, credentials: "hidden" }, /'credentials' must be/],
  [{ servers: SERVERS, credentials: "-----BEGIN hidden" }, /'credentials'/],
  [{ servers: SERVERS, credentials: { user: "hidden" } }, /'credentials'/],
  [{ servers: SERVERS, credentials: { token: "" } }, /'credentials'/],
  [{ servers: SERVERS, credentials: null }, /'credentials'/],
  [{ servers: SERVERS, credentials: ["hidden"] }, /'credentials'/],
  [
    { servers: SERVERS, credentials: { token: "hidden", user: "a" } },
    /'credentials'/,
  ],
  [
    { servers: SERVERS, credentials: { pass: "hidden" } },
    /unknown option 'pass' in 'credentials'/,
  ],
  [{ servers: ["tls://a"], caCerts: "x" }, /'caCerts' must be an array/],
  [{ servers: ["tls://a"], caCerts: ["hidden"] }, /BEGIN CERTIFICATE/],
];

for (const [options, message] of INVALID) {
  Deno.test(`NATS: refuses the options ${JSON.stringify(options)}`, () => {
    assert.throws(() => nats(options as NatsOptions), (error) => {
      assert(error instanceof TypeError || error instanceof RangeError);
      assert.match(error.message, /^Cannot use NATS: /);
      assert.match(error.message, message);
      assert(!Deno.inspect(error).includes("hidden"), "It shows a secret");
      return true;
    });
  });
}

Deno.test("NATS: refuses certificate authorities without TLS", () => {
  const caCerts = [makeCertificate().cert];
  assert.throws(() => nats({ servers: SERVERS, caCerts }), {
    name: "TypeError",
    message: /each URL in 'servers' must begin with tls:/,
  });
  nats({ servers: ["tls://localhost"], caCerts });
});

Deno.test("NATS: completes the URLs", () => {
  const urls = [
    ["nats://localhost", "nats://localhost:4222"],
    ["nats://localhost/", "nats://localhost:4222"],
    ["tls://n1.example:80", "tls://n1.example:80"],
    ["nats://[::1]:5", "nats://[::1]:5"],
    ["nats://127.0.0.1:443", "nats://127.0.0.1:443"],
  ] as const;
  for (const [url, expected] of urls) {
    assert.deepEqual(resolveNatsOptions({ servers: [url] }).servers, [
      expected,
    ]);
  }
});

Deno.test("NATS: connects only when its parts start", async () => {
  const engine = nats({ servers: ["nats://127.0.0.1:1"] });
  assert.equal(engine.name, "NATS");
  const { broker, cluster } = engine.open();
  await broker[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});
