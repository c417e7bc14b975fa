/**
 * Checks the form of the documents: lengths, links, tables and file names.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stage } from "../../tools/publish.ts";
import { listDocuments, readExamples } from "../support/examples.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const DOCUMENTS = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
    .map((name) => join(ROOT, name)),
  ...listDocuments(join(ROOT, "docs")),
  ...listDocuments(join(ROOT, "examples")),
];

/** The most words that fit into a cell of a table without a long line. */
const MAX_WORDS = 12;

for (
  const [name, most] of [["README.md", 180], ["CONTRIBUTING.md", 80]] as const
) {
  Deno.test(`${name} has at most ${most} lines`, () => {
    const lines = read(join(ROOT, name)).trimEnd().split("\n").length;
    assert(lines <= most, `${name} has ${lines} lines`);
  });
}

for (const path of DOCUMENTS) {
  const name = relative(ROOT, path);
  Deno.test(`every link of ${name} leads to a file and a heading`, () => {
    assert.deepEqual(linksOf(path).flatMap(problemsOf), []);
  });

  Deno.test(`the cells of the tables in ${name} have at most ${MAX_WORDS} words`, () => {
    const cells = cellsOf(read(path)).filter((cell) =>
      wordsOf(cell) > MAX_WORDS
    );
    assert.deepEqual(cells, []);
  });

  Deno.test(`no example of ${name} has the name of a file of the checkout`, () => {
    const taken = new Set(
      [...Deno.readDirSync(ROOT)].map(({ name }) => stemOf(name)),
    );
    const names = readExamples(path).flatMap(({ name = [] }) => name);
    assert.deepEqual(names.filter((name) => taken.has(stemOf(name))), []);
  });
}

Deno.test("no two examples tell a reader to save the same file", () => {
  const names = DOCUMENTS.flatMap((path) =>
    readExamples(path).flatMap(({ name = [] }) => name)
  );
  assert(names.length > 10);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  assert.deepEqual(twice, []);
});

Deno.test(
  "every file that a published document links to is published",
  async () => {
    const directory = await Deno.makeTempDir();
    try {
      const published = new Set(await stage(directory));
      const missing = DOCUMENTS.filter((path) =>
        published.has(relative(ROOT, path))
      )
        .flatMap((path) => linksOf(path))
        .map(({ target }) => relative(ROOT, target))
        .filter((target) => !published.has(target));
      assert.deepEqual([...new Set(missing)], []);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

Deno.test("every module that docs/architecture.md names exists, and the other way round", () => {
  const page = read(join(ROOT, "docs/architecture.md"));
  for (const folder of ["server", "client", "broker", "admin"]) {
    const [, table = ""] = page.match(
      new RegExp(`modules in \`${folder}/\`[^]*?\n([^]*?)\n\n`),
    ) ?? [];
    const named = [...table.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
    const modules = [...Deno.readDirSync(join(ROOT, folder))]
      .map(({ name }) => stemOf(name));
    assert.deepEqual(named.toSorted(), modules.toSorted());
  }
});

Deno.test("every document that the code names exists", () => {
  const names = listSources(ROOT).flatMap((path) =>
    read(path).match(/\bdocs\/[\w/]+\.md\b/g) ?? []
  );
  const missing = [...new Set(names)].filter((name) =>
    !DOCUMENTS.includes(join(ROOT, name))
  );
  assert.deepEqual(missing, []);
});

/** The modules in a folder and below, those of tests and tools included. */
function listSources(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".") || name === "node_modules") return [];
    const path = join(folder, name);
    if (isDirectory) return listSources(path);
    return name.endsWith(".ts") ? [path] : [];
  });
}

/** A link to a file of the checkout. */
interface Link {
  readonly place: string;
  readonly target: string;
  readonly heading: string | undefined;
}

function linksOf(path: string): Link[] {
  const links = withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file = "", heading] = link.split("#");
      const target = file === "" ? path : normalize(join(dirname(path), file));
      return { place: `${relative(ROOT, path)}: ${link}`, target, heading };
    });
}

function problemsOf({ place, target, heading }: Link): string[] {
  try {
    if (!Deno.statSync(target).isFile) return [`${place} is no file`];
  } catch {
    return [`${place} does not exist`];
  }
  if (heading === undefined || headingsOf(target).has(heading)) return [];
  return [`${place} has no such heading`];
}

/** The anchors of a document, as GitHub and JSR make them. */
function headingsOf(path: string): Set<string> {
  const headings = withoutCode(read(path)).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
    ),
  );
}

function cellsOf(document: string): string[] {
  return withoutCode(document).split("\n")
    .filter((line) => line.startsWith("|"))
    .flatMap((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

/** Counts a code span as one word. */
function wordsOf(cell: string): number {
  const words = cell.replace(/`[^`]*`/g, "code").match(/[\p{L}\p{N}]\S*/gu);
  return words?.length ?? 0;
}

function withoutCode(document: string): string {
  return document.replace(/^```[^]*?^```$/gm, "");
}

function stemOf(name: string): string {
  return name.replace(/\.\w+$/, "");
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}
