/** What a connection of a page in headless Chromium does when the page wakes up. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import {
  bundle,
  open,
  servePage,
  testWithBrowser,
} from "../support/browser.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/**
 * The page sends no ping by itself, because its interval is 10 minutes. It calls `visit` with
 * the URL of the server and the timeout of a ping, separated by a space.
 */
const PAGE = `
  import { connect } from "@hoist/cli/client";
  export async function visit(target: string) {
    const [url = "", timeout] = target.split(" ");
    const heartbeat = { interval: 600_000, timeout: Number(timeout) };
    const connection = await connect("test", { url, heartbeat });
    Object.assign(globalThis, {
      connection,
      setVisibility(state: string) {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      },
    });
    return connection.state;
  }`;

/** The events that wake a page up. Headless pages are never hidden or frozen. */
const EVENTS = {
  "visibilitychange": `setVisibility("visible")`,
  "pageshow": `dispatchEvent(new PageTransitionEvent("pageshow"))`,
  "online": `dispatchEvent(new Event("online"))`,
};

let directory = "";
let script = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
  const source = join(directory, "page.ts");
  await Deno.writeTextFile(source, PAGE);
  await bundle(source);
  script = join(directory, "page.mjs");
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

/** Defines a test with pages that are connected to a server, each to its own URL. */
function testPages(
  name: string,
  fn: (visit: (url: string, timeout: number) => Promise<Page>) => Promise<void>,
): void {
  testWithBrowser(name, async (browser) => {
    await fn(async (url, timeout) => {
      await using site = servePage(script, `${url} ${timeout}`);
      const origin = `http://127.0.0.1:${site.addr.port}/`;
      const { page, result, errors } = await open(browser, origin);
      assert.deepEqual([errors, result], [[], "open"]);
      return page;
    });
  });
}

testPages(
  "a page sends a ping when it wakes up, and none when it is hidden",
  async (visit) => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, logLevel: "debug" });
    server.receive("hello", () => {});
    const page = await visit(server.url, 60_000);
    const pings = async () => {
      // The server has handled all frames that the page sent before this message.
      await page.evaluate(`connection.message("hello")`);
      return logger.lines.filter((line) => line.includes(`"action":"ping"`))
        .length;
    };
    await page.evaluate(`setVisibility("hidden")`);
    assert.equal(await pings(), 0);
    let expected = 0;
    for (const [name, dispatch] of Object.entries(EVENTS)) {
      await page.evaluate(dispatch);
      assert.equal(await pings(), ++expected, name);
    }
  },
);

testPages(
  "a page notices when it wakes up that its server is gone",
  async (visit) => {
    await using server = serveQuietly();
    for (const dispatch of Object.values(EVENTS)) {
      await using proxy = new TcpProxy(server);
      const page = await visit(proxy.url, 1_000);
      proxy.hold();
      await page.evaluate(dispatch);
      await page.waitForFunction(`connection.state === "closed"`);
      assert.deepEqual(await page.evaluate("connection.closed"), {
        code: 1006,
        reason: "the server did not answer a ping within 1000 ms",
      });
    }
  },
);
