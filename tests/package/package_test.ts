/** Tests the package as users get it: from a registry, with an empty cache. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "../../client.ts";
import { stage } from "../../tools/publish.ts";
import { settlesWithin } from "../../common/async.ts";
import { VERSION } from "../../version.ts";
import { firstMatch } from "../support/process.ts";
import { JsrRegistry } from "../support/jsr_registry.ts";
import { readSources } from "../support/modules.ts";
import { cleanEnvironment } from "../support/environment.ts";

const ROOT = new URL("../../", import.meta.url);

/** The time limit for the end of a server, in milliseconds. */
const LIMIT = 60_000;

/** An empty folder that has its own cache and registry. */
class Sandbox implements AsyncDisposable {
  readonly #registry: JsrRegistry;
  readonly #directory: string;

  private constructor(registry: JsrRegistry, directory: string) {
    this.#registry = registry;
    this.#directory = directory;
  }

  static async make(): Promise<Sandbox> {
    const directory = await Deno.makeTempDir();
    await Deno.mkdir(join(directory, "project"));
    return new Sandbox(await JsrRegistry.start(), directory);
  }

  /** The folder in which programs run. */
  get project(): string {
    return join(this.#directory, "project");
  }

  /** The permissions that the last program requested. */
  async requested(): Promise<Set<string>> {
    const audit = await Deno.readTextFile(join(this.#directory, "audit"));
    const lines = audit.trim().split("\n");
    return new Set(lines.map((line) => JSON.parse(line).permission));
  }

  write(name: string, source: string): Promise<void> {
    return Deno.writeTextFile(join(this.project, name), source);
  }

  /** Runs a program until it ends; returns its output. */
  async run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#deno(args).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  /** Starts a program that is a server. */
  start(...args: string[]): Deno.ChildProcess {
    return this.#deno(args, "null").spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }

  /** Makes the command for a program without permissions that uses the registry. */
  #deno(args: string[], stdout: "piped" | "null" = "piped"): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...args],
      cwd: this.project,
      ...cleanEnvironment({
        DENO_AUDIT_PERMISSIONS: join(this.#directory, "audit"),
        DENO_DIR: join(this.#directory, "cache"),
        JSR_URL: this.#registry.url,
        NO_COLOR: "1",
      }),
      stdin: "null",
      stdout,
      stderr: "piped",
    });
  }
}

Deno.test("deno run jsr:@hoist/cli --version prints the version", async () => {
  await using sandbox = await Sandbox.make();
  const output = await sandbox.run("jsr:@hoist/cli", "--version");
  assert.equal(output, `hoist ${VERSION}\n`);
});

Deno.test("deno run --allow-net jsr:@hoist/cli starts a server until SIGTERM", async () => {
  await using sandbox = await Sandbox.make();
  const args = "-t test -H 127.0.0.1 -p 0 --show-token".split(" ");
  await using child = sandbox.start("--allow-net", "jsr:@hoist/cli", ...args);
  const { url, errors } = watch(child);
  await using connection = await connect("test", { url: await url });
  assert.deepEqual((await connection.message("hello")).replies, []);
  await terminate(child, errors);
  assert.match(
    await errors,
    /startup: starting server on .* with token test\n/,
  );
  assert.equal((await connection.closed).code, 1001);
});

Deno.test({
  name: "deno run jsr:@hoist/cli --workers starts a worker of the same package",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using sandbox = await Sandbox.make();
    const args = "--workers 1 -t test -H 127.0.0.1 -p 0".split(" ");
    await using child = sandbox.start(
      ...["--allow-net", "--allow-run", "jsr:@hoist/cli"],
      ...[...args, "--broker", "redis://127.0.0.1:1"],
    );
    const { url, errors } = watch(child);
    const response = await fetch(`${await url}/hoist/health`);
    assert("broker" in await response.json());
    await terminate(child, errors);
  },
});

Deno.test("a server of jsr:@hoist/cli and a client of jsr:@hoist/cli/client talk to each other", async () => {
  await using sandbox = await Sandbox.make();
  await sandbox.write(
    "server.ts",
    `import { main, serve } from "jsr:@hoist/cli";
    await main(import.meta, async (signal) => {
      const where = { hostname: "127.0.0.1", port: 0 };
      await using server = serve("test", { ...where, signal });
      server.operation("add", ({ a, b }) => Number(a) + Number(b));
      await server.finished;
    });`,
  );
  await sandbox.write(
    "client.ts",
    `import { connect } from "jsr:@hoist/cli/client";
    await using connection = await connect("test", { url: Deno.args[0]! });
    console.log(await connection.operation("add", { a: 1, b: 2 }));`,
  );
  await using child = sandbox.start("--check", "--allow-net", "server.ts");
  const { url, errors } = watch(child);
  const client = ["--check", "--allow-net", "client.ts"];
  assert.equal(await sandbox.run(...client, await url), "3\n");
  await terminate(child, errors);
});

Deno.test("importing the package needs no permission and requests none", async () => {
  await using sandbox = await Sandbox.make();
  const { exports } = await readJson(new URL("deno.json", ROOT));
  const paths = Object.keys(exports).map((path) => path.slice(1));
  const imports = paths.map((path) => `import "jsr:@hoist/cli${path}";\n`);
  await sandbox.write("main.ts", `${imports.join("")}console.log("imported");`);
  assert.equal(await sandbox.run("main.ts"), "imported\n");
  // Every program that imports from a registry has this permission.
  assert.deepEqual(await sandbox.requested(), new Set(["import"]));
});

Deno.test("the package works without links, with the packages of the registry", async () => {
  await using sandbox = await Sandbox.make();
  await stage(sandbox.project);
  const output = await sandbox.run("--check", "mod.ts", "--version");
  assert.equal(output, `hoist ${VERSION}\n`);
});

Deno.test("the package contains all modules, and nothing of tests and tools", async () => {
  const { paths } = await stageAndRemove();
  const modules = paths.filter((path) => path.endsWith(".ts"));
  assert.deepEqual(modules, [...(await readSources()).keys()]);
});

Deno.test("the package contains every file that its documents link to", async () => {
  const { paths } = await stageAndRemove();
  const missing = paths.filter((path) => path.endsWith(".md")).flatMap((path) =>
    linksIn(path).filter((target) => !paths.includes(target))
      .map((target) => `${path} links to ${target}`)
  );
  assert.deepEqual(missing, []);
});

Deno.test("the package has the configuration of the checkout without its links and its lock file", async () => {
  const { config } = await stageAndRemove();
  const { links: _links, lock: _lock, ...rest } = await readJson(
    new URL("deno.json", ROOT),
  );
  assert.deepEqual(config, rest);
});

Deno.test("deno task publish:check publishes exactly the files of the package", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "publish:check"],
    cwd: ROOT,
    ...cleanEnvironment({ NO_COLOR: "1" }),
  }).output();
  const report = new TextDecoder().decode(stderr);
  assert.equal(code, 0, report);
  const files = report.matchAll(/^ *file:\S+\/hoist_[^/\s]+\/(\S+) \(.*\)$/gm);
  const { paths } = await stageAndRemove();
  assert.deepEqual([...files].map(([, path]) => path), paths);
});

