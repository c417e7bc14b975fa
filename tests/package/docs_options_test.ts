/** Compares the options in the code with the tables of the reference. */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

for (
  const [module, page] of [
    ["server/options.ts", "options.md"],
    ["server/limits.ts", "options.md"],
    ["server/listen.ts", "options.md"],
    ["server/method_options.ts", "options.md"],
    ["server/room_options.ts", "options.md"],
    ["server/room.ts", "options.md"],
    ["server/log_options.ts", "options.md"],
    ["common/debug_state.ts", "options.md"],
    ["server/credentials.ts", "options.md"],
    ["client/options.ts", "options.md"],
    ["client/call_options.ts", "options.md"],
    ["client/heartbeat.ts", "options.md"],
    ["client/reconnect_policy.ts", "options.md"],
    ["client/room_options.ts", "options.md"],
    ["builtins/options.ts", "options.md"],
    ["token.ts", "options.md"],
    ["cli/help.ts", "command_line.md"],
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

const PAGE = read("docs/reference/options.md");

for (
  const module of [
    ...["server/options.ts", "server/limits.ts", "server/log_options.ts"],
    ...["server/listen.ts", "server/method_options.ts", "client/options.ts"],
    ...["client/call_options.ts", "client/reconnect_policy.ts"],
    ...["client/heartbeat.ts", "common/debug_state.ts", "token.ts"],
    ...["common/request_options.ts", "client/room_options.ts"],
    ...["server/room_options.ts", "server/room.ts"],
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

/** The optional properties of the exported interfaces, or the flags of a help. */
function optionsOf(code: string): string[] {
  const interfaces = code.matchAll(/^export interface [^]*?^\}$/gm);
  const names = [...interfaces].flatMap(([body]) => [
    ...body.matchAll(/^ {2}readonly (\w+)\?:/gm),
  ]).map(([, name = ""]) => name);
  return [...names, ...code.match(/--[a-z-]+(?= )/g) ?? []];
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
