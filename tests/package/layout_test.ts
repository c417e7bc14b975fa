/** Holds the modules to their floors: imports go downward only. */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** The modules of each floor, from the lowest to the highest. */
const FLOORS = {
  // Pure, `timers` apart: both sides wait, and it needs no more than the timers that
  // every JavaScript runtime has.
  ground: [
    "addresses",
    "allowed_urls",
    "assert_contract",
    "auth",
    "backoff",
    "batch",
    "bytes",
    "closing",
    "contract",
    "contract_description",
    "contract_types",
    "encode",
    "errors",
    "extension_frames",
    "failure",
    "features",
    "invalid",
    "issue",
    "json",
    "limits",
    "login_failures",
    "misfit",
    "origins",
    "pending",
    "private_addresses",
    "protocol",
    "queue",
    "rate",
    "reconnect",
    "refusal",
    "response",
    "schema",
    "schema_types",
    "session",
    "show",
    "stack",
    "support",
    "thenable",
    "timers",
    "token",
    "version",
  ],
  middle: [
    "arguments",
    "backlog",
    "broadcasts",
    "checking",
    "checks",
    "client_log",
    "client_message",
    "credentials",
    "deadlines",
    "inbox",
    "items",
    "lifetime",
    "log",
    "message",
    "operation",
    "operation_call",
    "outbox",
    "pump",
    "room",
    "questions",
    "registry",
    "replies",
    "reporter",
    "sequence",
    "server_message",
    "status",
    "stream",
    "turns",
  ],
  top: [
    "admission",
    "authenticator",
    "builtin_options",
    "builtins",
    "calls",
    "channel",
    "cli",
    "client",
    "client_connection",
    "client_host",
    "connection",
    "contract_endpoint",
    "deadlines",
    "dial",
    "get_url",
    "http",
    "hub",
    "intake",
    "listen",
    "main",
    "mod",
    "open",
    "options",
    "pinned_request",
    "port",
    "read_file",
    "reconnector",
    "requests",
    "resolve_options",
    "resolve_root",
    "serve",
    "server",
    "server_client",
    "startup",
    "transport",
    "types",
  ],
};

const HEIGHTS = new Map<string, number>(
  Object.values(FLOORS).flatMap((modules, height) =>
    modules.map((name): [string, number] => [`${name}.ts`, height])
  ),
);

/** One module of the package importing something. */
interface Import {
  readonly from: string;
  /** As the code has it, such as `@std/log` */
  readonly specifier: string;
  /** A path in the checkout, or the specifier if it is none */
  readonly to: string;
  readonly isTypeOnly: boolean;
  readonly isDynamic: boolean;
}

/** What `deno info --json` says, as far as it is of interest here. */
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

// The command line and the client are below it.
const IMPORTS = [
  ...await importsOf("mod.ts"),
  ...(await importsOf("types.ts")).filter(({ from }) => from === "types.ts"),
];

/** What runs where the client is imported. */
const CLIENT = reach("client.ts", ({ isTypeOnly }) => !isTypeOnly);

Deno.test("every module has a floor, and is a part of the library", async () => {
  const modules = [];
  for await (const { name } of Deno.readDir(ROOT)) {
    if (name.endsWith(".ts")) modules.push(name);
  }
  assert.deepEqual(modules.sort(), [...HEIGHTS.keys()].sort());
  // Types alone, which nothing else needs.
  const parts = reach("mod.ts", () => true).add("types.ts");
  assert.deepEqual(modules.filter((name) => !parts.has(name)), []);
});

Deno.test("imports go downward, or stay on their floor", () => {
  const height = (name: string) => HEIGHTS.get(name) ?? 0;
  const wrong = IMPORTS.filter(({ from, to }) => height(to) > height(from));
  assert.deepEqual(wrong, []);
});

Deno.test("nothing imports mod.ts", () => {
  assert.deepEqual(IMPORTS.filter(({ to }) => to === "mod.ts"), []);
});

Deno.test("client.ts and server.ts do not import each other, not even through others", () => {
  assert(!reach("client.ts", () => true).has("server.ts"));
  assert(!reach("server.ts", () => true).has("client.ts"));
});

