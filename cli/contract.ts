/**
 * The commands `contract show` and `contract check`.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import type { ContractDescription } from "../client.ts";
import { aborted } from "../common/async.ts";
import { HoistError } from "../common/errors.ts";
import { isJsonObject } from "../common/json.ts";
import {
  escapeControls,
  escapeJson,
  quote,
  showName,
  showValue,
} from "../common/text.ts";
import { cutUrl } from "../common/url.ts";
import type { SERVER_FLAGS, ServerFlags } from "./client_flags.ts";
import type { CommandInput } from "./command.ts";
import { readLogin } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import { type Change, compareContracts } from "./contract_changes.ts";
import { clientExitCode } from "./exit_code.ts";
import { Output } from "./output.ts";
import { isContract } from "./contract_form.ts";
import { fetchContract, inTime, readBody } from "./server_contract.ts";
import { readFile } from "./token.ts";

type Input = CommandInput<typeof SERVER_FLAGS>;

/** Prints the contract of a server. */
export async function show(
  { flags }: Input,
  context: CommandContext,
): Promise<number> {
  return await clientExitCode(context, async (signal) => {
    const login = await readLogin(flags, context);
    const contract = await fetchContract(login, signal);
    if (flags.json) new Output(flags, context).line(contract);
    else printContract(contract, context);
  });
}

/** Compares the contract of a server with another one, and fails if clients break. */
export async function check(
  { flags, words: [source = ""] }: Input,
  context: CommandContext,
): Promise<number> {
  return await clientExitCode(context, async (signal) => {
    const read = { source, context, timeout: flags.timeout, signal };
    const expected = await readContract(read);
    const login = await readLogin(flags, context);
    const actual = await fetchContract(login, signal);
    const changes = compareContracts(expected, actual);
    printChanges(changes, flags, context);
    const count = changes.filter(({ isBreaking }) => isBreaking).length;
    if (count === 0) return;
    throw new HoistError(
      `The contract of the server has ${count} breaking ${
        count === 1 ? "change" : "changes"
      }.`,
    );
  });
}

function printChanges(
  changes: readonly Change[],
  flags: ServerFlags,
  context: CommandContext,
): void {
  const output = new Output(flags, context);
  for (const change of changes) {
    const { subject, what, isBreaking } = change;
    if (flags.json) output.line(change);
    else {
      const kind = isBreaking ? "breaking" : "ok";
      context.print(escapeControls(`${kind}: ${subject} ${what}`));
    }
  }
  const isCompatible = changes.every(({ isBreaking }) => !isBreaking);
  if (isCompatible) output.progress("the server has no breaking changes");
}

/** The contract to compare with. */
interface ContractSource {
  /** A path or a URL */
  readonly source: string;
  readonly context: CommandContext;
  /** How long a server can take to send it, in milliseconds */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** How to make a contract. */
const REMEDY =
  "Save one with 'hoist contract show --json > contract.json', or use a module that exports the result of defineContract(), such as contract.ts.";

/** Reads a contract from a module, from a file of JSON or from a URL of JSON. */
async function readContract(
  from: ContractSource,
): Promise<ContractDescription> {
  const contract = await readSource(from);
  if (isContract(contract)) return contract;
  throw new HoistError(
    `Cannot use ${showValue(from.source)}: it contains no contract. ${REMEDY}`,
  );
}

async function readSource(from: ContractSource): Promise<unknown> {
  const { source, context, signal } = from;
  if (/^https?:\/\//i.test(source)) return parse(source, await download(from));
  if (/\.[cm]?[jt]sx?$/.test(source)) {
    // The module can wait for anything.
    return await Promise.race([loadContract(source, context), aborted(signal)]);
  }
  return parse(source, await readFile(source, context));
}

/** The token is not sent: the URL can belong to another server. */
async function download(
  { source, timeout, signal }: ContractSource,
): Promise<string> {
  const subject = `Cannot read ${quote(cutUrl(source))}`;
  return await inTime({ subject, timeout, signal }, async (signal) => {
    const response = await fetch(source, { signal });
    if (response.ok) return await readBody(response);
    await response.body?.cancel();
    throw new HoistError(`${subject}: the HTTP status is ${response.status}.`);
  }, (cause) => {
    const problem = cause instanceof Deno.errors.NotCapable
      ? "the permission is missing. Run with --allow-net."
      : "no server answers. Check the URL, and that the server is running.";
    return new HoistError(`${subject}: ${problem}`, { cause });
  });
}

function parse(source: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new HoistError(
      `Cannot use ${showValue(source)}: it is not JSON. ${REMEDY}`,
    );
  }
}

/** Runs a module, and returns the first contract that it exports. */
async function loadContract(
  path: string,
  context: CommandContext,
): Promise<unknown> {
  await readFile(path, context);
  const { href: url } = pathToFileURL(path);
  const exported = await guarded<object>(path, () => import(url));
  return await guarded(path, () => {
    const [contract] = Object.values(exported).filter(isDefined);
    return contract?.describe();
  });
}

const PROJECT_ADVICE =
  "An installed program does not read the deno.json of your project. In the folder of the project, run 'deno run -N -R @hoist/cli contract check' instead.";

/** Runs code of a module, which can throw anything. */
async function guarded<Result>(
  path: string,
  use: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await use();
  } catch (cause) {
    const [line = ""] = String(Object(cause).message).split("\n");
    const advice = /\bimport map\b/.test(line) ? `. ${PROJECT_ADVICE}` : "";
    throw new HoistError(
      `Cannot load the module ${showValue(path)}: ${showName(line)}${advice}`,
      { cause },
    );
  }
}

