/** Messages that are larger than NATS accepts. */

import assert from "node:assert/strict";
import { nats } from "../../broker/nats.ts";
import { connect, ErrorCode, ResponseError } from "../../client.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { NatsBench } from "../support/nats_bench.ts";
import { until } from "../support/timing.ts";

const MAX = 65_536;

const LIMITED = { config: `max_payload: ${MAX}` };

/** Starts a server that uses a NATS, and waits until it is connected. */
async function start(
  engine: NatsEngine,
  options: ServeOptions = {},
): Promise<Server> {
  const broker = nats({ servers: [engine.url] });
  const server = serveQuietly({ broker, ...options });
  const rooms = { authorize: () => true, publish: true };
  server.defineRoom("kept", { ...rooms, history: { size: 100 } });
  server.defineRoom("plain", rooms);
  await server.cluster.ready;
  return server;
}

await withEngine("NATS", () => {
  for (const name of ["kept", "plain"]) {
    Deno.test(`NATS: a message to the room "${name}" that is too large exceeds a limit, and all others arrive`, async () => {
      await using engine = await NatsEngine.start(LIMITED);
      const log = new LogRecorder();
      const limits = { maxPayload: 1_048_576 };
      await using server = await start(engine, { logger: log, limits });
      const logger = new LogRecorder();
      await using client = await connect("test", { url: server.url, logger });
      await using room = await client.join(name);
      const seen: unknown[] = [];
      room.receive("say", ({ data }) => void seen.push(data.n));
      const say = (n: number, text = "") => room.publish("say", { n, text });
      const all = [say(0), say(1, "x".repeat(MAX)), say(2)];
      const [first, error, last] = await Promise.allSettled(all);
      assert.equal(first!.status, "fulfilled");
      assert.equal(last!.status, "fulfilled");
      assert(error!.status === "rejected");
      const { reason } = error!;
      assert(reason instanceof ResponseError, String(reason));
      assert.equal(reason.code, ErrorCode.LIMIT_EXCEEDED);
      assert.deepEqual(reason.data, { limit: "max_payload", value: MAX });
      assert.match(reason.message, /too large for NATS.* 65536 bytes/);
      await until(() => seen.length === 2, "the others arrived");
      assert.deepEqual(seen, [0, 2]);
      const lines = log.lines.join("\n");
      assert.match(lines, /raise 'max_payload' in the configuration of NATS/);
      assert.doesNotMatch(lines, /is down/);
    });

    Deno.test(`NATS: the application learns that a message to the room "${name}" is too large`, async () => {
      await using engine = await NatsEngine.start(LIMITED);
      await using server = await start(engine);
      const text = "x".repeat(MAX);
      await assert.rejects(server.room(name).broadcast("say", { text }), {
        name: "RangeError",
        message:
          /^Cannot send to NATS: the message has 65\d{3} bytes, .* 65536\. Send less data, or raise 'max_payload'/,
      });
      await server.room(name).broadcast("say", { n: 1 });
    });
  }

  Deno.test("NATS: carries and stores a message that is as large as it accepts", async () => {
    await using engine = await NatsEngine.start(LIMITED);
    await using bench = await NatsBench.start(engine);
    await bench.broker.subscribe("a");
    const error = await bench.publish("a", "x".repeat(MAX)).catch(String);
    const [, bytes] = /has (\d+) bytes/.exec(error) ?? [];
    const text = "x".repeat(2 * MAX - Number(bytes));
    await bench.publish("a", text);
    await assert.rejects(bench.publish("a", `${text}x`), /has 65537 bytes/);
    await bench.until(() => bench.payloads.length > 0);
    assert.deepEqual(bench.payloads, [text]);
    assert.deepEqual(bench.payloadsOf(await bench.read("a")), [text]);
    assert.deepEqual(bench.states, ["up"]);
  });

  Deno.test("NATS: warns of a limit for frames that is higher than the one of NATS", async () => {
    await using engine = await NatsEngine.start(LIMITED);
    const linesOf = async (maxPayload: number) => {
      const logger = new LogRecorder();
      await using _ = await start(engine, { logger, limits: { maxPayload } });
      return logger.lines.filter((line) => line.includes("maxPayload"));
    };
    assert.deepEqual(await linesOf(MAX), []);
    const [line, ...more] = await linesOf(MAX + 1);
    assert.match(
      line!,
      /^warn broker: NATS.*65536.*'limits\.maxPayload', 65537/,
    );
    assert.deepEqual(more, []);
  });

  Deno.test("NATS: warns if the servers cannot send each other long messages", async () => {
    const linesOf = async (config: string) => {
      await using engine = await NatsEngine.start({ config });
      const logger = new LogRecorder();
      await using _ = await start(engine, { logger });
      return logger.lines.filter((line) => line.includes("max_payload"));
    };
    assert.deepEqual(await linesOf(""), []);
    const [line] = await linesOf("max_payload: 524288");
    assert.match(
      line!,
      /^warn broker: NATS.*524288 bytes.*up to 524416.*Raise 'max_payload'/,
    );
  });
});
