/** The list of clients of the dashboard in headless Chromium, with a real server. */

import assert from "node:assert/strict";
import type { Connection } from "../../client.ts";
import { connectAdmin } from "../support/admin.ts";
import { testWithBrowser } from "../support/browser.ts";
import {
  ADMIN_TOKEN,
  Dashboard,
  WITH_DASHBOARD,
} from "../support/dashboard.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectMany, connectTo, serveQuietly } from "../support/server.ts";

testWithBrowser(
  "the dashboard shows the clients that are connected, as they come and go",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    const clients = await connectMany(server, 7);
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.has(".tiles .panel", /Clients\s*8/);
    await dashboard.select("Clients");
    await dashboard.has(".count", /^8$/);
    await Promise.all(clients.slice(2).map((client) => client.close()));
    await dashboard.has(".count", /^3$/);
    assert.equal(await dashboard.page.locator("tbody tr td.id").count(), 3);
    await dashboard.page.getByLabel("Search clients").fill("ops");
    await dashboard.has(".count", /^1 of 3$/);
    await dashboard.has("tbody tr", /ops\s*you/);
    dashboard.assertQuiet();
    await Promise.all(clients.map((client) => client.close()));
  },
);

testWithBrowser(
  "a long name does not hide the badge of a client",
  async (browser) => {
    const name = "the operations of the whole deployment";
    const tokens = [{ name, token: ADMIN_TOKEN, admin: true }];
    await using server = serveQuietly({ ...WITH_DASHBOARD, tokens });
    await using _admin = await connectAdmin(server, ADMIN_TOKEN);
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.select("Clients");
    await dashboard.has(".count", /^2$/);
    const cells = dashboard.page.locator("td", { hasText: name });
    assert.deepEqual(await cells.locator(".badge").allTextContents(), [
      ...["admin", "you"],
    ]);
    for (const cell of await cells.all()) {
      const [outer, inner] = await Promise.all(
        [cell, cell.locator(".badge")].map((it) => it.boundingBox()),
      );
      assert(inner!.width > 20);
      assert(inner!.x + inner!.width <= outer!.x + outer!.width);
    }
  },
);

testWithBrowser(
  "a person disconnects a client with the keyboard, after a question",
  async (browser) => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ ...WITH_DASHBOARD, logger });
    // The first one gets the id 1.
    const first = await connectTo(server);
    const second = await connectTo(server);
    const dashboard = await Dashboard.signIn(browser, server.url);
    const { page } = dashboard;
    await dashboard.select("Clients");
    await page.getByRole("button", { name: "#1" }).focus();
    await page.keyboard.press("Enter");
    await dashboard.has("dialog", "Extensions");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    const focused = await page.evaluate("document.activeElement.textContent");
    assert.equal(focused, "#1");

    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Disconnect …" }).focus();
    await page.keyboard.press("Enter");
    await dashboard.has("dialog footer", "Disconnect this client?");
    await page.keyboard.press("Enter");
    assert.equal((await first.closed).code, 1000);
    await dashboard.has(".count", /^2$/);
    await dashboard.has("body > [role=status]", "Client 1 was disconnected");
    assert.equal(second.state, "open");
    assert.match(await logger.line(/admin/), /ops/);
    dashboard.assertQuiet();
    await second.close();
  },
);

testWithBrowser(
  "the list of clients stays usable with 2,000 clients",
  async (browser) => {
    const limits = { maxConnections: 5_000, maxConnectionsPerAddress: 5_000 };
    await using server = serveQuietly({ ...WITH_DASHBOARD, limits });
    const clients: Connection[] = [];
    for (let n = 0; n < 20; n++) {
      clients.push(
        ...await connectMany(server, 100),
      );
    }
    const dashboard = await Dashboard.signIn(browser, server.url);
    const { page } = dashboard;
    await dashboard.select("Clients");
    await dashboard.has(".count", /^2,001$/);
    // Only the visible rows are in the page.
    assert(await page.locator("tbody tr").count() < 100);
    await page.evaluate(
      'document.querySelector(".scroll").scrollTop = 1_000_000',
    );
    await page.getByRole("button", { name: "#2001" }).waitFor();
    await page.getByRole("button", { name: "Client" }).click();
    await page.getByLabel("Search clients").fill("#1234");
    await dashboard.has(".count", /^1 of 2,001$/);
    await page.getByRole("button", { name: "#1234" }).click();
    await page.getByRole("button", { name: "Disconnect …" }).click();
    await page.getByRole("button", { name: "Disconnect", exact: true }).click();
    await dashboard.has(".count", /^0 of 2,000$/);
    dashboard.assertQuiet();
    await Promise.all(clients.map((client) => client.close()));
  },
);
