/** Compares `docs/guide/metrics.md` and `docs/grafana.json` with the metrics of servers. */

import assert from "node:assert/strict";
import { memory } from "../../broker/memory.ts";
import { ADMIN_TOKEN } from "../support/admin.ts";
import { requestMetrics, serveMetrics } from "../support/metrics.ts";

const ROOT = new URL("../../", import.meta.url);

/** The suffixes of the series of a histogram. */
const SUFFIXES = ["_bucket", "_sum", "_count"];

/** Returns the types of all metrics, and the names of their labels. */
async function readExport(): Promise<{
  readonly types: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, readonly string[]>;
}> {
  // Some metrics exist only with a broker, and some only without one.
  await using alone = serveMetrics();
  await using other = serveMetrics({ broker: memory() });
  const bodies = await Promise.all([alone, other].map(async (server) => {
    server.operation("add", () => 1);
    const { body } = await requestMetrics(server, `Bearer ${ADMIN_TOKEN}`);
    return body;
  }));
  const text = bodies.join("");
  const heads = text.matchAll(/^# TYPE (\w+) (\w+)$/gm);
  const samples = text.matchAll(/^(\w+)(?:\{(.*)\})? /gm);
  const labels = new Map<string, readonly string[]>();
  for (const [, series = "", pairs = ""] of samples) {
    const names = [...pairs.matchAll(/(\w+)="/g)].map(([, name = ""]) => name);
    labels.set(series, names);
  }
  const types = new Map(
    [...heads].map(([, name = "", type = ""]) => [name, type] as const),
  );
  return { types, labels };
}

/** Returns the rows of the tables of the page that describe metrics, by their headings. */
function readRows(page: string): Map<string, readonly string[]> {
  const rows = new Map<string, readonly string[]>();
  for (const type of ["counter", "gauge", "histogram"]) {
    const heading = `## ${type[0]!.toUpperCase()}${type.slice(1)}s\n`;
    const [section = ""] = page.split(heading)[1]?.split("\n## ") ?? [];
    for (
      const [, name = "", labels = ""] of section.matchAll(
        /^\| `(\w+)` +\| ([^|]*) \|/gm,
      )
    ) {
      const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) =>
        label
      );
      rows.set(name, [type, ...names]);
    }
  }
  return rows;
}

Deno.test("docs/guide/metrics.md lists the metrics of a server with types and labels", async () => {
  const { types, labels } = await readExport();
  const exported = [...types].map(([name, type]): [string, string[]] => {
    const series = type === "histogram" ? `${name}_count` : name;
    return [name, [type, ...labels.get(series) ?? []]];
  });
  const documented = [...readRows(await read("docs/guide/metrics.md"))];
  const byName = ([a]: readonly unknown[], [b]: readonly unknown[]) =>
    String(a) < String(b) ? -1 : 1;
  assert.deepEqual(documented.toSorted(byName), exported.toSorted(byName));
});

Deno.test("docs/guide/metrics.md lists the values of result and limit", async () => {
  const page = await read("docs/guide/metrics.md");
  const options = await read("docs/reference/options.md");
  await using server = serveMetrics();
  const { body } = await requestMetrics(server, `Bearer ${ADMIN_TOKEN}`);
  const values = [...body.matchAll(/\b(?:result|kind|limit)="([^"]+)"/g)];
  const missing = values.map(([, value]) => `\`${value}\``).filter((code) =>
    !page.includes(code) && !options.includes(code)
  );
  assert.deepEqual([...new Set(missing)], []);
});

Deno.test("docs/grafana.json queries only metrics and labels of the export", async () => {
  const { types, labels } = await readExport();
  const { panels } = JSON.parse(await read("docs/grafana.json"));
  const queries: string[] = panels.flatMap(
    ({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
  );
  assert.notEqual(queries.length, 0);
  const used = queries.flatMap((
    query,
  ) => [...query.matchAll(/\b((?:hoist|process)_\w+)\{([^}]*)\}/g)]);
  for (const query of queries) assert.match(query, /(hoist|process)_\w+\{/);
  const known = new Set(
    [...types].flatMap(([name, type]) =>
      type === "histogram" ? SUFFIXES.map((suffix) => name + suffix) : [name]
    ),
  );
  const names = used.map(([, name = ""]) => name);
  assert.deepEqual(names.filter((name) => !known.has(name)), []);
  // Prometheus adds the labels `job` and `instance`.
  const strange = queries.flatMap((query) => {
    const [, name = ""] = query.match(/\b((?:hoist|process)_\w+)\{/) ?? [];
    const own = [...labels.get(name) ?? [], "job", "instance", "le"];
    const grouped = query.match(/by \(([^)]*)\)/)?.[1]?.split(", ") ?? [];
    const matched = [...query.matchAll(/[{,](\w+)=~?"/g)].map((
      [, label = ""],
    ) => label);
    return [...grouped, ...matched].filter((label) => !own.includes(label));
  });
  assert.deepEqual(strange, []);
});

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}