/**
 * Returns whether a value is a contract, also one of another version of this package. The schemas
 * of some libraries have a method `describe` as well.
 */
function isDefined(
  value: unknown,
): value is { readonly describe: () => unknown } {
  return typeof value === "object" && value !== null &&
    !("~standard" in value) &&
    "describe" in value && typeof value.describe === "function";
}

/** Prints the names of a contract, with their schemas. */
function printContract(
  { messages, events, operations, rooms = {} }: ContractDescription,
  context: CommandContext,
): void {
  const print = (title: string, rows: readonly string[]) => {
    if (rows.length === 0) return;
    context.print(`${title}:\n${rows.map((row) => `  ${row}`).join("\n")}`);
  };
  const data = (entries: ContractDescription["messages"]) =>
    Object.entries(entries).map(([name, entry]) => {
      const replies = Object.keys(entry.replies);
      const end = replies.length === 0 ? "" : ` → ${replies.join(" | ")}`;
      const rest = `${end}${showErrors(entry)}`;
      return escapeControls(`${name} ${showSchema(entry.data)}${rest}`);
    });
  print(
    "Operations",
    Object.entries(operations).map(([name, entry]) => {
      const result = "yields" in entry
        ? `stream of ${showSchema(entry.yields)}`
        : showSchema(entry.output);
      const rest = `${result}${showErrors(entry)}`;
      return escapeControls(`${name} ${showSchema(entry.input)} → ${rest}`);
    }),
  );
  print("Messages", data(messages));
  print("Events", data(events));
  print(
    "Rooms",
    Object.entries(rooms).map(([name, { events }]) =>
      escapeControls(`${name}: ${Object.keys(events).join(", ")}`)
    ),
  );
}

/** Lists the kinds of the errors that a handler can throw. */
function showErrors({ errors = {} }: { readonly errors?: object }): string {
  const kinds = Object.keys(errors);
  return kinds.length === 0 ? "" : `, or error ${kinds.join(" | ")}`;
}

/** How many characters of a schema are shown. */
const MAX_SCHEMA = 200;

/**
 * Writes a schema in the manner of TypeScript. A description has `null` if there is no data,
 * and if the library of the schema provides no JSON Schema.
 */
function showSchema(schema: unknown): string {
  if (schema === null || schema === undefined) return "(no schema)";
  const shown = showType(schema, 0);
  return shown.length > MAX_SCHEMA ? `${shown.slice(0, MAX_SCHEMA)}…` : shown;
}

function showType(schema: unknown, depth: number): string {
  if (!isJsonObject(schema) || depth > 3) return "any";
  if ("const" in schema) return escapeJson(JSON.stringify(schema.const));
  const choices = schema.enum ?? schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) {
    return choices.map((choice) =>
      schema.enum === undefined
        ? showType(choice, depth + 1)
        : escapeJson(JSON.stringify(choice))
    ).join(" | ");
  }
  if (schema.type === "array") return `${showType(schema.items, depth + 1)}[]`;
  if (isJsonObject(schema.properties)) return showObject(schema, depth);
  const types = [schema.type].flat().filter((type) => typeof type === "string");
  return types.length === 0 ? "any" : types.join(" | ");
}

function showObject(
  { properties, required }: Readonly<Record<string, unknown>>,
  depth: number,
): string {
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const fields = Object.entries(Object(properties)).map(([key, field]) =>
    `${key}${needed.includes(key) ? "" : "?"}: ${showType(field, depth + 1)}`
  );
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}
