/**
 * Reads the examples of a Markdown document: its blocks of TypeScript.
 *
 * @module
 */

import { basename, join } from "node:path";

/** A block of TypeScript in a document. */
export interface Example {
  /** The document and the line, such as `README.md:12` */
  readonly place: string;
  /** The code, moved down to the line that it has in the document */
  readonly code: string;
  /** The file name in the first line of the code, if there is one */
  readonly name: string | undefined;
  /** Whether the block is marked `ts ignore` or `ts check`, so it does not run */
  readonly ignored: boolean;
  /** Whether the block is marked `ts check`: it compiles, but does not run */
  readonly checked: boolean;
  /** The compiler error that the document shows, if the block is marked `ts error` */
  readonly error: string | undefined;
}

/** The Markdown files in a folder and below. */
export function listDocuments(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return listDocuments(path);
    return name.endsWith(".md") ? [path] : [];
  }).sort();
}

const FENCE =
  /^```(?:ts|typescript)\b *(.*)\n([^]*?)^```$(?:\n\n```text\n([^]*?)^```$)?/gm;

/** Reads the examples of a document, in their order. */
export function readExamples(path: string): Example[] {
  const document = Deno.readTextFileSync(path);
  return [...document.matchAll(FENCE)].map(
    ({ 1: mark, 2: code = "", 3: error = "", index }) => {
      const line = document.slice(0, index).split("\n").length;
      return {
        place: `${basename(path)}:${line}`,
        code: "\n".repeat(line) + code,
        name: code.match(/^\/\/ (\w+\.ts)\n/)?.[1],
        ignored: mark === "ignore" || mark === "check",
        checked: mark === "check",
        error: mark === "error" ? error : undefined,
      };
    },
  );
}

/** Reads the shell commands of a document that start with `openssl`. */
export function readOpensslCommands(path: string): string[] {
  const blocks = Deno.readTextFileSync(path).matchAll(/^```sh\n([^]*?)^```$/gm);
  return [...blocks].map(([, block = ""]) => block)
    .filter((block) => block.startsWith("openssl"));
}

/** The name of the file that an example is written to. */
export function fileNameOf({ name, place }: Example): string {
  return name ?? `${place.replace(/\W/g, "_")}.ts`;
}

/** Whether an example is a module with tests. */
export function isTest({ name }: Example): boolean {
  return name?.endsWith("_test.ts") ?? false;
}

/** Whether an example is a server, to which the next example can connect. */
export function isServer({ name }: Example): boolean {
  return name?.endsWith("_server.ts") ?? false;
}

/** Whether an example is the client of the server before it. */
export function isClient({ name }: Example): boolean {
  return name?.endsWith("_client.ts") ?? false;
}

/** A call that listens or connects: its name and its arguments, with nested brackets. */
const CALL = new RegExp(
  `(?<![.\\w])(serve|start|connect)\\((${nested(5)})\\)`,
  "g",
);

function nested(levels: number): string {
  return levels === 0 ? "[^()]*" : `(?:[^()]|\\(${nested(levels - 1)}\\))*`;
}

/**
 * Lets the calls that use the default port use a free port of the loopback interface.
 *
 * @param url The server to connect to, if the example has none of its own
 */
export function useFreePort({ code }: Example, url?: string): string {
  const server = code.match(/(\w+) = (?:serve|start)\(/)?.[1];
  const target = url === undefined ? `${server}.url` : JSON.stringify(url);
  const local = url?.replace(/^\w+:\/\/127\.0\.0\.1/, "localhost");
  const placed = code.replace("localhost:5000", local ?? "localhost:5000");
  return placed.replaceAll(CALL, (call, name: string, args: string) => {
    const key = name === "connect" ? "url" : "port";
    if (new RegExp(`\\b${key}\\b`).test(args)) return call;
    const host = /\bhostname\b/.test(args) ? "" : `hostname: "127.0.0.1", `;
    const option = name === "connect" ? `url: ${target}` : `${host}port: 0`;
    return `${name}(${withOption(args, option)})`;
  });
}

/** Replaces the prompts, which need a terminal, with what a reader enters: a token. */
export function answerPrompts(code: string, token = ""): string {
  return code.replaceAll(
    /\bprompt\("[^"]*"\)(?: \?\? "")?/g,
    JSON.stringify(token),
  );
}

/** Adds an option to the options of a call, which come last and can be missing. */
function withOption(args: string, option: string): string {
  if (args.includes("{")) return args.replace("{", `{ ${option}, `);
  const token = args.trim().replace(/,$/, "");
  return token === "" ? `{ ${option} }` : `${token}, { ${option} }`;
}