Deno.test("cli.ts is imported dynamically, by mod.ts only", () => {
  const importers = IMPORTS.filter(({ to }) => to === "cli.ts");
  const kinds = importers.map(({ from, isDynamic }) => ({ from, isDynamic }));
  assert.deepEqual(kinds, [{ from: "mod.ts", isDynamic: true }]);
});

for (
  const [specifier, module] of [
    ["@std/cli", "arguments.ts"],
    ["@std/log", "log.ts"],
    ["@std/semver", "version.ts"],
  ] as const
) {
  Deno.test(`${module} alone imports ${specifier}`, () => {
    const importers = IMPORTS.filter((edge) =>
      packageOf(edge.specifier) === specifier
    );
    assert.deepEqual(
      new Set(importers.map(({ from }) => from)),
      new Set([module]),
    );
  });
}

Deno.test("nothing else is imported but what Node has, where it is needed", () => {
  const known = ["@std/cli", "@std/log", "@std/semver", "./deno.json"];
  const others = IMPORTS.filter(({ specifier, to }) =>
    !HEIGHTS.has(to) && !known.includes(packageOf(specifier))
  );
  assert.deepEqual(
    others.map(({ from, specifier }) => `${from} ${specifier}`).sort(),
    [
      "auth.ts node:crypto",
      "get_url.ts node:dns/promises",
      "get_url.ts node:http",
      "pinned_request.ts node:http",
      "pinned_request.ts node:https",
      "pinned_request.ts node:net",
      "pinned_request.ts node:tls",
      "read_file.ts node:fs/promises",
    ],
  );
});

Deno.test("the ground floor does not use Deno", async () => {
  const modules = FLOORS.ground.map((name) => `${name}.ts`);
  assert.deepEqual(await usersOfDeno(modules), []);
});

Deno.test("the client runs without Deno, Node and a logging library", async () => {
  const modules = [...CLIENT].filter((name) => HEIGHTS.has(name));
  assert.deepEqual(await usersOfDeno(modules), []);
  const outside = [...CLIENT].filter((name) => !HEIGHTS.has(name));
  assert.deepEqual(
    new Set(outside.map(packageOf)),
    new Set(["@std/semver", "deno.json"]),
  );
});

/** What the modules of the package import that a module leads to. */
async function importsOf(module: string): Promise<Import[]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const { modules }: Info = JSON.parse(new TextDecoder().decode(stdout));
  return modules.flatMap(({ specifier, dependencies = [] }) => {
    const from = nameOf(specifier);
    if (!HEIGHTS.has(from)) return [];
    return dependencies.map(({ specifier, code, type, isDynamic = false }) => {
      const target = nameOf((code ?? type)?.specifier ?? specifier);
      const to = target.startsWith("tools/links/") ? specifier : target;
      const isTypeOnly = code === undefined;
      return { from, specifier, to, isTypeOnly, isDynamic };
    });
  });
}

/** The package that a specifier is a part of: `@std/log` of `@std/log/logger`. */
function packageOf(specifier: string): string {
  return specifier.replace(/^(@[^/]+\/[^/]+)\/.*$/, "$1");
}

function nameOf(specifier: string): string {
  return specifier.startsWith(ROOT.href)
    ? specifier.slice(ROOT.href.length)
    : specifier;
}

/** What a module imports, directly or not, by imports of a kind. */
function reach(
  module: string,
  follows: (edge: Import) => boolean,
): Set<string> {
  const reached = new Set([module]);
  for (const from of reached) {
    const edges = IMPORTS.filter((edge) => edge.from === from && follows(edge));
    for (const { to } of edges) reached.add(to);
  }
  return reached;
}

async function usersOfDeno(modules: readonly string[]): Promise<string[]> {
  const sources = await Promise.all(
    modules.map((name) => Deno.readTextFile(new URL(name, ROOT))),
  );
  return modules.filter((_, index) =>
    /\bDeno\./.test(withoutComments(sources[index] ?? ""))
  );
}

function withoutComments(source: string): string {
  // A URL in a text has two slashes, too, after a colon.
  return source.replaceAll(/\/\*.*?\*\/|(?<!:)\/\/.*?$/gms, "");
}
