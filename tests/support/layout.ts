/**
 * The rules of the code layout, as functions of a list of imports. Each returns its
 * violations, one string for each.
 */

/** One module of the package that imports something. Type imports count. */
export interface Import {
  /** A path in the checkout, such as `server/log.ts` */
  readonly from: string;
  /** A path in the checkout, or the specifier of an external module */
  readonly to: string;
  readonly isTypeOnly?: boolean;
  readonly isDynamic?: boolean;
}

/** For each root module or folder, the root modules and folders that it can import. */
export type ImportTable = Readonly<Record<string, readonly string[]>>;

/** Finds imports that the table does not allow. Within a folder, all are allowed. */
export function findForbidden(
  imports: readonly Import[],
  table: ImportTable,
): string[] {
  return imports.filter(isInternal).filter(({ from, to }) => {
    const [source, target] = [groupOf(from), groupOf(to)];
    return source !== target && !table[source]?.includes(target);
  }).map(describe);
}

/** Finds modules that import themselves through others, type imports included. */
export function findCycles(imports: readonly Import[]): string[] {
  const graph = graphOf(imports);
  return [...graph.keys()].filter((name) => reach(graph, name).has(name));
}

/** Counts the levels of modules from one that imports nothing. Needs a tree without cycles. */
export function countLevels(imports: readonly Import[]): number {
  const graph = graphOf(imports);
  const levels = new Map<string, number>();
  const levelOf = (name: string): number => {
    const known = levels.get(name);
    if (known !== undefined) return known;
    levels.set(name, Infinity); // A cycle has no end.
    const below = [...graph.get(name) ?? []].map(levelOf);
    const level = 1 + Math.max(0, ...below);
    levels.set(name, level);
    return level;
  };
  return Math.max(0, ...[...graph.keys()].map(levelOf));
}

/** Finds lazy modules that something imports statically, and others loaded lazily. */
export function findWronglyLoaded(
  imports: readonly Import[],
  lazy: readonly string[],
): string[] {
  return imports.filter(({ to, isDynamic = false, isTypeOnly = false }) =>
    !isTypeOnly && isDynamic !== lazy.includes(to)
  ).map(describe);
}

/** Finds external packages that a module imports although the table does not list them. */
export function findForeign(
  imports: readonly Import[],
  table: Readonly<Record<string, readonly string[]>>,
): string[] {
  return imports.filter((edge) => !isInternal(edge)).filter(({ from, to }) =>
    !table[from]?.includes(packageOf(to))
  ).map(describe);
}

/** Finds modules that use `Deno` although their root module or folder must not. */
export function findUsersOfDeno(
  sources: ReadonlyMap<string, string>,
  groups: readonly string[],
): string[] {
  return [...sources].filter(([path, source]) =>
    groups.includes(groupOf(path)) &&
    /\bDeno\./.test(withoutComments(source))
  ).map(([path]) => path);
}

/** Finds modules in a wrong place: the root, or more than one folder deep. */
export function findMisplaced(
  paths: readonly string[],
  table: ImportTable,
): string[] {
  return paths.filter((path) =>
    path.split("/").length > 2 || !(groupOf(path) in table)
  );
}

/** The root module or the folder that a path belongs to. */
function groupOf(path: string): string {
  return path.replace(/\/.*/, "");
}

/** The package of a specifier, such as `@std/log` for `@std/log/logger`. */
function packageOf(specifier: string): string {
  return specifier.replace(/^(@[^/]+\/[^/]+)\/.*$/, "$1");
}

function isInternal({ to }: Import): boolean {
  return to.endsWith(".ts");
}

function describe({ from, to }: Import): string {
  return `${from} imports ${to}`;
}

function graphOf(imports: readonly Import[]): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of imports.filter(isInternal)) {
    graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }
  return graph;
}

/** The modules that a module imports, directly or through others. */
function reach(
  graph: ReadonlyMap<string, ReadonlySet<string>>,
  name: string,
): Set<string> {
  const reached = new Set(graph.get(name));
  for (const each of reached) {
    for (const to of graph.get(each) ?? []) reached.add(to);
  }
  return reached;
}

function withoutComments(source: string): string {
  // In a string, two slashes follow a colon, as in a URL.
  return source.replaceAll(/\/\*.*?\*\/|(?<!:)\/\/.*?$/gms, "");
}
