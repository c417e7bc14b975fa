/** What is published, and where the code of the dependencies comes from. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { cleanEnvironment } from "../support/environment.ts";

const ROOT = new URL("../../", import.meta.url);

/** The parts of a lock file that are used here. */
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
}

const LOCKED = [
  ...["./", "tests/", "tools/workers/"],
  ...["examples/jobs/", "examples/chat/"],
] as const;

async function readJson<Value>(path: string): Promise<Value> {
  return JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
}

/** Returns the npm packages that the links import, such as `npm:std-semver@1.0.8`. */
async function npmSpecifiers(): Promise<readonly string[]> {
  const links = new URL("tools/links/", ROOT);
  const sources: string[] = [];
  for (const { name: link } of Deno.readDirSync(links)) {
    for (const { name } of Deno.readDirSync(new URL(link, links))) {
      sources.push(
        await Deno.readTextFile(new URL(`${link}/${name}`, links)),
      );
    }
  }
  const matches = sources.join("\n").matchAll(/"(npm:[^"/]+)(?:\/[^"]*)?"/g);
  return [...new Set([...matches].map(([, specifier]) => specifier!))];
}

Deno.test("the lock file of the server has no package of an engine", async () => {
  // Deno downloads all of them when a program starts, even if it does not import them.
  const { specifiers } = await readJson<Lock>("deno.lock");
  assert.deepEqual(
    Object.keys(specifiers).filter((name) => name.startsWith("npm:")).sort(),
    (await npmSpecifiers()).toSorted(),
  );
});

for (const entry of ["mod.ts", "server.ts", "client.ts", "cli/commands.ts"]) {
  Deno.test(`${entry} loads no module of an engine`, async () => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: ROOT,
    }).output();
    const info = new TextDecoder().decode(stdout);
    assert.match(info, /broker\/broker\.ts|client\/connection\.ts|cli\//);
    assert.doesNotMatch(info, /broker\/(nats|redis)|nats-core|ioredis/);
  });
}

for (const folder of LOCKED) {
  Deno.test(`the lock file in ${folder} has the npm packages of the links by hash`, async () => {
    const lock = await readJson<Lock>(`${folder}deno.lock`);
    const specifiers = await npmSpecifiers();
    assert(specifiers.length > 0);
    for (const specifier of specifiers) {
      // A fixed version, so that no other one can be resolved.
      assert.match(specifier, /@\d+\.\d+\.\d+$/);
      const version = lock.specifiers[specifier];
      const name = specifier.replace(/^npm:(.*)@.*/, "$1");
      const { integrity = "none" } = lock.npm[`${name}@${version}`] ?? {};
      assert.match(integrity, /^sha512-[\w+/]{86}==$/, specifier);
    }
  });
}

// The dashboard imports none of the packages that links replace.
for (const folder of [...LOCKED, "dashboard/"]) {
  Deno.test(`the lock file in ${folder} has every npm package by hash`, async () => {
    const { npm } = await readJson<Lock>(`${folder}deno.lock`);
    for (const [name, { integrity = "none" }] of Object.entries(npm)) {
      assert.match(integrity, /^sha512-[\w+/]{86}==$/, name);
    }
  });

  Deno.test(`the lock file in ${folder} is frozen`, async () => {
    const config = await readJson<{ readonly lock: unknown }>(
      `${folder}deno.json`,
    );
    assert.deepEqual(config.lock, { path: "./deno.lock", frozen: true });
  });
}

Deno.test("the lock file of deno task start:workers has the libraries of the engines", async () => {
  const broker = new URL("broker/", ROOT);
  const paths = [...Deno.readDirSync(broker)].map(({ name }) => name);
  const sources = await Promise.all(
    paths.map((path) => Deno.readTextFile(new URL(path, broker))),
  );
  const matches = sources.join("\n").matchAll(/"(npm:@?[^@"]+@[\d.]+)/g);
  const needed = new Set([...matches].map(([, specifier]) => specifier!));
  assert(needed.size >= 2);
  const { specifiers } = await readJson<Lock>("tools/workers/deno.lock");
  assert.deepEqual(
    [...needed].filter((name) => !(name in specifiers)),
    [],
    "Run: deno install --config tools/workers/deno.json --frozen=false --entrypoint mod.ts broker/nats.ts broker/redis.ts",
  );
  const own = await readJson<Lock>("deno.lock");
  assert.deepEqual([...needed].filter((name) => name in own.specifiers), []);
});

Deno.test("the gate does not unlock the lock files", async () => {
  const gate = await Deno.readTextFile(new URL(".ci/run", ROOT));
  const { tasks } = await readJson<{ readonly tasks: object }>("deno.json");
  const commands = `${gate}\n${JSON.stringify(tasks)}`;
  assert.doesNotMatch(commands, /--no-lock|--frozen=false|--lock\b/);
});

Deno.test("a program that needs a package outside of the lock file fails", async () => {
  const config = fileURLToPath(new URL("deno.json", ROOT));
  const script = "data:text/javascript,import 'npm:hono@4.9.9'";
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", config, script],
    ...cleanEnvironment({ NO_COLOR: "1" }),
    stdin: "null",
  }).output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /lockfile is out of date/);
});

/** A registry that knows no package and records what it is asked for. */
function recordRequests(): {
  readonly requests: readonly string[];
  readonly server: Deno.HttpServer<Deno.NetAddr>;
} {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ method, url }) => {
      requests.push(`${method} ${new URL(url).pathname}`);
      return Response.json({ code: "notFound", message: "" }, { status: 404 });
    },
  );
  return { requests, server };
}

for (
  const flags of [[], ["--no-check"], ["--allow-slow-types"], ["--dry-run"]]
) {
  Deno.test(`deno publish ${flags.join(" ")} in the checkout fails and uploads nothing`, async () => {
    const { requests, server } = recordRequests();
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["publish", "--allow-dirty", "--token", "none", ...flags],
      cwd: ROOT,
      ...cleanEnvironment({
        JSR_URL: `http://127.0.0.1:${server.addr.port}/`,
        NO_COLOR: "1",
      }),
      stdin: "null",
    }).output();
    await server.shutdown();
    assert.equal(code, 1);
    // The lock file lacks the packages of the engines, which Deno finds first.
    assert.match(
      new TextDecoder().decode(stderr),
      /error\[excluded-module\]|The lockfile is out of date/,
    );
    assert.deepEqual(
      requests.filter((request) => !request.startsWith("GET ")),
      [],
    );
  });
}
