/** The dashboard in headless Chromium, with a real server. */

import assert from "node:assert/strict";
import { z } from "zod";
import { connectAdmin, itemsOf } from "../support/admin.ts";
import { testWithBrowser } from "../support/browser.ts";
import {
  ADMIN_TOKEN,
  Dashboard,
  WITH_DASHBOARD,
} from "../support/dashboard.ts";
import { lateServer } from "../support/late_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectMany, connectTo, serveQuietly } from "../support/server.ts";
import { pause } from "../support/timing.ts";
import { QUIET } from "../support/typed_contract.ts";
import { connect, type Connection, defineContract } from "../../client.ts";
import { ApplicationError, serve } from "../../server.ts";

testWithBrowser(
  "the dashboard says that a token is wrong, and accepts the right one",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    const dashboard = await Dashboard.open(browser, server.url);
    await dashboard.enter("wrong");
    await dashboard.has("[role=alert]", "The server does not know this token");
    await dashboard.enter("test");
    await dashboard.has("[role=alert]", "This is the token of a client");
    await dashboard.enter(ADMIN_TOKEN);
    await dashboard.has("h1", "Overview");
    await dashboard.has(".tiles .panel", /Clients\s*1/);
    dashboard.assertQuiet();
  },
);

testWithBrowser(
  "the dashboard says that the address is locked out",
  async (browser) => {
    const limits = { maxLoginFailures: 1 };
    await using server = serveQuietly({ ...WITH_DASHBOARD, limits });
    const dashboard = await Dashboard.open(browser, server.url);
    await dashboard.enter("wrong");
    await dashboard.has("[role=alert]", "The server does not know this token");
    await dashboard.enter(ADMIN_TOKEN);
    await dashboard.has("[role=alert]", /too many failed logins.*in \d+ s/);
  },
);

testWithBrowser(
  "the token is nowhere but in the memory of the page",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.select("Clients");
    const { page } = dashboard;
    assert(!page.url().includes("token"));
    assert.equal(
      await page.evaluate(
        "document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })",
      ),
      "{}",
    );
    assert(!(await page.content()).includes(ADMIN_TOKEN));
    assert.deepEqual(await page.evaluate("indexedDB.databases()"), []);
    await page.reload();
    await page.getByLabel("Admin token").waitFor();
    dashboard.assertQuiet();
  },
);

testWithBrowser(
  "the dashboard survives a restart of its server, and asks for another token",
  async (browser) => {
    const late = lateServer();
    const before = late.start(WITH_DASHBOARD);
    const dashboard = await Dashboard.signIn(browser, late.url);
    await dashboard.select("Clients");
    await dashboard.has(".count", /^1$/);
    await before.close();
    await dashboard.has(".banner", "The connection to the server is lost");
    {
      await using server = late.start(WITH_DASHBOARD);
      const clients = await connectMany(server, 2);
      await dashboard.has(".count", /^3$/);
      await dashboard.page.waitForSelector(".banner", { state: "detached" });
      await dashboard.has("h1", "Clients");
      await Promise.all(clients.map((client) => client.close()));
    }
    await dashboard.has(".banner", "The connection to the server is lost");
    const tokens = [{ name: "ops", token: "another token", admin: true }];
    await using _server = late.start({ ...WITH_DASHBOARD, tokens });
    await dashboard.has("[role=alert]", "does not accept the token any more");
    await dashboard.enter("another token");
    await dashboard.has("h1", "Clients");
  },
);

testWithBrowser(
  "the dashboard says why it shows nothing, and tries again",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    await using stack = new AsyncDisposableStack();
    // All streams that the admin can read with all connections.
    const others = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const admin = await connectAdmin(server, ADMIN_TOKEN);
        for (let n = 0; n < 16; n++) {
          await itemsOf(admin.stream("hoist.admin.stats", { interval: 60_000 }))
            .next();
        }
        return stack.use(admin);
      }),
    );
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.has(".banner", 'the admin "ops" reads 64 streams');
    await others[0]!.close();
    await dashboard.page.waitForSelector(".banner", { state: "detached" });
    await dashboard.has(".tiles .panel", /Clients\s*4/);
    dashboard.assertQuiet();
  },
);

