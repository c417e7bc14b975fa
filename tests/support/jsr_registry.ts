/** A registry that behaves like JSR, for tests of the published package. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { stage } from "../../tools/publish.ts";

const LINKS = new URL("../../tools/links/", import.meta.url);

/** The parts of a `deno.json` that are used here. */
interface Config {
  readonly name: string;
  readonly version: string;
  readonly exports: string | Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

/** The contents of files, by their paths. */
type Files = Map<string, string>;

/**
 * A registry on a free port of the loopback interface, for the variable `JSR_URL`. It
 * has this package as it is published, and the stand-ins in `tools/links/` under the
 * names of the genuine packages.
 */
export class JsrRegistry implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(files: Files) {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => answer(request, files));
  }

  /** Publishes the packages and starts the registry. */
  static async start(): Promise<JsrRegistry> {
    const standIns = [...Deno.readDirSync(LINKS)].map(({ name }) =>
      readFiles(new URL(`${name}/`, LINKS))
    );
    const sources = await Promise.all([readStaged(), ...standIns]);
    const packages = sources.map(publish);
    return new JsrRegistry(new Map(packages.flatMap((files) => [...files])));
  }

  /** The value for `JSR_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function answer(request: Request, files: Files): Response {
  const { pathname } = new URL(request.url);
  const content = files.get(pathname);
  if (content === undefined) return new Response(null, { status: 404 });
  const isJson = pathname.endsWith(".json");
  const type = isJson ? "application/json" : "text/typescript";
  return new Response(content, { headers: { "content-type": type } });
}

/** Makes the files of the registry for a package, by their paths in the registry. */
function publish(sources: Files): Files {
  const config: Config = JSON.parse(sources.get("deno.json") ?? "");
  const { name, version, exports } = config;
  const files: Files = new Map();
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, source] of sources) {
    const content = path.endsWith(".ts") ? unfurl(source, config) : source;
    const digest = createHash("sha256").update(content).digest("hex");
    const size = new TextEncoder().encode(content).length;
    manifest[`/${path}`] = { size, checksum: `sha256-${digest}` };
    files.set(`/${name}/${version}/${path}`, content);
  }
  const meta = { name, latest: version, versions: { [version]: {} } };
  const versionMeta = {
    manifest,
    exports: typeof exports === "string" ? { ".": exports } : exports,
  };
  files.set(`/${name}/meta.json`, JSON.stringify(meta));
  files.set(`/${name}/${version}_meta.json`, JSON.stringify(versionMeta));
  return files;
}

/**
 * Replaces names of the import map in the code, but not in the documentation. A published
 * package has no import map.
 */
function unfurl(source: string, { imports = {} }: Config): string {
  return source.replaceAll(
    /^((?:(?:import|export|\}) .*)?from |import )"([^"]+)"/gm,
    (_, start, name) => `${start}"${resolve(name, imports)}"`,
  );
}

/** Resolves a name, or the package that it is a part of, with the import map. */
function resolve(
  name: string,
  imports: Readonly<Record<string, string>>,
): string {
  const [key, target] =
    Object.entries(imports).find(([key]) =>
      name === key || name.startsWith(`${key}/`)
    ) ?? [name, name];
  return target + name.slice(key.length);
}

async function readStaged(): Promise<Files> {
  const directory = await Deno.makeTempDir();
  try {
    const paths = await stage(directory);
    const entries = paths.map(async (path): Promise<[string, string]> => [
      path,
      await Deno.readTextFile(join(directory, path)),
    ]);
    return new Map(await Promise.all(entries));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function readFiles(directory: URL): Promise<Files> {
  const files: Files = new Map();
  for await (const { name, isFile } of Deno.readDir(directory)) {
    if (!isFile) continue;
    files.set(name, await Deno.readTextFile(new URL(name, directory)));
  }
  return files;
}
