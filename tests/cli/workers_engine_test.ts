/** `--workers` and `--broker` with real engines. */

import assert from "node:assert/strict";
import { connect, type Connection, createConnection } from "../../client.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { startProgram, urlOf } from "../support/command_line.ts";
import { withEngine } from "../support/engines.ts";
import type { Program } from "../support/program.ts";
import {
  newWorkersOf,
  poll,
  startWorkers,
  WITHOUT_WORKERS,
  workersOf,
} from "../support/workers.ts";

const TOKEN = "a secret of all clients";

const COUNT = 3;

/** What a server needs that uses the engine in its own process. */
interface EngineCase {
  readonly start: () => Promise<AsyncDisposable & { readonly url: string }>;
  readonly permissions: readonly string[];
}

const CASES: Readonly<Record<string, EngineCase>> = {
  NATS: { start: () => NatsEngine.start(), permissions: [] },
  Redis: {
    start: () => RedisEngine.start(),
    permissions: ["--ignore-env"],
  },
};

for (const [name, engine] of Object.entries(CASES)) {
  await withEngine(name, () => testWorkers(name, engine));
}

function testWorkers(name: string, { start, permissions }: EngineCase): void {
  Deno.test({
    name: `${name}: the clients of other workers stay if one is killed`,
    ignore: WITHOUT_WORKERS,
    fn: async () => {
      await using engine = await start();
      const args = ["--broker", engine.url, "--token", TOKEN];
      await using program = startWorkers(COUNT, args);
      const url = await connectedUrl(program, name, COUNT);
      const workers = await workersOf(program);
      assert.equal(workers.length, COUNT);
      const clients = await connectAll(url, 20);
      Deno.kill(workers[1]!, "SIGKILL");
      await program.line(/worker \d was killed by SIGKILL, and was restarted/);
      await newWorkersOf(program, 1, workers);
      await connectedUrl(program, name, COUNT + 1);
      program.process.kill("SIGTERM");
      assert.equal(await program.ended, 0);
      const codes = await Promise.all(clients.map(codeOf));
      // The others close their clients when the program ends.
      assert.deepEqual([...new Set(codes)].sort(), [1001, 1006]);
      const lines = program.output.lines.join("\n");
      assert.equal(lines.match(/startup: starting server/g)?.length, 1);
    },
  });

  Deno.test({
    name: `${name}: --broker connects a server of one process`,
    ignore: WITHOUT_WORKERS,
    fn: async () => {
      await using engine = await start();
      await using program = startProgram(
        ["--no-prompt", "--allow-net", ...permissions, ...CLONE],
        ["-H", "127.0.0.1", "-p", "0", "--broker", engine.url, "-t", TOKEN],
      );
      const url = await connectedUrl(program, name, 1);
      // The server accepts clients shortly after it has connected to the engine.
      await using client = createConnection(TOKEN, { url });
      await client.opened;
      assert.equal(await program.interrupt(), 0);
    },
  });
}

/** What a program of the clone needs to load the modules of an engine. */
const ROOT = new URL("../../", import.meta.url).pathname;
const CLONE = [
  `--config=${ROOT}tools/workers/deno.json`,
  `--allow-read=${ROOT}`,
];

/** Waits until a number of servers has connected to the engine; returns the URL. */
async function connectedUrl(
  { output }: Program,
  name: string,
  count: number,
): Promise<string> {
  const url = urlOf(await output.line(/startup: starting server/));
  const isConnected = new RegExp(`broker: ${name} connected`);
  await poll(() => {
    const lines = output.lines.filter((line) => isConnected.test(line));
    return lines.length >= count || undefined;
  });
  return url;
}

function connectAll(url: string, count: number): Promise<Connection[]> {
  const attempts = Array.from({ length: count }, () => connect(TOKEN, { url }));
  return Promise.all(attempts);
}

async function codeOf({ closed }: Connection): Promise<number> {
  return (await closed).code;
}
