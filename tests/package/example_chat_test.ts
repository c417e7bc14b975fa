/** Runs `examples/chat/` as its README says, with its page in headless Chromium. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { testWithBrowser } from "../support/browser.ts";
import {
  ExamplePrograms,
  type RunningProgram,
} from "../support/example_programs.ts";
import { lateServer } from "../support/late_server.ts";

/** How long the page can take to show something, in milliseconds. */
const LIMIT = 60_000;

let directory = "";

Deno.test.beforeAll(async () => void (directory = await Deno.makeTempDir()));

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

/** The server of a test, which can be started again. */
class Chat {
  readonly #programs: ExamplePrograms;
  readonly #browser: Browser;
  readonly #url: string;

  private constructor(browser: Browser, folder: string, url: string) {
    this.#programs = new ExamplePrograms("chat", folder);
    this.#browser = browser;
    this.#url = url;
  }

  /** Makes the folder with the tokens of the users. */
  static async create(browser: Browser): Promise<Chat> {
    const folder = await Deno.makeTempDir({ dir: directory });
    const { url } = lateServer();
    const settings = [
      `CHAT_PORT=${new URL(url).port}`,
      ...["Ada", "Grace", "Linus"].map((name) =>
        `CHAT_TOKEN_${name}=of-${name}`
      ),
    ];
    await Deno.writeTextFile(join(folder, ".env"), settings.join("\n"));
    return new Chat(browser, folder, url);
  }

  /** Starts the server; resolves when it listens. */
  async start(): Promise<RunningProgram> {
    const server = this.#programs.start("server.ts");
    await server.find(/Linus: http\S+/);
    return server;
  }

  /** Returns the browser of a user, which keeps what the pages store. */
  async visit(user: string, token = `of-${user}`): Promise<Visitor> {
    const context = await this.#browser.newContext();
    return new Visitor(context, `${this.#url}/#user=${user}&token=${token}`);
  }
}

/** A user with a browser. */
class Visitor {
  readonly #context: BrowserContext;
  readonly #url: string;

  constructor(context: BrowserContext, url: string) {
    this.#context = context;
    this.#url = url;
    context.setDefaultTimeout(LIMIT);
  }

  /** Opens the page in a new tab. */
  async open(): Promise<Tab> {
    const page = await this.#context.newPage();
    const tab = new Tab(page);
    await page.goto(this.#url);
    return tab;
  }
}

/** The page of the example, as a user sees it. */
class Tab {
  readonly errors: string[] = [];
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", ({ message }) => this.errors.push(message));
  }

  async say(text: string): Promise<void> {
    await this.page.fill("#text", text);
    await this.page.press("#text", "Enter");
  }

  /** Types until something is seen: after three seconds, a user is no longer typing. */
  async typeUntil(seen: Promise<void>): Promise<void> {
    let isSeen = false;
    const type = async () => {
      while (!isSeen) await this.page.fill("#text", "Hello");
    };
    await Promise.all([seen.finally(() => isSeen = true), type()]);
  }

  /** Waits until the page shows a state of the connection. */
  async hasState(pattern: RegExp): Promise<void> {
    await this.#has("#state", pattern);
  }

  /** Waits until the page shows these people, and no others. */
  async hasPeople(...people: readonly string[]): Promise<void> {
    await this.#shows("#people li", people);
  }

  /** Waits until the page shows these messages and lines, and no others. */
  async hasMessages(...texts: readonly string[]): Promise<void> {
    await this.#shows("#messages .text, .gap, .new", texts);
  }

  /** Waits until an element with a text is there. */
  async has(selector: string, text: RegExp): Promise<void> {
    await this.#has(selector, text);
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async #has(selector: string, hasText: RegExp): Promise<void> {
    await this.page.locator(selector).filter({ hasText }).waitFor();
  }

