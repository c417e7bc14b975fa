/** The spans of requests that other servers send over NATS. */

import assert from "node:assert/strict";
import { nats } from "../../broker/nats.ts";
import { connect, serve } from "../../mod.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { TelemetryApi } from "../support/telemetry_api.ts";

await withEngine("NATS", () => {
  Deno.test("NATS: the request of another server does not belong to the span that has started a server", async () => {
    await using engine = await NatsEngine.start();
    using api = new TelemetryApi();
    const open = () =>
      serve("test", {
        ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder() },
        broker: nats({ servers: [engine.url] }),
      });
    await using started = api.within(open);
    await using other = open();
    await Promise.all([started.cluster.ready, other.cluster.ready]);
    await using connection = await connect("test", { url: started.url });
    connection.receive("ask", (message) => void message.reply("answer", {}));
    const [client] = started.clients;
    await other.client(client!.globalId).request("ask");
    assert.deepEqual(api.spans, []);
  });
});
