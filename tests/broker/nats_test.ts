/** The broker of NATS, against real servers. */

import { NatsEngine } from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { openBroker, pause, untilUp } from "../support/nats.ts";
import { restoreFirst } from "../support/nats_restore.ts";
import { type Engine, testBroker } from "./contract.ts";

await withEngine("NATS", () => testBroker("NATS", open));

async function open(): Promise<Engine> {
  const engine = await NatsEngine.start();
  const { link, broker } = openBroker(engine);
  return {
    broker,
    // NATS looks for old messages once per second.
    pass: (milliseconds) => pause(milliseconds + 1_000),
    restore: async (count) => {
      await restoreFirst(engine, count);
      await untilUp(link);
    },
    [Symbol.asyncDispose]: async () => {
      await broker[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}