  async #shows(selector: string, texts: readonly string[]): Promise<void> {
    const read = () => this.page.locator(selector).allInnerTexts();
    const end = Date.now() + LIMIT;
    for (;;) {
      const shown = (await read()).map((text) => text.replaceAll("\n", " "));
      const isRight = shown.length === texts.length &&
        shown.every((text, index) => text === texts[index]);
      if (isRight) return;
      if (Date.now() > end) assert.deepEqual(shown, texts);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Leaves less space in the storage of the page than a long message needs. */
const FILL_STORAGE = `
  let key = 0;
  for (let length = 1 << 20; length > 100; length >>= 1) {
    const value = "x".repeat(length);
    try {
      for (;;) localStorage.setItem(String(key++), value);
    } catch { /* full */ }
  }
`;

const NEW = "New since your last visit";

const RESTARTED = "The server has started again. Messages can be missing here.";

testWithBrowser(
  "examples/chat shows a user with two tabs as one person, and shows that a user is typing",
  async (browser) => {
    const chat = await Chat.create(browser);
    await using _server = await chat.start();
    const grace = await (await chat.visit("Grace")).open();
    const ada = await chat.visit("Ada");
    const first = await ada.open();
    const second = await ada.open();
    await grace.hasPeople("A Ada 2 tabs", "G Grace you");
    await first.hasPeople("A Ada you 2 tabs", "G Grace");

    await grace.typeUntil(
      second.hasPeople("A Ada you 2 tabs", "G Grace is typing …"),
    );
    await grace.say("Hello");
    await first.hasMessages("Hello");
    await second.hasMessages("Hello");
    await first.hasPeople("A Ada you 2 tabs", "G Grace");

    await second.close();
    await grace.hasPeople("A Ada", "G Grace you");
    await first.close();
    await grace.hasPeople("G Grace you");
    assert.deepEqual([...grace.errors, ...first.errors, ...second.errors], []);
  },
);

testWithBrowser(
  "examples/chat sends the history to users that come for the first time, and to those that come back",
  async (browser) => {
    const chat = await Chat.create(browser);
    await using _server = await chat.start();
    const visitor = await chat.visit("Ada");
    const ada = await visitor.open();
    await ada.say("one");
    await ada.hasMessages("one");

    const grace = await (await chat.visit("Grace")).open();
    await grace.hasMessages("one");
    await ada.close();
    await grace.hasPeople("G Grace you");
    await grace.say("two");
    await grace.hasMessages("one", "two");
    await grace.page.click("#rooms button:nth-of-type(2)");
    await grace.hasMessages();
    await grace.say("elsewhere");

    const returned = await visitor.open();
    await returned.hasMessages("one", NEW, "two");
    await returned.has("#rooms button", /music\s*1/);
    assert.deepEqual([...grace.errors, ...returned.errors], []);
  },
);

testWithBrowser(
  "examples/chat shows once that the token is wrong",
  async (browser) => {
    const chat = await Chat.create(browser);
    await using _server = await chat.start();
    const stranger = await (await chat.visit("Ada", "wrong")).open();
    await stranger.has("#error", /rejected the token.* Open one of the URLs/);
    await stranger.hasMessages();
    assert.deepEqual(stranger.errors, []);
  },
);

testWithBrowser(
  "examples/chat shows messages that the browser cannot keep",
  async (browser) => {
    const chat = await Chat.create(browser);
    await using _server = await chat.start();
    const visitor = await chat.visit("Ada");
    const ada = await visitor.open();
    const grace = await (await chat.visit("Grace")).open();
    await grace.say("kept");
    await ada.hasMessages("kept");
    await ada.page.evaluate(FILL_STORAGE);
    const lines: string[] = [];
    ada.page.on("console", (line) => lines.push(line.text()));
    await grace.say("x".repeat(1_000));
    await ada.hasMessages("kept", "x".repeat(1_000));
    assert.deepEqual(lines, []);
    await ada.close();
    // The page continues from what it has kept.
    const returned = await visitor.open();
    await returned.hasMessages("kept", NEW, "x".repeat(1_000));
  },
);

testWithBrowser(
  "examples/chat shows what a restart of the server has lost",
  async (browser) => {
    const chat = await Chat.create(browser);
    const server = await chat.start();
    const visitor = await chat.visit("Ada");
    const away = await visitor.open();
    const grace = await (await chat.visit("Grace")).open();
    await grace.say("before");
    await away.hasMessages("before");
    await away.close();

    await server.kill();
    await grace.hasState(/^no server/);
    await grace.say("during");
    await grace.has("#messages .draft", /sending/);

    await using _again = await chat.start();
    await grace.hasState(/^connected$/);
    await grace.hasMessages("before", RESTARTED, "during");
    const ada = await visitor.open();
    await ada.hasMessages("before", NEW, RESTARTED, "during");
    const linus = await (await chat.visit("Linus")).open();
    await linus.hasMessages("during");
    await linus.say("after");
    await grace.hasMessages("before", RESTARTED, "during", "after");
    await ada.hasMessages("before", NEW, RESTARTED, "during", "after");
    await ada.page.reload();
    await ada.hasMessages("before", RESTARTED, "during", "after");
    assert.deepEqual([...grace.errors, ...ada.errors, ...linus.errors], []);
  },
);
