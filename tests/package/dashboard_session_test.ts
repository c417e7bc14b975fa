/** The session of a person who uses the dashboard, in headless Chromium. */

import assert from "node:assert/strict";
import type { Connection } from "../../client.ts";
import { aborted, settlesWithin } from "../../common/async.ts";
import { testWithBrowser } from "../support/browser.ts";
import { Dashboard, WITH_DASHBOARD } from "../support/dashboard.ts";
import { lateServer } from "../support/late_server.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { until } from "../support/timing.ts";

/** Sends messages until the page shows one; returns how often it shows this one, or 0. */
async function shownTimes(
  { page }: Dashboard,
  client: Connection,
): Promise<number> {
  // The page asks for the events a moment after it has connected.
  for (let n = 1; n <= 100; n++) {
    const name = `hello-${n}.`;
    await client.message(name);
    const shown = page.getByText(name);
    await shown.first().waitFor({ timeout: 1_000 }).catch(() => {});
    // A second stream would show it again.
    await page.waitForTimeout(200);
    const count = await shown.count();
    if (count > 0) return count;
  }
  return 0;
}

testWithBrowser(
  "the dashboard keeps one connection, however often it tries again",
  async (browser) => {
    const late = lateServer();
    const before = late.start(WITH_DASHBOARD);
    const dashboard = await Dashboard.signIn(browser, late.url);
    await dashboard.select("Events");
    await before.close();
    await dashboard.has(".banner", "The connection to the server is lost");
    // The attempts wait for this decision, so that several are in progress.
    const decision = Promise.withResolvers<true>();
    let asked = 0;
    await using server = late.start({
      dashboard: true,
      tokens: [{ name: "ops", token: "an admin token" }],
      limits: { loginTimeout: 60_000 },
      admin: async () => {
        asked++;
        return await decision.promise;
      },
    });
    for (let count = 1; count <= 3; count++) {
      await dashboard.page.evaluate(`dispatchEvent(new Event("online"))`);
      while (asked < count) {
        await dashboard.page.waitForTimeout(10);
      }
    }
    decision.resolve(true);
    await dashboard.page.waitForSelector(".banner", { state: "detached" });
    await using client = await connectTo({ url: server.url });
    assert.equal(await shownTimes(dashboard, client), 1);
    await until(() => server.clients.size === 2, "one connection of the page");
  },
);

testWithBrowser(
  "the dashboard shows that its server does not answer, while the connection is open",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    await using proxy = new TcpProxy(server);
    const dashboard = await Dashboard.signIn(browser, proxy.url);
    await dashboard.has(".state", "Connected");
    proxy.freeze();
    await dashboard.has(".banner", "The server does not answer.");
    await dashboard.has(".state", /^No answer for \d+ s$/);
    proxy.thaw();
    await dashboard.page.waitForSelector(".banner", { state: "detached" });
    await dashboard.has(".state", "Connected");
    dashboard.assertQuiet();
  },
);

testWithBrowser(
  "the dashboard does not connect again if it is online when an attempt succeeds",
  async (browser) => {
    const late = lateServer();
    const before = late.start(WITH_DASHBOARD);
    const dashboard = await Dashboard.signIn(browser, late.url);
    await before.close();
    await dashboard.has(".banner", "The connection to the server is lost");
    // The page hurries before it has read the answer that completes the attempt.
    await dashboard.page.evaluate(`
      globalThis.WebSocket = class extends WebSocket {
        constructor(...options) {
          super(...options);
          this.addEventListener("message", ({ data }) => {
            if (data.includes('"result"')) dispatchEvent(new Event("online"));
          });
        }
      };
    `);
    await using server = late.start(WITH_DASHBOARD);
    await dashboard.page.waitForSelector(".banner", { state: "detached" });
    // The timer of a second attempt would be due by now.
    await dashboard.page.waitForTimeout(100);
    assert.equal(server.clients.size, 1);
  },
);

testWithBrowser(
  "the dashboard forgets the token when its person leaves the page",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    const dashboard = await Dashboard.signIn(browser, server.url);
    // A browser can keep the page, and show it again as it was.
    await dashboard.page.evaluate(
      `dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))`,
    );
    await dashboard.page.getByLabel("Admin token").waitFor();
    while (server.clients.size > 0) await dashboard.page.waitForTimeout(10);
    dashboard.assertQuiet();
  },
);

