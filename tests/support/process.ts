/** Runs programs, and reads their output. */

import assert from "node:assert/strict";
import { cleanEnvironment } from "./environment.ts";

/** Returns the first match in the output of a program. */
export async function firstMatch(
  output: ReadableStream<Uint8Array<ArrayBuffer>>,
  pattern: RegExp,
): Promise<string> {
  let text = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const [match] = text.match(pattern) ?? [];
    if (match !== undefined) return match;
  }
  throw new Error(`The program ended without printing ${pattern}: ${text}`);
}

/** Where and how a program runs. */
export interface RunOptions {
  readonly cwd?: string | URL;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program until it ends; returns its output. Its exit code must be 0. */
export async function run(
  program: string,
  args: readonly string[],
  { env, ...options }: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    ...options,
    ...cleanEnvironment(env),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
