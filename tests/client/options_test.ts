/** The options of connect(), which are checked before anything is sent. */

import assert from "node:assert/strict";
import { openConnection } from "../../client/create_connection.ts";
import type { ConnectOptions } from "../../client/options.ts";
import type { Contract } from "../../contract/contract.ts";

/** Fails if a WebSocket is constructed. */
class UnusedSocket {
  constructor() {
    assert.fail("a WebSocket was constructed");
  }
}

for (
  const [options, message] of [
    [{ timout: 5 }, "unknown option 'timout'. Did you mean 'timeout'?"],
    [{ Url: "http://a" }, "unknown option 'Url'. Did you mean 'url'?"],
    [
      { minimum_version: "1.0.0" },
      "unknown option 'minimum_version'. This package calls it 'minimumVersion'.",
    ],
    [
      { reconnect: { maxDelays: 1 } },
      "unknown option 'maxDelays' in 'reconnect'. Did you mean 'maxDelay'?",
    ],
    [{ reconnect: "yes" }, "'reconnect' must be an object. It is \"yes\"."],
    [{ signal: 1 }, "'signal' must be an AbortSignal. It is 1."],
    [{ timeout: "1" }, /^Cannot connect: 'timeout' must be a number of /],
    [{ url: 5 }, /^Cannot connect: 'url' must be an HTTP .+\. It is 5\.$/],
    [
      { url: "127.0.0.1:5000" },
      /It is "127\.0\.0\.1:5000"\. Did you forget http:\/\/\?$/,
    ],
    [{ url: "localhost:5000/a" }, /:5000\/a"\. Did you forget http:\/\/\?$/],
    [{ url: "[::1]:5000" }, /\]:5000"\. Did you forget http:\/\/\?$/],
    [{ url: "a.example" }, /"a\.example"\. Did you forget http:\/\/\?$/],
    [{ url: "ftp://a" }, /It is "ftp:\/\/a"\.$/],
    // What precedes the last @ can contain a password.
    [{ url: "mailto:a@b" }, /It is "…@b"\.$/],
    [{ url: "a b" }, /It is "a b"\.$/],
    [{ url: "" }, /It is empty\.$/],
    [{ logger: console.log }, "'logger' must be an object. It is a function."],
    [{ logger: null }, "'logger' must be an object. It is null."],
    [{ minimumVersion: 1 }, /'minimumVersion' must be a version .+ It is 1\.$/],
    [{ fetch: "fetch" }, /'fetch' must be a function/],
    [{ headers: { host: "a" } }, /'headers' must not contain "host"/],
    [{ caCerts: "ca.pem" }, /'caCerts' must be an array of certificates/],
    [
      { caCerts: ["-----BEGIN PRIVATE KEY-----\nMIIE"] },
      /'caCerts' must be certificates in PEM format, and not private keys\.$/,
    ],
    [{ caCerts: ["ca.pem"] }, /in PEM format, and not their paths. It is "ca/],
    [null, "the options must be an object. They are null."],
  ] as readonly [object | null, string | RegExp][]
) {
  Deno.test(`rejects the options ${Deno.inspect(options)}`, async () => {
    const all = options && { WebSocket: UnusedSocket, ...options };
    await assert.rejects(
      openConnection("test", all as unknown as ConnectOptions<Contract>),
      {
        name: "TypeError",
        message: typeof message === "string"
          ? `Cannot connect: ${message}`
          : message,
      },
    );
  });
}

for (const timeout of [-1, NaN, 2 ** 31]) {
  Deno.test(`rejects the timeout ${timeout}`, async () => {
    await assert.rejects(openConnection("test", { timeout }), {
      name: "RangeError",
      message: /^Cannot connect: 'timeout' must be .+, or Infinity\. It is /,
    });
  });
}

for (
  const options of [
    { maxPayload: 127 },
    { maxPayload: 1_000.5 },
    { maxBuffered: 1_023 },
    { maxBuffered: NaN },
  ]
) {
  Deno.test(`rejects the options ${Deno.inspect(options)}`, async () => {
    await assert.rejects(openConnection("test", options), {
      name: "RangeError",
      message:
        /^Cannot connect: 'max.+' must be a whole number of bytes of at least (128|1024), or Infinity\. It is /,
    });
  });
}

Deno.test("never shows the token in an error", async () => {
  for (const token of [{ secret: 1 }, ["secret"], 5] as unknown as string[]) {
    await assert.rejects(openConnection(token, {}), {
      name: "TypeError",
      message:
        "Cannot connect: the token must be a non-empty string. Pass the token of the server, or a function that returns it.",
    });
  }
});