testWithBrowser(
  "the dashboard calls operations, reads streams and sends messages",
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    server.operation("add", ({ a, b }) => Number(a) + Number(b));
    server.operation("count", async function* () {
      for (let n = 1; n <= 3; n++) yield n;
    });
    server.operation("fail", () => {
      throw new Error("secret");
    });
    server.operation("buy", () => {
      throw new ApplicationError("sold_out", { details: { left: 0 } });
    });
    server.receive(
      "hello",
      (message) => void message.reply("hi", { ok: true }),
    );
    const dashboard = await Dashboard.signIn(browser, server.url);
    const { page } = dashboard;
    await dashboard.select("Contract");
    const choose = (name: string) =>
      page.getByRole("button", { name, exact: true }).click();
    await choose("add");
    await page.getByLabel("Data (JSON)").fill('{ "a": 1, "b": 2 }');
    await choose("Call");
    await dashboard.has("pre[aria-label=Result]", /^3$/);
    await page.getByLabel("Data (JSON)").fill("{");
    await choose("Call");
    await dashboard.has("form [role=alert]", "The data is not JSON");
    await page.getByLabel("Data (JSON)").fill("[]");
    await choose("Call");
    await dashboard.has("form [role=alert]", "must be a JSON object");
    await choose("count");
    await choose("Read stream");
    await dashboard.has("pre[aria-label=Result]", /1,\s+2,\s+3/);
    await choose("fail");
    await choose("Call");
    await dashboard.has("form [role=alert]", /SERVER_ERROR/);
    await choose("buy");
    await choose("Call");
    await dashboard.has(
      "form [role=alert]",
      'sold_out. Details: {"left":0}',
    );
    await choose("hello");
    await choose("Send");
    await dashboard.has("pre[aria-label=Result]", /"hi"/);
    dashboard.assertQuiet();
  },
);

testWithBrowser(
  'the page "Contract" says that a name has no schema',
  async (browser) => {
    const contract = defineContract({ operations: { now: {} } });
    await using server = serve("test", {
      ...QUIET,
      ...WITH_DASHBOARD,
      contract,
    });
    server.operation("now", () => 1);
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.select("Contract");
    await dashboard.page.getByRole("button", { name: "now" }).click();
    await dashboard.has("details pre", "no schema");
  },
);

testWithBrowser(
  'the form of the page "Contract" has the fields that the schema requires',
  async (browser) => {
    const input = z.object({ text: z.string(), of: z.int().optional() });
    const contract = defineContract({ operations: { now: { input } } });
    await using server = serve("test", {
      ...QUIET,
      ...WITH_DASHBOARD,
      contract,
    });
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.select("Contract");
    await dashboard.page.getByRole("button", { name: "now" }).click();
    const data = dashboard.page.getByLabel("Data (JSON)");
    assert.equal(await data.inputValue(), '{\n  "text": ""\n}');
  },
);

testWithBrowser(
  'the page "Contract" says that nothing has a handler',
  async (browser) => {
    await using server = serveQuietly(WITH_DASHBOARD);
    const dashboard = await Dashboard.signIn(browser, server.url);
    await dashboard.select("Contract");
    await dashboard.has(".empty", "No name has a handler.");
  },
);