/** The files that a document links to, as paths in the package. */
function linksIn(path: string): string[] {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => new URL(target, new URL(path, ROOT)).href)
    .map((url) => url.slice(ROOT.href.length));
}

/** The URL of a server that is starting, and everything that it logs. */
function watch(
  child: Deno.ChildProcess,
): { readonly url: Promise<string>; readonly errors: Promise<string> } {
  const [start, all] = child.stderr.tee();
  const address = firstMatch(start, /(?<=starting server on )\S+(?=\s)/);
  const url = address.then((address) => `http://${address}`);
  return { url, errors: new Response(all).text() };
}

/** Ends a server with SIGTERM. Its exit code must be 0. */
async function terminate(
  child: Deno.ChildProcess,
  errors: Promise<string>,
): Promise<void> {
  child.kill("SIGTERM");
  const hasEnded = await settlesWithin(child.status, LIMIT);
  if (!hasEnded) child.kill("SIGKILL");
  const { code } = await child.status;
  assert.equal(code, 0, `The server ended with ${code}:\n${await errors}`);
}

/** Reads the paths and the configuration of the staged package. */
async function stageAndRemove(): Promise<{ paths: string[]; config: unknown }> {
  const directory = await Deno.makeTempDir();
  try {
    const paths = await stage(directory);
    return { paths, config: await readJson(join(directory, "deno.json")) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

// deno-lint-ignore no-explicit-any -- a test looks at any key
async function readJson(path: string | URL): Promise<any> {
  return JSON.parse(await Deno.readTextFile(path));
}
