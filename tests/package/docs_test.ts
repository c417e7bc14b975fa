/**
 * Runs the examples of the documents: each block of TypeScript is a program. One that
 * starts with a name, as `// hello_server.ts`, can be imported by those after it; one
 * whose name ends in `_server.ts` is followed by one that ends in `_client.ts` and talks
 * to it. A block marked `ts ignore` is not run, and one marked `ts error` does not
 * compile, for the reason in the block of text after it.
 *
 * Other documents: `deno test --allow-all tests/readme_test.ts -- path.md`.
 */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { settlesWithin } from "../../common/async.ts";
import { firstMatch } from "../support/process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How long a program may take to end by itself, in milliseconds. */
const LIMIT = 60_000;

/** A block of TypeScript in a document. */
interface Block {
  /** The document and the line, such as `README.md:12` */
  readonly place: string;
  /** The code, with the line numbers that it has in the document */
  readonly code: string;
  /** The file that it stands for, if it says so */
  readonly name: string | undefined;
  /** What the compiler says of it, if it is not to compile */
  readonly error: string | undefined;
}

/** A text whose brackets match, as deep as examples nest them. */
const BALANCED = Array.from({ length: 5 }).reduce<string>(
  (inner) => `(?:[^()]|\\(${inner}\\))*`,
  "[^()]*",
);

/** A call that listens or connects: its name and its arguments. */
const CALL = new RegExp(
  `(?<![.\\w])(serve|start|connect)\\((${BALANCED})\\)`,
  "g",
);

let directory = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

const [readme = "", ...others] = Deno.args.length > 0 ? Deno.args : [
  join(ROOT, "README.md"),
  ...[...Deno.readDirSync(join(ROOT, "docs"))]
    .filter(({ name }) => name.endsWith(".md"))
    .map(({ name }) => join(ROOT, "docs", name)),
];

const examples = readBlocks(readme);

Deno.test(`${basename(readme)} has examples`, () => {
  assert.notEqual(examples.length, 0, `${readme} has no block to run`);
});

const blocks = [...examples, ...others.flatMap(readBlocks)];

for (const [index, block] of blocks.entries()) {
  const next = blocks[index + 1];
  const previous = blocks[index - 1];
  if (block.error !== undefined) {
    Deno.test(`${block.place} does not compile`, () => refuse(block));
  } else if (isServer(block)) {
    const client = next !== undefined && isClient(next) ? next : undefined;
    const both = client === undefined ? "" : ` with ${client.place}`;
    Deno.test(`${block.place} serves${both}`, () => runPair(block, client));
  } else if (!isClient(block)) {
    Deno.test(`${block.place} runs`, () => runAlone(block));
  } else if (previous === undefined || !isServer(previous)) {
    Deno.test(`${block.place} has a server`, () => {
      assert.fail(`${block.place} must follow a block that is a server`);
    });
  }
}

/** The blocks of a document that are to be run. */
function readBlocks(path: string): Block[] {
  const text = Deno.readTextFileSync(path);
  const fences = text.matchAll(
    /^```(?:ts|typescript)\b *(.*)\n([^]*?)^```$(?:\n\n```text\n([^]*?)^```$)?/gm,
  );
  return [...fences]
    .filter(([, mark]) => mark !== "ignore")
    .map(({ 1: mark, 2: code = "", 3: error = "", index }) => {
      const line = text.slice(0, index).split("\n").length;
      return {
        place: `${basename(path)}:${line}`,
        code: "\n".repeat(line) + code,
        name: code.match(/^\/\/ (\w+\.ts)\n/)?.[1],
        error: mark === "error" ? error : undefined,
      };
    });
}

function isServer({ name }: Block): boolean {
  return name?.endsWith("_server.ts") ?? false;
}

function isClient({ name }: Block): boolean {
  return name?.endsWith("_client.ts") ?? false;
}

/** Runs a block to its end. */
async function runAlone(block: Block, url?: string): Promise<void> {
  await using child = await start(block, url);
  const errors = new Response(child.stderr).text();
  await end(child, block);
  const { code } = await child.status;
  assert.equal(code, 0, `${block.place} failed\n${await errors}`);
}

/** Runs a server, then its client, and ends the server. */
async function runPair(server: Block, client?: Block): Promise<void> {
  await using child = await start(server);
  const [head, all] = child.stderr.tee();
  const errors = new Response(all).text();
  const address = await firstMatch(head, /(?<=starting server on )\S+/)
    .catch(({ message }) => assert.fail(`${server.place} failed\n${message}`));
  if (client !== undefined) await runAlone(client, `http://${address}`);
  child.kill("SIGTERM");
  await end(child, server);
  const { code, signal } = await child.status;
  const log = await errors;
  // A program that does not listen to signals is ended by them.
  assert(code === 0 || signal === "SIGTERM", `${server.place} failed\n${log}`);
}

/** Sees that a block does not compile, and why. */
async function refuse(block: Block): Promise<void> {
  // It never runs, so any server will do.
  const path = await write(block, "http://localhost:5000");
  const { code, stderr } = await deno(["check"], path).output();
  const text = new TextDecoder().decode(stderr);
  assert.notEqual(code, 0, `${block.place} compiles`);
  assert(text.includes(block.error ?? ""), text);
  assert.match(text, /Type checking failed/);
  assert(!text.includes("Found "), `There is more than one error\n${text}`);
}

/** Waits until a program ends, but not for ever. */
async function end(child: Deno.ChildProcess, block: Block): Promise<void> {
  if (await settlesWithin(child.status, LIMIT)) return;
  child.kill("SIGKILL");
  assert.fail(`${block.place} does not end`);
}

async function start(block: Block, url?: string): Promise<Deno.ChildProcess> {
  const path = await write(block, url);
  return deno(["run", "--check", "--allow-all"], path).spawn();
}

/** Writes a block to a file, for those after it to import. */
async function write(block: Block, url?: string): Promise<string> {
  const name = block.name ?? `${block.place.replace(":", "_")}.ts`;
  const path = join(directory, name);
  await Deno.writeTextFile(path, relocate(block, url));
  return path;
}

/** What does something with a file. */
function deno(command: readonly string[], path: string): Deno.Command {
  // The configuration makes the checkout the package that a block imports.
  const config = ["--config", join(ROOT, "deno.json"), "--no-lock"];
  return new Deno.Command(Deno.execPath(), {
    args: [...command, ...config, path],
    cwd: directory,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
}

/** Makes calls that do not say where use a free port of the loopback interface. */
function relocate({ code }: Block, url?: string): string {
  const server = code.match(/(\w+) = (?:serve|start)\(/)?.[1];
  const target = url === undefined ? `${server}.url` : JSON.stringify(url);
  return code.replaceAll(CALL, (call, name: string, args: string) => {
    const key = name === "connect" ? "url" : "port";
    if (new RegExp(`\\b${key}\\b`).test(args)) return call;
    const where = name === "connect"
      ? `url: ${target}`
      : `hostname: "127.0.0.1", port: 0`;
    return `${name}(${withOption(args, where)})`;
  });
}

/** Adds to the options of a call, which come last and may be missing. */
function withOption(args: string, option: string): string {
  if (args.includes("{")) return args.replace("{", `{ ${option}, `);
  const token = args.trim().replace(/,$/, "");
  return token === "" ? `{ ${option} }` : `${token}, { ${option} }`;
}
