/**
 * Builds the dashboard from `dashboard/` into `admin/dashboard_files.ts`, which the package
 * publishes. The packages that the source needs are only in `dashboard/deno.json`.
 *
 * ```sh
 * deno task dashboard:build
 * ```
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);

/** The module that contains the build. */
export const OUTPUT: URL = new URL("admin/dashboard_files.ts", ROOT);

/** The MIT License requires the notices in all copies, so that browsers get them, too. */
const NOTICE = `/*!
Preact: Copyright (c) 2015-present Jason Miller
uPlot: Copyright (c) 2022 Leon Sorokin

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
*/
`;

/** The files that a browser loads. */
export interface DashboardFiles {
  readonly html: string;
  readonly css: string;
  readonly script: string;
}

/**
 * Bundles the source.
 *
 * @param source The root of a checkout
 * @throws {Error} If `deno bundle` fails, for example because a package is missing
 */
export async function bundleDashboard(
  source: URL = ROOT,
): Promise<DashboardFiles> {
  const folder = await Deno.makeTempDir();
  try {
    const html = await Deno.readTextFile(
      new URL("dashboard/index.html", source),
    );
    const css = await bundle(source, "style.css", join(folder, "style.css"));
    const script = await bundle(source, "main.tsx", join(folder, "main.js"));
    return { html, css, script: NOTICE + script };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bundle(
  source: URL,
  name: string,
  output: string,
): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--config", "dashboard/deno.json", "--minify"],
      ...["--platform", "browser", "--output", output, `dashboard/${name}`],
    ],
    cwd: fileURLToPath(source),
    stdin: "null",
  }).output();
  if (success) return await Deno.readTextFile(output);
  const reason = new TextDecoder().decode(stderr);
  throw new Error(`Cannot build the dashboard: deno bundle failed.\n${reason}`);
}

/** Returns the source of the module that contains the files. */
export function moduleOf({ html, css, script }: DashboardFiles): string {
  return `/**
 * The dashboard. \`deno task dashboard:build\` makes this file from \`dashboard/\`.
 *
 * @module
 */

/** The page */
export const HTML: string = ${JSON.stringify(html)};

/** The style sheet */
export const CSS: string = ${JSON.stringify(css)};

/** The script, with the packages that it needs */
export const SCRIPT: string = ${JSON.stringify(script)};
`;
}

/** Returns the length of all files when they are compressed, in bytes. */
export async function gzippedLength(files: DashboardFiles): Promise<number> {
  const lengths = Object.values(files).map(async (file: string) => {
    const { body } = new Response(file);
    const stream = body!.pipeThrough(new CompressionStream("gzip"));
    return (await new Response(stream).arrayBuffer()).byteLength;
  });
  return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0);
}

if (import.meta.main) {
  const files = await bundleDashboard();
  await Deno.writeTextFile(OUTPUT, moduleOf(files));
  console.log(`${await gzippedLength(files)} bytes when compressed`);
}
