/** Reads the output of programs that tests start. */

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
