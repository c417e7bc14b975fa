/** A program downloads and loads nothing of an engine that it does not import. */

import assert from "node:assert/strict";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { JsrRegistry } from "../support/jsr_registry.ts";
import { run } from "../support/process.ts";

const ROOT = new URL("../../", import.meta.url);

/** The entry points of engines, and a package of each. */
const ENGINES: Readonly<Record<string, string>> = {
  "./nats": "@nats-io/nats-core",
  "./redis": "ioredis",
};

const PACKAGES = Object.values(ENGINES);

for (const [name, entry] of Object.entries(config.exports)) {
  const allowed = ENGINES[name];
  const what = allowed === undefined ? "no engine" : `only ${allowed}`;
  Deno.test(`${name} of the package can load ${what}`, async () => {
    const args = ["info", "--no-lock", "--json", entry];
    const info = await run(Deno.execPath(), args, { cwd: ROOT });
    const found = PACKAGES.filter((each) => info.includes(`npm:${each}@`));
    assert.deepEqual(found, allowed === undefined ? [] : [allowed]);
  });
}

Deno.test("deno task start locks and downloads nothing of an engine", async () => {
  const lock = await Deno.readTextFile(new URL("deno.lock", ROOT));
  for (const each of PACKAGES) assert(!lock.includes(each), each);
});

for (const [name, expected] of [["", []], ["/redis", ["ioredis"]]] as const) {
  Deno.test(`the lock file of a program with jsr:@hoist/cli${name} has ${expected.join() || "no engine"}`, async () => {
    await using registry = await JsrRegistry.start();
    const directory = await Deno.makeTempDir();
    const program = `import "jsr:@hoist/cli${name}";`;
    await Deno.writeTextFile(join(directory, "main.ts"), program);
    await Deno.writeTextFile(join(directory, "deno.json"), "{}");
    const env = {
      DENO_DIR: join(directory, "cache"),
      JSR_URL: registry.url,
      NO_COLOR: "1",
    };
    await run(Deno.execPath(), ["cache", "main.ts"], { cwd: directory, env });
    const lock = await Deno.readTextFile(join(directory, "deno.lock"));
    const found = PACKAGES.filter((each) => lock.includes(`${each}@`));
    assert.deepEqual(found, expected);
    await Deno.remove(directory, { recursive: true });
  });
}