testWithBrowser(
  "the details of a client show no old problem when the connection is back",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    await using proxy = new TcpProxy(server);
    await using _client = await connectTo(server);
    const dashboard = await Dashboard.signIn(browser, proxy.url);
    await dashboard.select("Clients");
    await dashboard.page.getByRole("button", { name: "#1" }).click();
    await dashboard.has("dialog", "batch");
    proxy.isStalled = true;
    proxy.cut();
    await dashboard.has(".banner", "The connection to the server is lost");
    // The dialog asks for the details every two seconds.
    await dashboard.page.waitForTimeout(3_000);
    proxy.isStalled = false;
    proxy.cut();
    await dashboard.page.waitForSelector(".banner", { state: "detached" });
    await dashboard.page.locator("dialog .problem").filter({ hasText: /./ })
      .waitFor({ state: "detached", timeout: 20_000 });
    await dashboard.has("dialog", "batch");
  },
);

testWithBrowser(
  "the dashboard offers to stop a stream, but no call",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    const { promise, resolve } = Promise.withResolvers<string>();
    server.operation("wait", () => promise);
    server.operation("follow", async function* (_data, { signal }) {
      yield "first";
      await settlesWithin(aborted(signal), Infinity);
    });
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.select("Contract");
    const button = (name: string) =>
      dashboard.page.getByRole("button", { name, exact: true });
    await button("wait").click();
    await button("Call").click();
    await dashboard.has("form [role=status]", "Running …");
    assert.equal(await button("Stop").count(), 0);
    assert(await button("Read stream").isDisabled());
    resolve("done");
    await dashboard.has("pre[aria-label=Result]", '"done"');
    await button("follow").click();
    await button("Read stream").click();
    await dashboard.has("pre[aria-label=Result]", '"first"');
    await button("Stop").click();
    await dashboard.has("form [role=status]", "Finished in");
    dashboard.assertQuiet();
  },
);

/** What a server can do to the next items of the list of clients: the page ends the stream. */
const FAULTS = {
  "fails in the page":
    "frame.data.items = Array(1_000).fill(frame.data.items[0])",
  "ends without an error": 'frame.message = "done"; frame.data = null',
};

for (const [what, fault] of Object.entries(FAULTS)) {
  testWithBrowser(
    `a stream that ${what} starts again, although the connection stays open`,
    async (browser) => {
      await using server = serveQuietly(WITH_DASHBOARD);
      const dashboard = await Dashboard.signIn(browser, server.url);
      await dashboard.select("Clients");
      await dashboard.has(".count", /^1$/);
      // The page shows the problem for five seconds, in which the test may not run.
      await dashboard.page.evaluate(`
        globalThis.banners = [];
        new MutationObserver(() => {
          banners.push(document.querySelector(".banner")?.textContent);
        }).observe(document.body, { childList: true, subtree: true });
        const { parse } = JSON;
        JSON.parse = (...options) => {
          const value = parse(...options);
          for (const frame of [value].flat()) {
            if (frame?.data?.items?.[0]?.joined === undefined) continue;
            ${fault};
            JSON.parse = parse;
          }
          return value;
        };
      `);
      await using _client = await connectTo(server);
      if (what === "fails in the page") {
        await until(async () => {
          const shown = String(await dashboard.page.evaluate("banners"));
          return shown.includes("more items than the client requested");
        }, "the problem is shown");
        await dashboard.page.waitForSelector(".banner", { state: "detached" });
      }
      await dashboard.has(".count", /^2$/);
      dashboard.assertQuiet();
    },
  );
}

testWithBrowser(
  "the problem of a stream disappears when it runs again, also if it has no items",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.select("Events");
    await dashboard.page.evaluate(`
      const { parse } = JSON;
      JSON.parse = (...options) => {
        const value = parse(...options);
        for (const frame of [value].flat()) {
          if (frame?.data?.items?.[0]?.events === undefined) continue;
          const error = { error: "BUSY", message: "too many", code: 9 };
          Object.assign(frame, { success: false, ...error });
          JSON.parse = parse;
        }
        return value;
      };
    `);
    await using client = await connectTo(server);
    const banner = dashboard.page.locator(".banner");
    // The page asks for the events a moment after it has connected.
    while (await banner.count() === 0) {
      await client.message("hello");
      await dashboard.page.waitForTimeout(100);
    }
    await dashboard.has(".banner", "hoist.admin.events");
    await banner.waitFor({ state: "detached" });
  },
);
