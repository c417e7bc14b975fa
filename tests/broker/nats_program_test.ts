/** Programs that use NATS: their permissions, and their end. */

import assert from "node:assert/strict";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { Program } from "../support/program.ts";

const CONFIG = new URL("../deno.json", import.meta.url).pathname;

/** Starts both parts, uses them, and closes them. */
const source = (port: number) => `
  import { nats } from "${import.meta.resolve("../../broker/nats.ts")}";
  const engine = nats({ servers: ["nats://127.0.0.1:${port}"] });
  const { broker, cluster } = engine.open();
  const history = { size: 5, ttl: 60_000, maxBytes: 1_000 };
  const down = Promise.withResolvers();
  const events = {
    onPublication: () => console.log("received"),
    onStale() {}, onTold() {}, onNodes() {},
    onAsked: () => Promise.resolve(undefined),
    onState: (state) => {
      console.log(state);
      if (state === "down") down.resolve();
    },
  };
  await cluster.start("node", events);
  await broker.start(events);
  await broker.subscribe("a");
  await broker.publish("a", "1", { history, key: undefined });
  await broker.publish("a", "2", { history: undefined, key: undefined });
  await cluster.put("key", "value");
  console.log("ready");
`;

const END = `
  await broker[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  console.log("closed");
`;

/** Publishes until NATS is frozen. Ends while it does not answer, and the next attempt is due. */
const END_WHILE_DOWN = `
  for (let isUp = true; isUp;) {
    await broker.publish("a", "3", { history, key: undefined }).catch(() => {
      console.log("rejected");
      isUp = false;
    });
  }
  await down.promise;
  ${END}
`;

/** Runs a script with the permission to reach NATS, and no other. */
async function run(
  port: number,
  script: string,
  onReady?: () => void,
): Promise<readonly string[]> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, script);
  const flags = ["--no-prompt", "--no-check", "--config", CONFIG];
  await using program = new Program([
    ...flags,
    `--allow-net=127.0.0.1:${port}`,
    file,
  ]);
  try {
    if (onReady !== undefined) {
      await program.line(/ ready$/);
      onReady();
      await program.line(/ closed$/);
    }
    const { lines } = program.output;
    assert.equal(await program.ended, 0, lines.join("\n"));
    return lines.map((line) => line.replace(/^info /, ""));
  } finally {
    await Deno.remove(file);
  }
}

await withEngine("programs with NATS", () => {
  Deno.test("NATS: needs only --allow-net, and keeps no closed program alive", async () => {
    await using engine = await NatsEngine.start();
    const lines = await run(engine.port, source(engine.port) + END);
    assert(lines.includes("closed") && lines.includes("up"));
  });

  Deno.test("NATS: keeps no program alive that closes while NATS is frozen", async () => {
    await using engine = await NatsEngine.start();
    const script = source(engine.port) + END_WHILE_DOWN;
    const lines = await run(engine.port, script, () => engine.freeze());
    assert(lines.includes("rejected") && lines.includes("closed"));
    assert(lines.includes("down"));
    engine.thaw();
  });

  Deno.test("NATS: reports a missing permission", async () => {
    const script = `
      import { nats } from "${import.meta.resolve("../../broker/nats.ts")}";
      const { broker } = nats({ servers: ["nats://127.0.0.1:2"] }).open();
      await broker.start({}).catch((error) => console.log(error.message));
      await broker[Symbol.asyncDispose]();
    `;
    const [line] = await run(1, script);
    assert.match(line!, /Requires net access to "127\.0\.0\.1:2"/);
  });
});
