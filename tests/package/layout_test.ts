/** Enforces the layout of the source: which module is where, and imports what. */

import assert from "node:assert/strict";
import {
  countLevels,
  findCycles,
  findForbidden,
  findForeign,
  findMisplaced,
  findUsersOfDeno,
  findWronglyLoaded,
  type Import,
} from "../support/layout.ts";
import { LAZY, readImports, readSources } from "../support/modules.ts";

/** What each root module and folder can import. A folder can import itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "common": [],
  "token.ts": [],
  "auth.ts": [],
  "version.ts": [],
  "protocol": ["common"],
  "broker": ["common"],
  "contract": ["common"],
  "builtins": ["common", "protocol"],
  "client": ["common", "protocol", "contract", "version.ts"],
  "server": [
    ...["common", "protocol", "contract", "broker"],
    ...["token.ts", "auth.ts", "version.ts"],
  ],
  "admin": ["common", "contract", "protocol", "server", "version.ts"],
  "client.ts": ["client", "contract", "protocol", "common"],
  "server.ts": [
    ...["admin", "server", "broker", "contract", "protocol", "common"],
    ...["token.ts", "auth.ts", "version.ts"],
  ],
  "types.ts": ["client", "server", "contract"],
  "cli": [
    ...["server.ts", "client.ts", "token.ts", "version.ts"],
    // The doctor and `ping` show what the client hides.
    ...["admin", "broker", "client", "common", "protocol"],
  ],
  "mod.ts": [
    "server.ts",
    "client.ts",
    "cli",
    "token.ts",
    "version.ts",
  ],
};

/** The root modules and folders that run where there is no `Deno`. */
const WITHOUT_DENO = [
  ...["common", "token.ts", "auth.ts", "version.ts", "protocol", "contract"],
  ...["client", "client.ts", "types.ts", "broker", "admin"],
];

/** The packages that a module can import. */
const PACKAGES = {
  "auth.ts": ["node:crypto"],
  "broker/nats_client.ts": ["npm:@nats-io/nats-core@3.4.0/internal"],
  "broker/redis_client.ts": ["npm:ioredis@6.0.0"],
  "broker/short_token.ts": ["node:crypto"],
  "builtins/get.ts": [
    "node:dns/promises",
    "node:http",
    "node:https",
    "node:net",
    "node:tls",
  ],
  "builtins/read.ts": ["node:fs/promises"],
  "cli/certificate.ts": ["node:tls"],
  "cli/contract.ts": ["node:url"],
  "cli/doctor_network.ts": ["node:dns/promises"],
  "cli/parse.ts": ["@std/cli"],
  "cli/run.ts": ["@std/cli"],
  "cli/table.ts": ["@std/cli"],
  "server/call_scope.ts": ["node:async_hooks"],
  "server/log_output.ts": ["@std/log"],
  "server/prometheus.ts": ["node:process"],
  "server/startup.ts": ["node:worker_threads"],
  "version.ts": ["@std/semver"],
};

/** The longest chain of modules that load each other at the start of a program. */
const MAX_LEVELS = 12;

/** The longest chain if type imports and `import()` count, too. */
const MAX_LEVELS_OF_TYPES = 18;

/**
 * The command line uses the client and the server as an application does, whose modules are no
 * levels of the package, either. The doctor uses the parts of the client one by one.
 */
function isOutside({ from, to }: Import): boolean {
  return from.startsWith("cli/") && /^(server\.ts|client(\.ts|\/.*))$/.test(to);
}

