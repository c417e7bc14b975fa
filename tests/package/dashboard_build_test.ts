/** The dashboard in the package is the one that its source makes. */

import assert from "node:assert/strict";
import {
  bundleDashboard,
  type DashboardFiles,
  gzippedLength,
  moduleOf,
  OUTPUT,
} from "../../tools/dashboard.ts";

/** The most bytes that a browser loads, when they are compressed. */
const MAX_BYTES = 60_000;

let files: DashboardFiles;

Deno.test.beforeAll(async () => void (files = await bundleDashboard()));

Deno.test("admin/dashboard_files.ts is the build of dashboard/", async () => {
  const built = moduleOf(files);
  const committed = await Deno.readTextFile(OUTPUT);
  // Comparing with `equal` would print all of it.
  assert(
    built === committed,
    "The source, or a module of the client that it contains, has changed. Run: deno task dashboard:build",
  );
});

Deno.test(`the dashboard has at most ${MAX_BYTES} bytes when it is compressed`, async () => {
  const length = await gzippedLength(files);
  assert(length <= MAX_BYTES, `It has ${length} bytes`);
});

Deno.test("the dashboard names no other server", () => {
  const text = Object.values(files).join("\n");
  const urls = text.match(/(?:\w+:|["'(`])\/\/[^\s"'`)]*/g) ?? [];
  // The namespaces of XML, which no browser loads.
  const others = urls.filter((url) => !url.startsWith("http://www.w3.org/"));
  assert.deepEqual(others, []);
});

Deno.test("the dashboard contains the notices of its packages", () => {
  assert.match(files.script, /Copyright \(c\) .* Jason Miller/);
  assert.match(files.script, /Copyright \(c\) .* Leon Sorokin/);
});
