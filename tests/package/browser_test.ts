/** Runs the contract of the README in a web page, in headless Chromium. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Server } from "../../server.ts";
import {
  bundle,
  open,
  servePage,
  testWithBrowser,
} from "../support/browser.ts";
import { run } from "../support/process.ts";
import { serveQuietly } from "../support/server.ts";

const ROOT = new URL("../../", import.meta.url);
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

for (const [index, entry] of ENTRIES.entries()) {
  const script = () => join(directory, `page_${index}.mjs`);

  testWithBrowser(
    `a page that imports ${entry} talks to a server`,
    async (browser) => {
      await using server = serveContract();
      await using site = servePage(script(), server.url);
      const url = `http://127.0.0.1:${site.addr.port}/`;
      const { result, errors } = await open(browser, url);
      assert.deepEqual(errors, []);
      assert.deepEqual(result, RESULT);
    },
  );

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
