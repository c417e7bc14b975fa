/** Tests tables and figures in a terminal. */

import assert from "node:assert/strict";
import {
  type Column,
  fit,
  formatAge,
  formatBytes,
  formatTable,
} from "../../cli/table.ts";

interface Row {
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", show: ({ name }) => name },
  { title: "COUNT", show: ({ count }) => `${count}`, isNumber: true },
];

Deno.test("a table has columns of the same width, also for wide characters", () => {
  const rows = [{ name: "日本", count: 5 }, { name: "e\u0301", count: 12_345 }];
  assert.deepEqual(formatTable(COLUMNS, rows), [
    "NAME  COUNT",
    "日本      5",
    "e\u0301     12345",
  ]);
});

Deno.test("a table shows no characters that a terminal interprets, and no long values", () => {
  const rows = [{ name: `\x1b[2J\n${"x".repeat(100)}`, count: 1 }];
  const [, line = ""] = formatTable(COLUMNS, rows);
  assert.match(line, /^\\u\{1b\}\[2J\\u\{a\}x{17}… {6}1$/);
});

Deno.test("a table without rows has titles only", () => {
  assert.deepEqual(formatTable(COLUMNS, []), ["NAME  COUNT"]);
});

Deno.test("fit() shortens by columns, and never cuts a wide character", () => {
  assert.equal(fit("hello", 5), "hello");
  assert.equal(fit("hello", 4), "hel…");
  assert.equal(fit("日本語", 5), "日本…");
  assert.equal(fit("日本語", 4), "日…");
  assert.equal(fit("hello", 1), "…");
  assert.equal(fit("hello", 0), "");
});

Deno.test("formatBytes() uses the units of limits, and at most four digits", () => {
  const kib = [12.34, 99.94, 99.95, 1_023.4, 1_023.5].map((n) => n * 1_024);
  const shown = [0, 1_023, 1_024, ...kib, 4_194_304, 2 * 1_024 ** 3];
  assert.deepEqual(shown.map(formatBytes), [
    ...["0 B", "1023 B", "1.0 KiB", "12.3 KiB", "99.9 KiB", "100 KiB"],
    ...["1023 KiB", "1.0 MiB", "4.0 MiB", "2.0 GiB"],
  ]);
});

Deno.test("formatAge() uses one unit or two", () => {
  const shown = [-5, 59_999, 60_000, 3_599_999, 3_600_000, 90_061_000];
  assert.deepEqual(shown.map(formatAge), [
    ...["0 s", "59 s", "1 min", "59 min", "1 h 0 min", "1 d 1 h"],
  ]);
});

Deno.test("a table can have more rows than a call can have arguments", () => {
  const rows = new Array<Row>(200_000).fill({ name: "a", count: 1 });
  assert.equal(formatTable(COLUMNS, rows).length, rows.length + 1);
});
