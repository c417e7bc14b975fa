/** A start in a fresh checkout fetches only what the server imports. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { cleanEnvironment } from "../support/environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The packages of the server, and the packages on npm that stand in for them. */
const ALLOWED = [
  ...["@std/cli", "@std/log", "@std/semver"],
  ...["deno-std", "std-semver"],
];

/** Runs Deno in the checkout with empty caches; returns the URLs that it fetches. */
async function fetched(...args: readonly string[]): Promise<string[]> {
  const cache = await Deno.makeTempDir();
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: ROOT,
      ...cleanEnvironment({ DENO_DIR: cache, NO_COLOR: "1" }),
      stdin: "null",
    }).output();
    const report = new TextDecoder().decode(stderr);
    assert.equal(code, 0, report);
    return [...report.matchAll(/^Download (\S+)$/gm)].map(([, url = ""]) =>
      url
    );
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** Whether a URL belongs to a package that the server needs. */
function isAllowed(url: string): boolean {
  const path = `${new URL(url).pathname}/`;
  return ALLOWED.some((name) => path.includes(`/${name}/`));
}

Deno.test("deno task start fetches only what the server imports", async () => {
  const urls = await fetched("task", "start", "--version");
  assert.notDeepEqual(urls, [], "The report of Deno has another format");
  assert.deepEqual(urls.filter((url) => !isAllowed(url)), []);
});

Deno.test("the tests have packages that a start does not fetch", async () => {
  const urls = await fetched("run", "tests/support/schemas.ts");
  assert(urls.some((url) => !isAllowed(url)));
});
