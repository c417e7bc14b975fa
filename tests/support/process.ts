/** Reads the output of programs that tests start. */

/** The first thing that a program prints and that matches. */
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
