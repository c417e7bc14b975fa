/** Programs that use a Redis: the permissions that they need, and their end. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RedisEngine } from "../../tools/engines/redis.ts";
import { withEngine } from "../support/engines.ts";
import { cleanEnvironment } from "../support/environment.ts";

const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));

const MODULE = new URL("../../broker/redis.ts", import.meta.url);

/** Reports how the start ends, and then only waits for its own end. */
const PROGRAM = `
  import { redis } from ${JSON.stringify(MODULE)};
  const events = {
    onTold() {}, onAsked: () => Promise.resolve("yes"), onNodes() {},
    onState() {}, onPublication() {}, onStale() {},
  };
  const { cluster, broker } = redis({ url: Deno.args[0] }).open();
  try {
    await cluster.start("node", events);
    await broker.start(events);
    await broker.subscribe("a");
    await broker.publish("a", "1", { history: undefined, key: undefined });
    console.log("published");
  } catch (error) {
    console.log(String(error));
  }
  await broker[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
  console.log("closed");
  // It does not keep the program alive, and only has as many turns if something else does.
  let turns = 0;
  const onTurn = () => ++turns === 200 && console.log("still alive");
  Deno.unrefTimer(setInterval(onTurn, 10));
`;

/** Runs the program with permissions; returns the lines of its output. */
async function run(
  url: string,
  permissions: readonly string[],
): Promise<readonly string[]> {
  const directory = await Deno.makeTempDir();
  const path = join(directory, "program.ts");
  await Deno.writeTextFile(path, PROGRAM);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--no-check", "--config", CONFIG],
      ...[...permissions, path, url],
    ],
    ...cleanEnvironment({ NO_COLOR: "1" }),
    ...{ stdin: "null", stdout: "piped", stderr: "inherit" },
  }).spawn();
  const { code, stdout } = await child.output();
  await Deno.remove(directory, { recursive: true });
  assert.equal(code, 0);
  return new TextDecoder().decode(stdout).trim().split("\n");
}

await withEngine("Redis", () => {
  for (const permission of ["--ignore-env", "--allow-env"]) {
    Deno.test(`Redis: a program needs --allow-net and ${permission}, and ends after its close`, async () => {
      await using redis = await RedisEngine.start();
      const net = `--allow-net=127.0.0.1:${redis.port}`;
      const lines = await run(redis.url, [net, permission]);
      assert.deepEqual(lines, ["published", "closed"]);
    });
  }

  for (
    const [permissions, expected] of [
      [
        ["--allow-net"],
        /^PublishError: Cannot use Redis at \S+: the program lacks a permission that the Redis client needs \(.*[^.]\)\. Run it with --ignore-env, or with --allow-env\.$/m,
      ],
      [
        ["--allow-net", "--allow-env=DEBUG"],
        /Run it with --ignore-env, or with --allow-env\.$/m,
      ],
      [
        ["--ignore-env"],
        /^PublishError: Cannot use Redis at \S+: the program lacks the permission to connect \(.*[^.]\)\. Add --allow-net\.$/m,
      ],
    ] as const
  ) {
    Deno.test(`Redis: a program with only ${permissions.join(" ")} is told what to add`, async () => {
      await using redis = await RedisEngine.start();
      const lines = await run(redis.url, permissions);
      assert.match(lines[0]!, expected);
      assert.deepEqual(lines.slice(1), ["closed"]);
    });
  }

  Deno.test("Redis: a program ends although Redis is frozen or down", async () => {
    await using redis = await RedisEngine.start();
    const permissions = ["--allow-net", "--ignore-env"];
    redis.freeze();
    const frozen = await run(redis.url, permissions);
    assert.match(frozen[0]!, /Redis has not answered within 5 s/);
    assert.deepEqual(frozen.slice(1), ["closed"]);
    await redis.kill();
    const down = await run(redis.url, permissions);
    assert.match(
      down[0]!,
      /the connection was refused \(.*\)\. Check that/,
    );
    assert.deepEqual(down.slice(1), ["closed"]);
  });
});
