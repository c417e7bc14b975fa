/** The dashboard in headless Chromium, as a person uses it. */

import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import type { ServeOptions } from "../../server.ts";

/** The token with which a person signs in. */
export const ADMIN_TOKEN = "an admin token";

/** The options of a server with a dashboard. The token of its clients is `test`. */
export const WITH_DASHBOARD = {
  dashboard: true,
  tokens: [{ name: "ops", token: ADMIN_TOKEN, admin: true }],
} as const satisfies ServeOptions;

/** How long the page can take to show something, in milliseconds. */
const LIMIT = 60_000;

/** The dashboard of a server in a page of its own. */
export class Dashboard {
  readonly page: Page;
  /** What the browser complained about, and what the page must not do */
  readonly problems: string[] = [];
  readonly #origin: string;

  private constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
    page.setDefaultTimeout(LIMIT);
    page.on("pageerror", ({ message }) => this.problems.push(message));
    page.on("console", (line) => this.problems.push(line.text()));
    page.on("dialog", (dialog) => {
      this.problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => this.#checkUrl(request.url()));
    page.on("websocket", (socket) => this.#checkUrl(socket.url()));
  }

  /** Opens the page of a server. */
  static async open(browser: Browser, url: string): Promise<Dashboard> {
    const page = await browser.newPage();
    const { origin } = new URL(url);
    const dashboard = new Dashboard(page, origin);
    await page.exposeFunction(
      "reportViolation",
      (violation: string) => dashboard.problems.push(violation),
    );
    await page.addInitScript(
      `addEventListener("securitypolicyviolation", (event) =>
        reportViolation("CSP: " + event.violatedDirective + " " + event.blockedURI));`,
    );
    await page.goto(`${url}/hoist/dashboard`);
    return dashboard;
  }

  /** Opens the page of a server, and signs in. */
  static async signIn(browser: Browser, url: string): Promise<Dashboard> {
    const dashboard = await Dashboard.open(browser, url);
    await dashboard.enter(ADMIN_TOKEN);
    await dashboard.page.waitForSelector("nav[aria-label=Pages]");
    return dashboard;
  }

  /** Enters a token. */
  async enter(token: string): Promise<void> {
    await this.page.getByLabel("Admin token").fill(token);
    await this.page.keyboard.press("Enter");
  }

  /** Selects a page. */
  async select(name: string): Promise<void> {
    await this.page.getByRole("link", { name, exact: true }).click();
    await this.page.getByRole("heading", { level: 1 }).waitFor();
  }

  /** Waits until an element has a text. */
  async has(selector: string, hasText: string | RegExp): Promise<void> {
    await this.page.locator(selector).filter({ hasText }).first().waitFor();
  }

  /** Asserts that nothing went wrong. */
  assertQuiet(): void {
    assert.deepEqual(this.problems, []);
  }

  #checkUrl(url: string): void {
    const own = [this.#origin, this.#origin.replace("http", "ws")];
    if (!own.includes(new URL(url).origin)) {
      this.problems.push(`request to ${url}`);
    }
  }
}
