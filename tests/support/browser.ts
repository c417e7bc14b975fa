/** Pages in headless Chromium. */

import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { run } from "./process.ts";

const ROOT = new URL("../../", import.meta.url);
const CHROMIUM = "/usr/bin/chromium";
const ARGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"],
  ...["--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];

/** Whether the tests with a browser can run. */
const hasChromium = exists(CHROMIUM);
if (!hasChromium) {
  console.warn(
    `Tests with a browser are ignored: there is no ${CHROMIUM}. Install it with: apt-get install chromium`,
  );
}

/** Defines a test with a browser of its own. It is ignored if there is no browser. */
export function testWithBrowser(
  name: string,
  fn: (browser: Browser) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: !hasChromium,
    // The browser keeps its pipes until its process has ended.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const options = { executablePath: CHROMIUM, args: ARGS };
      const browser = await chromium.launch(options);
      try {
        await fn(browser);
      } finally {
        await browser.close();
      }
    },
  });
}

/** Bundles a module for browsers, as a file with the extension `.mjs`. */
export async function bundle(path: string): Promise<void> {
  const config = fileURLToPath(new URL("tests/deno.json", ROOT));
  const output = path.replace(/\.ts$/, ".mjs");
  await run(Deno.execPath(), [
    ...["bundle", "--config", config, "--no-lock", "--platform", "browser"],
    ...["--output", output, path],
  ]);
}

/** Serves a page that calls `visit` and keeps the promise of its result. */
export function servePage(
  script: string,
  url: string,
): Deno.HttpServer<Deno.NetAddr> {
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

/** Opens a page in a browser; returns the page, its result and its errors. */
export async function open(browser: Browser, url: string) {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  await page.waitForFunction("globalThis.result !== undefined").catch(() => {
    throw new Error(`The page does not run: ${errors.join("\n")}`);
  });
  return { page, result: await page.evaluate("globalThis.result"), errors };
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