testWithBrowser(
  "the dashboard shows events and log lines, until a person pauses them",
  async (browser) => {
    const logger = new LogRecorder();
    await using server = serveQuietly({
      ...{ ...WITH_DASHBOARD, logger, adminPayloads: true },
    });
    server.operation("add", ({ a, b }) => Number(a) + Number(b));
    server.operation("fail", () => {
      throw new Error("broken");
    });
    await using client = await connectTo(server);
    client.receive(() => {});
    const dashboard = await Dashboard.signIn(browser, server.url);
    const { page } = dashboard;
    await dashboard.select("Events");
    await dashboard.has(".empty", "Waiting for events");
    // The stream begins after the page was shown.
    await repeat(
      () => client.operation("add", { a: 1, b: 2 }),
      dashboard.has("tbody tr", /operation\s*add.*ok/),
    );
    await page.getByLabel("Kind").selectOption("broadcast");
    await dashboard.has(".empty", "Waiting for events");
    await server.broadcast("news", { text: "hello" });
    await dashboard.has("tbody tr", /broadcast\s*news/);
    await page.getByRole("button", { name: "Pause" }).click();
    await server.broadcast("later");
    await dashboard.has("button[aria-pressed=true]", /Resume \(\d+ new\)/);
    assert.equal(await page.getByText("later").count(), 0);
    await page.getByRole("button", { name: "news" }).click();
    await dashboard.has("dialog pre", '{"text":"hello"}');
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /Resume/ }).click();
    await dashboard.has("tbody tr", /broadcast\s*later/);

    await dashboard.select("Log");
    await repeat(
      () => client.operation("fail").catch(() => {}),
      dashboard.has("tbody tr", /error.*operation "fail" failed/),
    );
    await page.getByRole("button", { name: /"fail" failed/ }).first().click();
    await dashboard.has("dialog pre", /Error: broken\n\s+at /);
    await page.keyboard.press("Escape");
    await page.getByLabel("Search the log").fill("nothing like this");
    await dashboard.has(".empty", "Waiting for log lines");
    dashboard.assertQuiet();
  },
);

/** Does something again and again until a promise resolves. */
async function repeat(
  act: () => Promise<unknown>,
  end: Promise<unknown>,
): Promise<void> {
  let isEnded = false;
  const ended = end.finally(() => isEnded = true);
  ended.catch(() => {});
  while (!isEnded) {
    await act();
    await pause(50);
  }
  await ended;
}

/** Controls but line breaks and tabs, and what changes the direction of a line. */
const HIDDEN = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** What a hostile client calls itself. */
const HOSTILE = [
  `<img src="https://evil.example/x" onerror="alert(1)">`,
  `</td><script>alert(2)</script>`,
  "\u202egnp.exe\u2066\u0000\u001b[31m",
  `{"type":"script","props":{"dangerouslySetInnerHTML":{"__html":"x"}}}`,
  "x".repeat(60_000),
];

testWithBrowser(
  "names, versions, rooms and presence of hostile clients are only text",
  async (browser) => {
    await using server = serveQuietly({
      dashboard: true,
      limits: { maxLoginPayload: 262_144 },
      login: (_server, token, { setUser }) => {
        if (token === ADMIN_TOKEN) return { name: "ops" };
        const { user, name } = JSON.parse(token);
        setUser(user);
        return { name };
      },
      admin: ({ identity }) => Object(identity).name === "ops",
    });
    server.defineRoom("room:{name}", {
      authorize: () => true,
      presence: (_client, claims) => claims || {},
    });
    const clients: Connection[] = [];
    for (const [index, name] of HOSTILE.entries()) {
      const token = JSON.stringify({
        user: `${index}${name.slice(0, 100)}`,
        name,
      });
      const client = await connect(token, { url: server.url });
      clients.push(client);
      const room = `room:${name.slice(0, 150).replaceAll(":", ";")}`;
      const presence = {
        status: name.slice(0, 3_000),
        "<b>": [name.slice(0, 90)],
      };
      await client.join(room, { presence });
    }
    const dashboard = await Dashboard.signIn(browser, server.url);
    const { page } = dashboard;
    for (const name of ["Clients", "Rooms"]) {
      await dashboard.select(name);
      for (const index of HOSTILE.keys()) {
        const button = page.locator("tbody button.link").nth(index);
        await button.click();
        await dashboard.has("dialog", name === "Rooms" ? "1 members" : "batch");
        const text = await page.innerText("body");
        assert.doesNotMatch(text, HIDDEN);
        assert(text.length < 50_000);
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog", { state: "detached" });
      }
    }
    assert.equal(await page.locator("img, script:not([src])").count(), 0);
    dashboard.assertQuiet();
    await Promise.all(clients.map((client) => client.close()));
  },
);