Deno.test("docs/architecture.md has the same table of imports", async () => {
  const page = await Deno.readTextFile(
    new URL("../../docs/architecture.md", import.meta.url),
  );
  const [, section = ""] = page.split("\n## Import rules\n");
  const shown: Record<string, readonly string[]> = {};
  for (
    const [, from = "", to = ""] of section.matchAll(
      /^\| (`[^|]+?) +\| ([^|]+?) +\|$/gm,
    )
  ) {
    const [all = "", folder = ""] = /what `(\w+)\/` can import/.exec(to) ?? [];
    const names = [
      ...namesIn(to.replace(all, "")),
      ...MAY_IMPORT[folder] ?? [],
    ];
    for (const each of namesIn(from)) shown[each] = names.toSorted();
  }
  const expected = Object.entries(MAY_IMPORT)
    .map(([from, to]) => [from, to.toSorted()]);
  assert.deepEqual(shown, Object.fromEntries(expected));
});

/** The names of modules and folders in a cell of a table. */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([\w.]+)\/?`/g)].map(([, name = ""]) => name);
}

const IMPORTS = await readImports();
const SOURCES = await readSources();

/** Registers a test of a rule, and one that shows that the rule finds a violation. */
function testRule(
  name: string,
  violations: readonly string[],
  wrong: readonly string[],
): void {
  Deno.test(name, () => assert.deepEqual(violations, []));
  Deno.test(`the rule "${name}" finds a violation`, () => {
    assert.notDeepEqual(wrong, []);
  });
}

/** Adds imports to those of the package: `a.ts -> b.ts`. */
function withImports(...edges: readonly string[]): Import[] {
  const added = edges.map((edge) => {
    const [from = "", to = ""] = edge.split(" -> ");
    return { from, to };
  });
  return [...IMPORTS, ...added];
}

for (
  const edge of [
    "common/json.ts -> protocol/batch.ts",
    "protocol/batch.ts -> contract/schema.ts",
    "client/link.ts -> server/log.ts",
    "server/hub.ts -> client/link.ts",
    "server/hub.ts -> server.ts",
    "server/hub.ts -> builtins/mod.ts",
    "client/link.ts -> mod.ts",
    "server/hub.ts -> types.ts",
    "common/json.ts -> tests/support/layout.ts",
  ]
) {
  Deno.test(`the import table forbids ${edge}`, () => {
    const [from, to] = edge.split(" -> ");
    const forbidden = findForbidden(withImports(edge), MAY_IMPORT);
    assert(forbidden.includes(`${from} imports ${to}`));
  });
}

Deno.test("imports are in the import table", () => {
  assert.deepEqual(findForbidden(IMPORTS, MAY_IMPORT), []);
});

testRule(
  "no module imports itself through others",
  findCycles(IMPORTS),
  findCycles([{ from: "a.ts", to: "b.ts" }, {
    from: "b.ts",
    to: "a.ts",
    isTypeOnly: true,
  }]),
);

Deno.test(`the modules load each other on at most ${MAX_LEVELS} levels`, () => {
  const loaded = IMPORTS.filter((edge) =>
    !edge.isTypeOnly && !edge.isDynamic && !isOutside(edge)
  );
  const levels = countLevels(loaded);
  assert(levels <= MAX_LEVELS, `There are ${levels} levels`);
});

Deno.test(`the modules refer to each other on at most ${MAX_LEVELS_OF_TYPES} levels`, () => {
  const levels = countLevels(IMPORTS.filter((edge) => !isOutside(edge)));
  assert(levels <= MAX_LEVELS_OF_TYPES, `There are ${levels} levels`);
});

Deno.test("countLevels() counts the modules of the longest chain", () => {
  const chain = ["mod.ts -> a.ts", "a.ts -> b.ts", "mod.ts -> b.ts"];
  assert.equal(countLevels(withImports(...chain).slice(-3)), 3);
  const cycle = ["a.ts -> b.ts", "b.ts -> a.ts"];
  assert.equal(countLevels(withImports(...cycle).slice(-2)), Infinity);
});

testRule(
  "the root has only the entry modules, and the source is one folder deep",
  findMisplaced([...SOURCES.keys()], MAY_IMPORT),
  findMisplaced(["server/handlers/echo.ts"], MAY_IMPORT),
);

Deno.test("a new module in the root is misplaced", () => {
  assert.deepEqual(findMisplaced(["rooms.ts"], MAY_IMPORT), ["rooms.ts"]);
});

Deno.test("every module and folder of the import table exists", () => {
  const paths = [...SOURCES.keys()];
  const missing = Object.keys(MAY_IMPORT).filter((name) =>
    !paths.some((path) => path === name || path.startsWith(`${name}/`))
  );
  assert.deepEqual(missing, []);
});

Deno.test("every module is a part of an export of the package", () => {
  const known = new Set(IMPORTS.flatMap(({ from, to }) => [from, to]));
  assert.deepEqual([...SOURCES.keys()].filter((path) => !known.has(path)), []);
});

testRule(
  "lazy modules, and only these, are loaded by import()",
  findWronglyLoaded(IMPORTS, LAZY),
  findWronglyLoaded([{ from: "server/hub.ts", to: "cli/commands.ts" }], LAZY),
);

Deno.test("a module that is not lazy must not be loaded by import()", () => {
  const edge = { from: "server.ts", to: "server/hub.ts", isDynamic: true };
  assert.equal(findWronglyLoaded([edge], LAZY).length, 1);
});

Deno.test("every lazy module is loaded by import()", () => {
  const loaded = IMPORTS.filter(({ isDynamic }) => isDynamic);
  assert.deepEqual([...new Set(loaded.map(({ to }) => to))].sort(), LAZY);
});

/** The modules that only Deno loads. */
const FOR_DENO = ["client/deno_socket.ts", "broker/nats_transport.ts"];

testRule(
  "modules for every runtime do not use Deno",
  findUsersOfDeno(SOURCES, WITHOUT_DENO).filter((path) =>
    !FOR_DENO.includes(path)
  ),
  findUsersOfDeno(new Map([["client/log.ts", "Deno.exit();"]]), WITHOUT_DENO),
);

testRule(
  "a package is imported only by the module that needs it",
  findForeign(IMPORTS, PACKAGES),
  findForeign([{ from: "server/hub.ts", to: "@std/log/logger" }], PACKAGES),
);
