/** An engine that accepts only short messages, without a network: see `nats_too_large_test.ts`. */

import assert from "node:assert/strict";
import type { Engine, EngineConnection } from "../../broker/engine.ts";
import { memory } from "../../broker/memory.ts";
import type { EngineLimit } from "../../broker/too_large.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { PassingBroker } from "../support/passing_broker.ts";
import { serveQuietly } from "../support/server.ts";
import { endOfTick } from "../support/timing.ts";

class LimitedBroker extends PassingBroker {
  readonly limit: EngineLimit = { engine: "X", setting: "x", value: 1_000 };
}

class LimitedEngine implements Engine {
  readonly name = "limited";

  open(): EngineConnection {
    const { broker, cluster } = memory().open();
    return { broker: new LimitedBroker(broker), cluster };
  }
}

for (const when of ["before", "after"]) {
  Deno.test(`a server warns once of a low limit of its engine if its rooms are defined ${when} it has connected`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, broker: new LimitedEngine() });
    if (when === "after") await server.cluster.ready;
    server.defineRoom("a");
    server.defineRoom("b");
    await server.cluster.ready;
    await logger.line(/^warn broker: X accepts messages of at most 1000 bytes/);
    const lines = logger.lines.filter((line) => line.includes("maxPayload"));
    assert.equal(lines.length, 1);
  });
}

Deno.test("a server without rooms does not warn of a low limit of its engine", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({ logger, broker: new LimitedEngine() });
  await server.cluster.ready;
  await endOfTick();
  assert.doesNotMatch(logger.lines.join("\n"), /maxPayload/);
});
