/** The package as its users get it, from a registry into an empty cache. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "../client.ts";
import { stage } from "../tasks/stage.ts";
import { JsrRegistry } from "./jsr_registry.ts";

const ROOT = new URL("../", import.meta.url);

/** An empty folder, with a cache and a registry of its own. */
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

  /** What a program that `run` started has tried to be allowed. */
  async asked(): Promise<Set<string>> {
    const audit = await Deno.readTextFile(join(this.#directory, "audit"));
    const lines = audit.trim().split("\n");
    return new Set(lines.map((line) => JSON.parse(line).permission));
  }

  write(name: string, source: string): Promise<void> {
    return Deno.writeTextFile(join(this.#directory, "project", name), source);
  }

  /** Runs a program to its end; returns what it prints. */
  async run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#deno(args).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  /** Starts a program that is a server. */
  start(...args: string[]): ServerProgram {
    return new ServerProgram(this.#deno(args).spawn());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }

  #deno(args: string[]): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...args],
      cwd: join(this.#directory, "project"),
      env: {
        DENO_AUDIT_PERMISSIONS: join(this.#directory, "audit"),
        DENO_DIR: join(this.#directory, "cache"),
        JSR_URL: this.#registry.url,
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }
}

/** A server in a process of its own. */
class ServerProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #errors: Promise<string>;
  readonly #url = Promise.withResolvers<string>();

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#errors = this.#read();
  }

  /** Where it listens, once it does. */
  get url(): Promise<string> {
    return this.#url.promise;
  }

  /** Asks it to end; returns its exit code and what it wrote to standard error. */
  async terminate(): Promise<[code: number, errors: string]> {
    this.#child.kill("SIGTERM");
    const { code } = await this.#child.status;
    return [code, await this.#errors];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#child.stdout.cancel();
    await this.#errors;
  }

  async #read(): Promise<string> {
    const { stderr } = this.#child;
    let text = "";
    for await (const chunk of stderr.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const address = text.match(/starting server on (\S+) with/)?.[1];
      if (address !== undefined) this.#url.resolve(`http://${address}`);
    }
    this.#url.reject(new Error(`The server did not start:\n${text}`));
    return text;
  }
}

Deno.test("deno run jsr:@hoist/cli --version prints the version", async () => {
  await using sandbox = await Sandbox.make();
  const output = await sandbox.run("jsr:@hoist/cli", "--version");
  assert.equal(output, "hoist 1.0.0\n");
});

Deno.test("deno run --allow-net jsr:@hoist/cli starts a server until SIGTERM", async () => {
  await using sandbox = await Sandbox.make();
  const args = "-t test -H 127.0.0.1 -p 0".split(" ");
  await using server = sandbox.start("--allow-net", "jsr:@hoist/cli", ...args);
  const url = await server.url;
  await using connection = await connect("test", { url });
  assert.deepEqual((await connection.message("hello")).replies, []);
  const [code, errors] = await server.terminate();
  assert.equal(code, 0, errors);
  assert.match(errors, /startup: starting server on .* with token test\n/);
  assert.equal((await connection.closed).code, 1001);
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
  await using server = sandbox.start("--check", "--allow-net", "server.ts");
  const client = ["--check", "--allow-net", "client.ts"];
  assert.equal(await sandbox.run(...client, await server.url), "3\n");
  assert.equal((await server.terminate())[0], 0);
});

Deno.test("importing the library needs no permission and asks for none", async () => {
  await using sandbox = await Sandbox.make();
  const { exports } = await readJson(new URL("deno.json", ROOT));
  const paths = Object.keys(exports).map((path) => path.slice(1));
  const imports = paths.map((path) => `import "jsr:@hoist/cli${path}";\n`);
  await sandbox.write("main.ts", `${imports.join("")}console.log("imported");`);
  assert.equal(await sandbox.run("main.ts"), "imported\n");
  // Every program that imports from a registry has this one, without asking.
  assert.deepEqual(await sandbox.asked(), new Set(["import"]));
});

Deno.test("the package is the modules, the documents and the configuration", async () => {
  const directory = await Deno.makeTempDir();
  const paths = await stage(directory);
  const modules = [...Deno.readDirSync(ROOT)]
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".ts"));
  const others = ["CHANGELOG.md", "LICENSE", "README.md", "deno.json"];
  assert.deepEqual(paths.toSorted(), [...modules, ...others].toSorted());
  await Deno.remove(directory, { recursive: true });
});

Deno.test("the package has the configuration of the checkout without its links", async () => {
  const directory = await Deno.makeTempDir();
  await stage(directory);
  const staged = await readJson(join(directory, "deno.json"));
  const { links, ...rest } = await readJson(new URL("deno.json", ROOT));
  assert.equal(links.length, 3);
  assert.deepEqual(staged, rest);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("deno task publish:check takes the files of the package and no others", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "publish:check"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const report = new TextDecoder().decode(stderr);
  assert.equal(code, 0, report);
  const names = report.matchAll(/^ *file:\S+\/(\S+) \(.*\)$/gm);
  const directory = await Deno.makeTempDir();
  const paths = await stage(directory);
  assert.deepEqual([...names].map(([, name]) => name), paths);
  await Deno.remove(directory, { recursive: true });
});

// deno-lint-ignore no-explicit-any -- a test looks at any key
async function readJson(path: string | URL): Promise<any> {
  return JSON.parse(await Deno.readTextFile(path));
}
