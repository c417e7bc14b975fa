/** Runs the contract of the README in a web page, in headless Chromium. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import type { Server } from "../../server.ts";
import { run } from "../support/process.ts";
import { serveQuietly } from "../support/server.ts";

const ROOT = new URL("../../", import.meta.url);
const CHROMIUM = "/usr/bin/chromium";
const ARGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
  ...["--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];

const hasChromium = exists(CHROMIUM);
if (!hasChromium) {
  console.warn(
    `Tests with a browser are ignored: there is no ${CHROMIUM}. Install it with: apt-get install chromium`,
  );
}

/** The modules that a page can import `connect` from. */
const ENTRIES = ["@hoist/cli/client", "@hoist/cli"];

/** The expected result of {@linkcode visit}. */
const RESULT = { said: "Hello.", counted: [1, 2, 3], version: "string" };

let directory = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
  const contract = readContract();
  await Deno.writeTextFile(join(directory, contract.name), contract.code);
  for (const [index, entry] of ENTRIES.entries()) {
    const path = join(directory, `page_${index}.ts`);
    await Deno.writeTextFile(path, pageSource(entry, contract.name));
    await bundle(path);
  }
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

/** Finds the example of the README that defines a contract and has a file name. */
function readContract(): { readonly name: string; readonly code: string } {
  const readme = Deno.readTextFileSync(new URL("README.md", ROOT));
  const blocks = readme.matchAll(/^```ts\b.*\n([^]*?)^```$/gm);
  for (const [, code = ""] of blocks) {
    const name = code.match(/^\/\/ (\w+\.ts)\n/)?.[1];
    if (name !== undefined && code.includes("defineContract(")) {
      return { name, code };
    }
  }
  throw new Error("README.md has no example of a contract with a file name");
}

/** The module of a page, which also runs where there is no page. */
function pageSource(entry: string, contract: string): string {
  return `
    import { connect, LoginError } from "${entry}";
    import { contract } from "./${contract}";

    export async function visit(url: string) {
      const connection = await connect("test", { url, contract });
      const event = new Promise<string>((resolve) => {
        connection.receive("said", ({ data }) => resolve(data.text));
      });
      await connection.message("say", { text: "Hello." });
      const counted: number[] = [];
      for await (const n of connection.stream("count", { to: 3 })) counted.push(n);
      const said = await event;
      await connection.close();
      const error = await connect("wrong", { url }).catch((error) => error);
      if (!(error instanceof LoginError)) throw error;
      const { version } = await fetch(url + "/hoist/ack").then((ack) => ack.json());
      return { said, counted, version: typeof version };
    }`;
}

async function bundle(path: string): Promise<void> {
  const config = fileURLToPath(new URL("tests/deno.json", ROOT));
  const output = path.replace(/\.ts$/, ".mjs");
  await run(Deno.execPath(), [
    ...["bundle", "--config", config, "--no-lock", "--platform", "browser"],
    ...["--output", output, path],
  ]);
}

/** Starts a server that does what the contract of the README says. */
function serveContract(): Server {
  const server = serveQuietly();
  server.receive("say", async ({ data, client }) => {
    await server.broadcast("said", {
      text: String(data.text),
      from: client.id,
    });
  });
  server.operation("count", async function* ({ to }) {
    for (let n = 1; n <= Number(to); n++) yield n;
  });
  return server;
}

/** Serves a page that calls `visit` and keeps the promise of its result. */
function servePage(script: string, url: string): Deno.HttpServer<Deno.NetAddr> {
  const page = `<!DOCTYPE html><title>Hoist</title><body><script type="module">
    import { visit } from "/bundle.js";
    globalThis.result = visit("${url}");
    globalThis.result.then((it) => document.body.append(JSON.stringify(it)));
  </script>`;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, async (request) => {
    const isScript = request.url.endsWith("/bundle.js");
    const body = isScript ? await Deno.readTextFile(script) : page;
    const type = isScript ? "text/javascript" : "text/html";
    return new Response(body, { headers: { "content-type": type } });
  });
}

/** Opens a page in a browser; returns the result and the errors of the page. */
async function open(browser: Browser, url: string) {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  await page.waitForFunction("globalThis.result !== undefined").catch(() => {
    throw new Error(`The page does not run: ${errors.join("\n")}`);
  });
  return { result: await page.evaluate("globalThis.result"), errors };
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

for (const [index, entry] of ENTRIES.entries()) {
  const script = () => join(directory, `page_${index}.mjs`);

  Deno.test({
    name: `a page that imports ${entry} talks to a server`,
    ignore: !hasChromium,
    // The browser keeps its pipes until its process has ended.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      await using server = serveContract();
      await using site = servePage(script(), server.url);
      const browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ARGS,
      });
      try {
        const url = `http://127.0.0.1:${site.addr.port}/`;
        const { result, errors } = await open(browser, url);
        assert.deepEqual(errors, []);
        assert.deepEqual(result, RESULT);
      } finally {
        await browser.close();
      }
    },
  });

  Deno.test(`a program that imports ${entry} runs without a global Deno`, async () => {
    await using server = serveContract();
    const program = `delete globalThis.Deno;
      const { visit } = await import("${script()}");
      console.log(JSON.stringify(await visit("${server.url}")));`;
    const args = ["eval", program];
    assert.deepEqual(JSON.parse(await run(Deno.execPath(), args)), RESULT);
  });

  Deno.test(`a program that imports ${entry} runs in Node`, async () => {
    await using server = serveContract();
    const program = `
      const { visit } = await import("${script()}");
      console.log(JSON.stringify(await visit("${server.url}")));`;
    // Node 20 has a WebSocket only with this flag.
    const args = ["--experimental-websocket", "--input-type=module"];
    args.push("--eval", program);
    assert.deepEqual(JSON.parse(await run("node", args)), RESULT);
  });
}
