/** The reasons why no server answers, in the words of the runtimes. */

import assert from "node:assert/strict";
import { unreachable } from "../../client/ack_errors.ts";
import { endpointsOf } from "../../client/http_options.ts";

for (
  const [url, reason, expected] of [
    [
      "http://certificate.test",
      "error sending request for url (http://certificate.test/hoist/ack): client error (Connect): dns error: no address",
      /there is no address of the host certificate\.test/,
    ],
    [
      "http://certificate.test",
      "getaddrinfo ENOTFOUND certificate.test",
      /there is no address of the host certificate\.test/,
    ],
    [
      "http://host/credentials",
      "error sending request for url (http://host/credentials/hoist/ack): client error (Connect): tcp connect error",
      /no server answers there/,
    ],
    [
      "https://host/certificate",
      "error sending request for url (https://host/certificate/hoist/ack): client error (Connect): tcp connect error",
      /no server answers there/,
    ],
    [
      "https://credentials",
      "Hostname/IP does not match certificate's altnames: Host: credentials. is not in the cert's altnames",
      /the TLS certificate of the server is for another host name/,
    ],
    [
      "http://ada:sesame@host",
      "Request cannot be constructed from a URL that includes credentials: http://ada:sesame@host/hoist/ack",
      /accepts no user name and no password in a URL/,
    ],
  ] as const
) {
  Deno.test(`unreachable() describes the failure of ${url}: ${reason.slice(0, 30)}…`, () => {
    const error = new TypeError("fetch failed", { cause: new Error(reason) });
    const { message } = unreachable(endpointsOf(url), error);
    assert.match(message, expected);
  });
}

Deno.test("unreachable() keeps an error whose cause is null", () => {
  const error = new Error("connection refused", { cause: null });
  const endpoints = endpointsOf("http://127.0.0.1:5000");
  assert.equal(unreachable(endpoints, error).cause, error);
});
