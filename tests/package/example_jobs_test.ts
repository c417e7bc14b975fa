/** Runs `examples/jobs/` as its README says, with its page in headless Chromium. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { testWithBrowser } from "../support/browser.ts";
import { ExamplePrograms } from "../support/example_programs.ts";
import { lateServer } from "../support/late_server.ts";

/** How long the page can take to show something, in milliseconds. */
const LIMIT = 60_000;

/** The time for a job that is still running when a program is killed, in seconds. */
const LONG = 20;

let directory = "";

Deno.test.beforeAll(async () => void (directory = await Deno.makeTempDir()));

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

/** What a test works with: the programs, the folder in which they run, and a browser. */
interface Setup {
  readonly programs: ExamplePrograms;
  readonly folder: string;
  readonly browser: Browser;
}

/** Tests the programs in a folder of their own. */
function testExample(name: string, run: (setup: Setup) => Promise<void>): void {
  testWithBrowser(name, async (browser) => {
    const folder = await Deno.makeTempDir({ dir: directory });
    const settings = [
      ...["WORKER_TOKEN=of-the-workers", "PAGE_TOKEN=of-the-pages"],
      ...[`SERVER_URL=${lateServer().url}`, "SITE_PORT=0"],
    ];
    await Deno.writeTextFile(join(folder, ".env"), settings.join("\n"));
    const programs = new ExamplePrograms("jobs", folder);
    await run({ programs, folder, browser });
  });
}

/** The page of the example, as a user sees it. */
class Dashboard implements AsyncDisposable {
  readonly errors: string[] = [];
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
    page.setDefaultTimeout(LIMIT);
    page.on("pageerror", ({ message }) => this.errors.push(message));
  }

  /** Opens the page of a site that runs. */
  static async open(
    browser: Browser,
    site: { find(pattern: RegExp): Promise<string> },
  ): Promise<Dashboard> {
    const dashboard = new Dashboard(await browser.newPage());
    await dashboard.#page.goto(await site.find(/http:\S+/));
    return dashboard;
  }

  async add(title: string, seconds: number): Promise<void> {
    await this.#page.fill("#title", title);
    await this.#page.fill("#seconds", String(seconds));
    await this.#page.click("#form button");
  }

  /** Waits until the page shows a state of the connection. */
  async hasState(pattern: RegExp): Promise<void> {
    await this.#has("#state", pattern);
  }

  /** Waits until the page shows these workers, and no others. */
  async hasWorkers(pattern: RegExp): Promise<void> {
    await this.#has("#workers", pattern);
  }

  /** Waits until a job has a status. */
  async hasJob(title: string, status: string): Promise<void> {
    await this.#has("#jobs tr", new RegExp(`^\\s*${title}\\s*${status}`));
  }

  /** The number of jobs that the page shows */
  get jobs(): Promise<number> {
    return this.#page.locator("#jobs tr").count();
  }

  async #has(selector: string, hasText: RegExp): Promise<void> {
    await this.#page.locator(selector).filter({ hasText }).waitFor();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.close();
  }
}

/** Adds half a line to the file of the server, as a crash during a write does. */
async function cutLastLine(folder: string): Promise<void> {
  const path = join(folder, "jobs.jsonl");
  await Deno.writeTextFile(path, '{"type":"finished","i', { append: true });
}

/** Reads the changes of the jobs by their titles, from the file of the server. */
async function readChanges(folder: string): Promise<Record<string, string[]>> {
  const lines = await Deno.readTextFile(join(folder, "jobs.jsonl"));
  const titles = new Map<string, string>();
  const changes: Record<string, string[]> = {};
  for (const line of lines.trimEnd().split("\n")) {
    const { type, job, id = job.id } = JSON.parse(line);
    if (job !== undefined) titles.set(id, job.title);
    (changes[titles.get(id) ?? id] ??= []).push(type);
  }
  return changes;
}

testExample(
  "examples/jobs runs with a server that starts last, is killed and starts again",
  async ({ programs, folder, browser }) => {
    await using site = programs.start("site.ts");
    await using _worker = programs.start("worker.ts");
    await using _other = programs.start("worker.ts");
    await using page = await Dashboard.open(browser, site);
    await page.hasState(/^no server/);
    await page.add("early", 1);
    await page.hasJob("early", "unsent");

    await using server = programs.start("server.ts");
    await page.hasState(/^connected$/);
    await page.hasWorkers(/^worker \d+, worker \d+$/);
    await page.hasJob("early", "finished");
    await page.add("cut", LONG);
    await page.hasJob("cut", "running");

    await server.kill();
    await cutLastLine(folder);
    await page.hasState(/^no server/);
    await page.hasWorkers(/^unknown$/);
    await page.add("late", 1);
    await page.hasJob("late", "unsent");

    await using _second = programs.start("server.ts");
    await page.hasState(/^connected$/);
    await page.hasWorkers(/^worker \d+, worker \d+$/);
    await page.hasJob("late", "finished");

    assert.equal(await page.jobs, 3);
    assert.deepEqual(page.errors, []);
    assert.deepEqual(await readChanges(folder), {
      early: ["submitted", "started", "finished"],
      cut: ["submitted", "started", "put_back", "started"],
      late: ["submitted", "started", "finished"],
    });
  },
);

testExample(
  "examples/jobs gives the job of a worker that vanishes to another worker",
  async ({ programs, folder, browser }) => {
    await using _server = programs.start("server.ts");
    await using site = programs.start("site.ts");
    await using page = await Dashboard.open(browser, site);
    await page.hasWorkers(/^none$/);
    await page.add("handed over", LONG);
    await page.hasJob("handed over", "waiting");

    await using first = programs.start("worker.ts");
    await page.hasJob("handed over", "running");
    // A second server must not touch the file of the first one.
    await using rival = programs.start("server.ts");
    assert.match(await rival.end(), /the port is in use/);
    await first.kill();
    await page.hasWorkers(/^none$/);
    await page.hasJob("handed over", "waiting");

    await using _second = programs.start("worker.ts");
    await page.hasJob("handed over", "running");
    assert.deepEqual(page.errors, []);
    assert.deepEqual(await readChanges(folder), {
      "handed over": ["submitted", "started", "put_back", "started"],
    });
  },
);
