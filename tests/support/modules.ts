/** Reads the modules of the package, and what they import. */

import assert from "node:assert/strict";
import type { Import } from "./layout.ts";

const ROOT = new URL("../../", import.meta.url);

/** The folders of the checkout that are not a part of the package. */
const OTHERS = ["dashboard", "docs", "examples", "tests", "tools"];

/** The modules and packages that are loaded when they are first needed, by `import()`. */
export const LAZY = [
  "@std/cli/prompt-secret",
  "admin/dashboard.ts",
  "admin/serve_admin.ts",
  "builtins/get.ts",
  "builtins/read.ts",
  "cli/admin.ts",
  "cli/bench.ts",
  "cli/commands.ts",
  "cli/completions.ts",
  "cli/contract.ts",
  "cli/doctor.ts",
  "cli/help.ts",
  "cli/ping.ts",
  "cli/requests.ts",
  "cli/serve.ts",
  "cli/terminal.ts",
  "cli/tokens.ts",
  "cli/top.ts",
  "cli/watch.ts",
  "client/deno_socket_opener.ts",
  "client/link_factory.ts",
  "npm:ioredis@6.0.0",
  "server/prometheus.ts",
];

/** The parts of the output of `deno info --json` that are used here. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier: string };
      readonly type?: { readonly specifier: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

/** Reads the imports of all modules that an export of the package leads to. */
export async function readImports(): Promise<Import[]> {
  const { exports } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const edges = new Map<string, Import>();
  for (const entry of Object.values<string>(exports)) {
    for (const edge of await importsFrom(entry)) {
      edges.set(`${edge.from} ${edge.to} ${edge.isDynamic}`, edge);
    }
  }
  return [...edges.values()];
}

/** Reads the sources of the package by their paths. */
export async function readSources(): Promise<Map<string, string>> {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(ROOT)) {
    if (entry.isFile) paths.push(entry.name);
    else if (!entry.name.startsWith(".") && !OTHERS.includes(entry.name)) {
      paths.push(...listBelow(entry.name));
    }
  }
  const modules = paths.filter((path) => path.endsWith(".ts")).sort();
  const sources = modules.map(async (path): Promise<[string, string]> => [
    path,
    await Deno.readTextFile(new URL(path, ROOT)),
  ]);
  return new Map(await Promise.all(sources));
}

function listBelow(folder: string): string[] {
  const entries = [...Deno.readDirSync(new URL(folder, ROOT))];
  return entries.flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? listBelow(path) : [path];
  });
}

/** Reads the imports of all modules that an entry module leads to. */
async function importsFrom(entry: string): Promise<Import[]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--no-lock", "--json", entry],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const { modules }: Info = JSON.parse(new TextDecoder().decode(stdout));
  return modules.flatMap(({ specifier, dependencies = [] }) => {
    const from = pathOf(specifier);
    if (from === undefined) return [];
    return dependencies.map(({ specifier, code, type, isDynamic = false }) => {
      const target = (code ?? type)?.specifier ?? specifier;
      const to = pathOf(target) ?? specifier;
      return { from, to, isTypeOnly: code === undefined, isDynamic };
    });
  });
}

/** The path of a module of the package; `undefined` for any other module. */
function pathOf(url: string): string | undefined {
  if (!url.startsWith(ROOT.href)) return undefined;
  const path = url.slice(ROOT.href.length);
  return OTHERS.some((name) => path.startsWith(`${name}/`)) ? undefined : path;
}
