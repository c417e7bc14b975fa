/** A page in headless Chromium that opens before its server runs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open, testWithBrowser } from "../support/browser.ts";
import { lateServer } from "../support/late_server.ts";
import { run } from "../support/process.ts";

const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));

/** The page asks the site to start the server when two attempts have failed. */
const PAGE = `
  import { connect, createConnection } from "@hoist/cli/client";
  export async function visit(url: string) {
    const errors: unknown[] = [];
    const reconnect = { minDelay: 20, maxDelay: 50 };
    const connection = createConnection("test", { url, reconnect });
    connection.onState(async (status) => {
      if (status.state !== "waiting") return;
      if (errors.push(status.close.error?.name) === 2) await fetch("/start");
    });
    const sum = await connection.operation("add", { a: 1, b: 2 });
    const headers = { "x-access": "a secret" };
    const error = await connect("test", { url, headers }).catch(String);
    await connection.close();
    return { sum, errors: errors.slice(0, 2), error };
  }`;

const HTML = `<!DOCTYPE html><link rel="icon" href="data:,">
<script type="module">
  import { visit } from "/page.js";
  globalThis.result = visit("URL");
</script>`;

/** Bundles the page into a directory, with the lazy modules in files of their own. */
async function bundlePage(directory: string): Promise<void> {
  const script = join(directory, "page.ts");
  await Deno.writeTextFile(script, PAGE);
  await run(Deno.execPath(), [
    ...["bundle", "--config", CONFIG, "--no-lock", "--platform", "browser"],
    ...["--code-splitting", "--outdir", directory, script],
  ]);
}

/**
 * Serves the page, whose first request for the module `link_factory` fails. Starts the
 * server of the page when it asks for that.
 */
function serveSite(directory: string) {
  const late = lateServer();
  const requests: string[] = [];
  const stack = new AsyncDisposableStack();
  const respond = async ({ url }: Request): Promise<Response> => {
    const { pathname } = new URL(url);
    const [name = ""] = pathname.slice(1).split("-");
    const isFirst = !requests.includes(name);
    requests.push(name);
    if (name === "") return reply(HTML.replace("URL", late.url), "html");
    if (name === "link_factory" && isFirst) {
      return new Response(null, { status: 503 });
    }
    if (name !== "start") return reply(await read(pathname), "javascript");
    stack.use(late.start()).operation(
      "add",
      ({ a, b }) => Number(a) + Number(b),
    );
    return new Response();
  };
  const read = (path: string) => Deno.readTextFile(join(directory, path));
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const { addr } = stack.use(Deno.serve(options, respond));
  const url = `http://127.0.0.1:${addr.port}/`;
  return { url, requests, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function reply(body: string, type: "html" | "javascript"): Response {
  return new Response(body, { headers: { "content-type": `text/${type}` } });
}

testWithBrowser(
  "a page connects when its modules can be loaded and its server runs",
  async (browser) => {
    const directory = await Deno.makeTempDir();
    try {
      await bundlePage(directory);
      await using site = serveSite(directory);
      const { result, errors } = await open(browser, site.url);
      assert.deepEqual(errors, []);
      assert.deepEqual(result, {
        sum: 3,
        errors: ["TypeError", "ConnectError"],
        error:
          "TypeError: Cannot connect: browsers cannot send 'headers' with a WebSocket. Pass the data in the token.",
      });
      assert(!site.requests.includes("deno_socket_opener"));
      assert(site.requests.includes("link_factory"));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
