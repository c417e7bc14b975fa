/**
 * Runs the examples of the documentation. Each block of TypeScript is a program.
 *
 * A block that starts with a file name, such as `// chat_contract.ts`, can be imported
 * by later blocks of its document. A block whose name ends in `_server.ts` is followed
 * by a block whose name ends in `_client.ts`, which gets the token of the server where it
 * prompts for it. A block whose name ends in `_test.ts` runs with `deno test`. A block
 * marked `ts ignore` does not run. A block marked `ts check` does not run either, but it
 * compiles. A block marked `ts error` does not compile, for the reason in the block of
 * text after it.
 *
 * One document: `deno test --allow-all tests/package/docs_test.ts -- README.md`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { settlesWithin } from "../../common/async.ts";
import {
  answerPrompts,
  type Example,
  fileNameOf,
  isClient,
  isServer,
  isTest,
  listDocuments,
  readExamples,
  readOpensslCommands,
  useFreePort,
} from "../support/examples.ts";
import { firstMatch } from "../support/process.ts";
import { cleanEnvironment } from "../support/environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The time within which a program has to end, in milliseconds. */
const LIMIT = 60_000;

const documents = Deno.args.length > 0
  ? Deno.args.map((path) => resolve(path))
  : [join(ROOT, "README.md"), ...listDocuments(join(ROOT, "docs"))];

let directory = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir();
});

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

for (const path of documents) testDocument(path, readExamples(path));

// One process checks all documents in the time in which it would check three.
Deno.test(
  "the examples of all documents compile and pass the linter",
  checkAll,
);

Deno.test("README.md has examples", () => {
  assert.notEqual(readExamples(join(ROOT, "README.md")).length, 0);
});

function testDocument(path: string, examples: readonly Example[]): void {
  const folder = folderOf(path);
  const runnable = examples.filter(({ ignored }) => !ignored);
  for (const command of readOpensslCommands(path)) {
    Deno.test(`${basename(path)} makes a certificate`, () =>
      runShell(folder, command));
  }
  for (const [index, example] of runnable.entries()) {
    testExample(folder, example, runnable[index - 1], runnable[index + 1]);
  }
}

/** Returns the name of the folder of a document. */
function folderOf(path: string): string {
  return relative(ROOT, path).replace(/\W/g, "_");
}

function testExample(
  folder: string,
  example: Example,
  previous: Example | undefined,
  next: Example | undefined,
): void {
  const { place } = example;
  if (example.error !== undefined) {
    Deno.test(`${place} does not compile`, () => expectError(folder, example));
  } else if (isServer(example)) {
    const client = next !== undefined && isClient(next) ? next : undefined;
    const both = client === undefined ? "" : ` with ${client.place}`;
    Deno.test(`${place} serves${both}`, () => runPair(folder, example, client));
  } else if (!isClient(example)) {
    Deno.test(`${place} runs`, () => runAlone(folder, example));
  } else if (previous === undefined || !isServer(previous)) {
    Deno.test(`${place} follows a server`, () => {
      assert.fail(`${place} must follow a block that is a server`);
    });
  }
}

/** The server that an example connects to. */
interface ServerInfo {
  readonly url: string;
  readonly token: string;
}

