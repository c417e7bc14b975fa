/**
 * Runs the tests of brokers with real engines, which it installs first.
 *
 * ```sh
 * deno task test:brokers tests/broker/redis_test.ts
 * ```
 *
 * @module
 */

import { runTool } from "../lib/arguments.ts";
import { installNats } from "./nats.ts";
import { installRedis } from "./redis.ts";

/** The tests that need an engine. */
const PATHS = ["tests/broker", "tests/cli/workers_engine_test.ts"];

/** Runs the tests; returns the exit code. */
async function test(paths: readonly string[]): Promise<number> {
  // `deno task lint` checks the types of these tests.
  const flags = ["--allow-all", "--trace-leaks", "--parallel", "--no-check"];
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--config", "tests/deno.json", ...flags, ...paths],
    ],
    env: { HOIST_ENGINES: "1" },
    stdin: "null",
  });
  const { code } = await command.spawn().status;
  return code;
}

if (import.meta.main) {
  const syntax = {
    name: "",
    summary:
      "Installs NATS and Redis, and runs the tests that need them. Needs the network",
    arguments: [{
      ...{ name: "PATH", isOptional: true, isRepeated: true },
      help: `The tests to run instead of ${PATHS.join(" and ")}`,
    }],
    flags: {},
  };
  const program = "deno task test:brokers";
  const code = await runTool(program, syntax, Deno.args, async (_, paths) => {
    await installNats();
    for (const { name } of await installRedis()) console.log(`Found ${name}`);
    return await test(paths.length > 0 ? paths : PATHS);
  });
  Deno.exit(code);
}
