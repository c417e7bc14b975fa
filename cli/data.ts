/**
 * The data of a request: from the arguments, from a file or from the standard input.
 *
 * @module
 */

import { ErrorCode, ResponseError } from "../common/errors.ts";
import { isJsonObject, type JsonObject } from "../common/json.ts";
import { showName, showValue } from "../common/text.ts";
import type { CommandContext } from "./context.ts";
import { UsageError } from "./parse.ts";
import { readFile } from "./token.ts";

/**
 * Reads the data. Arguments replace the fields of `--data` that have the same key.
 *
 * @param words `KEY=VALUE` and `KEY:=JSON`
 * @param data The value of `--data`
 *
 * @throws {UsageError} If one of them is invalid
 */
export async function readData(
  words: readonly string[],
  data: string | undefined,
  context: CommandContext,
): Promise<JsonObject> {
  const fields = words.map((word, index) => parseField(word, index + 1));
  const object = data === undefined ? {} : await readObject(data, context);
  // Unlike an assignment, this accepts the key "__proto__".
  return Object.fromEntries([...Object.entries(object), ...fields]);
}

/** The errors show no value, and no word of another form: it can be the rest of a token. */
function parseField(
  word: string,
  position: number,
): [string, JsonObject[string]] {
  const field = splitField(word);
  if (field === undefined) {
    throw new UsageError(
      `The argument DATA must be KEY=VALUE or KEY:=JSON, but word ${position} of it is neither. Use --data for a whole object, and quote a value that contains spaces.`,
    );
  }
  const { key, value, isJson } = field;
  if (!isJson) return [key, value];
  try {
    return [key, JSON.parse(value)];
  } catch {
    const remedy = `For a string, write ${showName(key)}=VALUE.`;
    throw new UsageError(
      `The value of ${showValue(`${key}:=`)} is not JSON. ${remedy}`,
    );
  }
}

/** A field of the data, as the user writes it. */
interface Field {
  readonly key: string;
  readonly value: string;
  /** Whether the value is JSON */
  readonly isJson: boolean;
}

/** Returns `undefined` if the word is no field. */
function splitField(word: string): Field | undefined {
  const [, key, colon, value = ""] = /^([^=]+?)(:)?=(.*)$/s.exec(word) ?? [];
  return key === undefined ? undefined : { key, value, isJson: colon === ":" };
}

/**
 * Waits for an answer. If the server rejects a field that `KEY=VALUE` made a string, and the
 * value is JSON of another type, the error shows how to send that type.
 *
 * @param answer The answer
 * @param words The arguments that `readData` got
 */
export async function explainStrings<Answer>(
  answer: Promise<Answer>,
  words: readonly string[],
): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (
      error instanceof ResponseError && error.code === ErrorCode.INVALID_CONTENT
    ) {
      const word = words.find((word) => isRejectedString(word, error.issues));
      if (word !== undefined) addAdvice(error, splitField(word)!.key);
    }
    throw error;
  }
}

function isRejectedString(
  word: string,
  issues: ResponseError["issues"],
): boolean {
  const { key, value, isJson } = splitField(word)!;
  return !isJson && isOtherJson(value) &&
    issues.some(({ path }) => path[0] === key);
}

function addAdvice(error: Error, key: string): void {
  const end = error.message.endsWith(".") ? "" : ".";
  error.message += `${end} The field ${
    showValue(key)
  } is a string. For JSON, write ${showName(key)}:=VALUE.`;
}

/** Whether a string is the JSON of a value that is not a string. */
function isOtherJson(value: string): boolean {
  try {
    return typeof JSON.parse(value) !== "string";
  } catch {
    return false;
  }
}

async function readObject(
  data: string,
  context: CommandContext,
): Promise<JsonObject> {
  const { subject, json, remedy } = await readJson(data, context);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    const problem = json.trim() === "" ? "is empty" : "is not JSON";
    throw new UsageError(`${subject} ${problem}. ${remedy}`);
  }
  if (isJsonObject(value)) return value;
  throw new UsageError(
    `${subject} must be a JSON object, such as {"name":"Ada"}.`,
  );
}

/** The data, and what an error says about it. */
interface GivenJson {
  /** What it is called */
  readonly subject: string;
  readonly json: string;
  /** What the user can do if it is not JSON */
  readonly remedy: string;
}

async function readJson(
  data: string,
  context: CommandContext,
): Promise<GivenJson> {
  if (data === "-" || data === "@-") {
    const json = await context.readInput();
    const remedy = "Check the program or the file that it comes from.";
    return { subject: "The standard input", json, remedy };
  }
  if (!data.startsWith("@")) {
    const remedy = "Quote it for your shell.";
    return { subject: "The value of --data", json: data, remedy };
  }
  const path = data.slice(1);
  const json = await readFile(path, context);
  const remedy = "Check its content.";
  return { subject: `The file ${showValue(path)}`, json, remedy };
}
