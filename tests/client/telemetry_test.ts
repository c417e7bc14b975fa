import assert from "node:assert/strict";
import { RequestSpans } from "../../client/telemetry.ts";
import { TelemetryApi } from "../support/telemetry_api.ts";

for (
  const [url, address, port] of [
    ["http://127.0.0.1:5000/hoist", "127.0.0.1", 5000],
    ["https://example.com/hoist", "example.com", 443],
    ["ws://example.com", "example.com", 80],
    ["wss://[::1]:8443/", "::1", 8443],
  ] as const
) {
  Deno.test(`the span of a request to ${url} names the server`, () => {
    using api = new TelemetryApi();
    new RequestSpans("all", url).start("add")?.end();
    assert.deepEqual(api.spans[0]?.attributes, {
      "rpc.system.name": "hoist",
      "rpc.method": "add",
      "server.address": address,
      "server.port": port,
    });
  });
}