/** Runs a shell command, whose files later examples of the document can read. */
async function runShell(folder: string, command: string): Promise<void> {
  const cwd = await makeFolder(folder);
  const args = ["-ec", command];
  const { code, stderr } = await new Deno.Command("sh", {
    ...{ args, cwd },
    ...cleanEnvironment(),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

/** Runs an example to its end. */
async function runAlone(
  folder: string,
  example: Example,
  server?: ServerInfo,
): Promise<void> {
  await using child = await start(folder, example, server);
  const errors = new Response(child.stderr).text();
  await waitForEnd(child, example);
  const { code } = await child.status;
  assert.equal(code, 0, `${example.place} failed\n${await errors}`);
}

/** Runs a server, then its client, and ends the server. */
async function runPair(
  folder: string,
  server: Example,
  client: Example | undefined,
): Promise<void> {
  await using child = await start(folder, server);
  const [head, all] = child.stderr.tee();
  const errors = new Response(all).text();
  const line = await firstMatch(head, /startup:.*127\.0\.0\.1:\d+.*\n/)
    .catch(({ message }) => assert.fail(`${server.place} failed\n${message}`));
  const [address] = line.match(/127\.0\.0\.1:\d+/) ?? [];
  const token = line.match(/with token (\S+)/)?.[1] ?? "";
  if (client !== undefined) {
    await runAlone(folder, client, { url: `http://${address}`, token });
  }
  child.kill("SIGTERM");
  await waitForEnd(child, server);
  const { code, signal } = await child.status;
  // A program that does not listen to signals is ended by them.
  const isRight = code === 0 || signal === "SIGTERM";
  assert(isRight, `${server.place} failed\n${await errors}`);
}

/** Checks that an example does not compile, for the reason that the document shows. */
async function expectError(folder: string, example: Example): Promise<void> {
  const cwd = await makeFolder(folder);
  const server = { url: "http://localhost:5000", token: "" };
  const name = await write(cwd, example, server);
  const { code, stderr } = await deno(cwd, "check", name).output();
  const report = new TextDecoder().decode(stderr);
  assert.notEqual(code, 0, `${example.place} compiles`);
  assert(report.includes(example.error ?? ""), report);
  assert.match(report, /Type checking failed/);
  assert(!report.includes("Found "), `There is more than one error\n${report}`);
}

/** An example in the file that a reader would write */
interface WrittenExample extends Example {
  readonly file: string;
}

/** Checks all examples, as they are, with the compiler and the linter. */
async function checkAll(): Promise<void> {
  const project = await makeFolder("check");
  const single = await Deno.makeTempDir({ dir: directory });
  const examples = (await Promise.all(documents.map(writeAll))).flat();
  const compiled = examples.filter(({ ignored, checked, error }) =>
    (!ignored || checked) && error === undefined
  );
  await expectSuccess(project, "check", compiled);
  const linted = examples.filter((example) => !isSingleFile(example));
  await expectSuccess(project, "lint", linted);
  // The linter accepts an inline `jsr:` only where there is no `deno.json`.
  await expectSuccess(single, "lint", examples.filter(isSingleFile));

  /** Writes the examples of a document into a folder of its own. */
  async function writeAll(path: string): Promise<WrittenExample[]> {
    const examples = readExamples(path);
    return await Promise.all(examples.map(async (example) => {
      const root = isSingleFile(example) ? single : project;
      const file = join(root, folderOf(path), fileNameOf(example));
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeTextFile(file, example.code);
      return { ...example, file };
    }));
  }
}

/** Whether an example is for a folder without a `deno.json`. */
function isSingleFile({ code }: Example): boolean {
  return code.includes(' from "jsr:');
}

async function expectSuccess(
  cwd: string,
  command: "check" | "lint",
  examples: readonly WrittenExample[],
): Promise<void> {
  if (examples.length === 0) return;
  const flags = command === "check" ? ["--no-lock"] : [];
  const files = examples.map(({ file }) => file);
  const { code, stderr } = await deno(cwd, command, ...flags, ...files)
    .output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

async function waitForEnd(
  child: Deno.ChildProcess,
  example: Example,
): Promise<void> {
  if (await settlesWithin(child.status, LIMIT)) return;
  child.kill("SIGKILL");
  assert.fail(`${example.place} does not end`);
}

async function start(
  folder: string,
  example: Example,
  server?: ServerInfo,
): Promise<Deno.ChildProcess> {
  const cwd = await makeFolder(folder);
  const name = await write(cwd, example, server);
  const command = isTest(example) ? "test" : "run";
  const flags = ["--no-lock", "--no-check", "--allow-all"];
  return deno(cwd, command, ...flags, name).spawn();
}

/** Writes an example to a file, which later examples can import. */
async function write(
  cwd: string,
  example: Example,
  server?: ServerInfo,
): Promise<string> {
  const name = fileNameOf(example);
  const code = answerPrompts(useFreePort(example, server?.url), server?.token);
  await Deno.writeTextFile(join(cwd, name), code);
  return name;
}

/**
 * Makes the folder of a reader who ran `deno add jsr:@hoist/cli npm:zod`. With the links,
 * the package resolves to the checkout.
 */
async function makeFolder(name: string): Promise<string> {
  const folder = join(directory, name);
  await Deno.mkdir(folder, { recursive: true });
  const { version, links = [] } = JSON.parse(
    await Deno.readTextFile(join(ROOT, "deno.json")),
  );
  const config = {
    imports: {
      "@hoist/cli": `jsr:@hoist/cli@^${version}`,
      "zod": "npm:zod@^4.4.0",
    },
    links: [ROOT, ...links.map((path: string) => join(ROOT, path))],
  };
  const text = JSON.stringify(config, null, 2);
  await Deno.writeTextFile(join(folder, "deno.json"), text);
  return folder;
}

function deno(cwd: string, ...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    ...cleanEnvironment({ NO_COLOR: "1", ...certificateIn(cwd) }),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
}

/** Trusts the certificate that an example of the document has made. */
function certificateIn(cwd: string): Record<string, string> {
  const files = [...Deno.readDirSync(cwd)];
  const hasOne = files.some(({ name }) => name === "cert.pem");
  return hasOne ? { DENO_CERT: "cert.pem" } : {};
}
