/** Compares the options in the code with the tables of the reference. */

import assert from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import { flagName } from "../../cli/parse.ts";

const ROOT = new URL("../../", import.meta.url);

for (
  const [module, page] of [
    ["server/options.ts", "options.md"],
    ["server/limits.ts", "options.md"],
    ["server/admin_options.ts", "options.md"],
    ["server/cluster_options.ts", "options.md"],
    ["server/method_options.ts", "options.md"],
    ["server/server_cluster.ts", "options.md"],
    ["broker/memory.ts", "options.md"],
    ["broker/nats_options.ts", "options.md"],
    ["broker/redis_options.ts", "options.md"],
    ["server/listen.ts", "options.md"],
    ["server/method_options.ts", "options.md"],
    ["server/room_options.ts", "options.md"],
    ["server/room.ts", "options.md"],
    ["server/log_options.ts", "options.md"],
    ["common/debug.ts", "options.md"],
    ["server/credentials.ts", "options.md"],
    ["client/options.ts", "options.md"],
    ["client/call_options.ts", "options.md"],
    ["client/heartbeat.ts", "options.md"],
    ["client/reconnect_policy.ts", "options.md"],
    ["client/room_options.ts", "options.md"],
    ["builtins/options.ts", "options.md"],
    ["token.ts", "options.md"],
  ] as const
) {
  Deno.test(`docs/reference/${page} describes every option of ${module}`, () => {
    const options = optionsOf(read(module));
    const text = read(`docs/reference/${page}`);
    assert.notEqual(options.length, 0);
    assert.deepEqual(
      options.filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });
}

for (const { name, flags } of COMMANDS) {
  Deno.test(`docs/reference/command_line.md describes ${name} and its flags`, () => {
    const text = read("docs/reference/command_line.md");
    assert(text.includes(`\`${name}`), name);
    const names = Object.keys(flags).map((key) => `--${flagName(key)}`);
    assert.deepEqual(
      names.filter((flag) => !text.includes(`\`${flag}\``)),
      [],
    );
  });
}

const PAGE = read("docs/reference/options.md");

for (
  const module of [
    ...["server/options.ts", "server/limits.ts", "server/log_options.ts"],
    ...["server/listen.ts", "server/method_options.ts", "client/options.ts"],
    ...["client/call_options.ts", "client/reconnect_policy.ts"],
    ...["client/heartbeat.ts", "common/debug.ts", "token.ts"],
    ...["common/request_options.ts", "client/room_options.ts"],
    ...["server/room_options.ts", "server/room.ts"],
    ...["server/cluster_options.ts", "server/method_options.ts"],
    ...["server/server_cluster.ts", "broker/nats_options.ts"],
    "server/admin_options.ts",
  ]
) {
  Deno.test(`docs/reference/options.md has the defaults of ${module}`, () => {
    const defaults = defaultsOf(read(module));
    assert.notEqual(defaults.length, 0);
    const wrong = defaults.filter(([name, value]) =>
      !cellsOf(name).some((cell) => cell.startsWith(value))
    );
    assert.deepEqual(wrong, []);
  });
}

Deno.test("docs/guide/limits.md has a row for every limit", () => {
  const code = read("server/limits.ts");
  const limits = optionsOf(code.slice(0, code.indexOf("interface NameLimits")));
  assert(limits.length > 15);
  const rows = firstCells(read("docs/guide/limits.md"));
  assert.deepEqual(limits.filter((name) => !rows.includes(`\`${name}\``)), []);
});

Deno.test("docs/reference/protocol.md says which limits are answered with an error", () => {
  const [, body = ""] = /type RequestLimit =([^;]+);/.exec(
    read("protocol/request_error.ts"),
  ) ?? [];
  const limits = [...body.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
  assert(limits.length > 3);
  const [, section = ""] = read("docs/reference/protocol.md")
    .split("\n## Limits\n");
  const rows = firstCells(section);
  assert.deepEqual(limits.filter((name) => !rows.includes(`\`${name}\``)), []);
});

/** The first cells of all rows of tables. */
function firstCells(text: string): string {
  return [...text.matchAll(/^\|([^|]*)\|/gm)].map(([, cell]) => cell).join();
}

/** The optional properties of the exported interfaces. */
function optionsOf(code: string): string[] {
  const interfaces = code.matchAll(/^export interface [^]*?^\}$/gm);
  return [...interfaces].flatMap(([body]) => [
    ...body.matchAll(/^ {2}readonly (\w+)\?:/gm),
  ]).map(([, name = ""]) => name);
}

/** The options with a default that is a short literal. */
function defaultsOf(code: string): [name: string, value: string][] {
  const options = code.matchAll(
    /@default \{([\d_.]+|Infinity|true|false|"[^"]{0,30}")\}[^;]*?\n {2}readonly (\w+)\?:/g,
  );
  return [...options].map(([, value = "", name = ""]) => [
    name,
    value.replaceAll("_", ""),
  ]);
}

/** The defaults in all rows of an option, without the marks of code and of thousands. */
function cellsOf(name: string): string[] {
  let column = -1;
  return PAGE.split("\n").flatMap((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells.includes("default")) column = cells.indexOf("default");
    const isRow = cells.slice(0, column).includes(`\`${name}\``);
    return isRow ? (cells[column] ?? "").replace(/(?<=\d),(?=\d)|`/g, "") : [];
  });
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}
