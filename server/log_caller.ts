/**
 * The public function that caused a log line, for `debug({ trace: true })`.
 *
 * @module
 */

/** The functions that always cause these events. */
const BY_EVENT: ReadonlyMap<string, string> = new Map([
  ["startup", "start"],
  ["listen", "start"],
  ["contract", "start"],
  ["shutdown", "close"],
  ["receive", "receive"],
]);

/** The public methods of these classes send messages or change the server. */
const PUBLIC_METHOD =
  /^\s*at (?:async )?(?:Server|ConnectedClient|ClientMessage)\.([a-z]\w*) /m;

/** The classes that run the listeners and the handlers of the application. */
const BY_CLASS: readonly (readonly [RegExp, string])[] = [
  [/^\s*at (?:async )?(?:Calls|StreamSender)\./m, "operation"],
  [/^\s*at (?:async )?(?:Request|Message)Handler\./m, "receive"],
  [/^\s*at (?:async )?Broadcaster\./m, "broadcast"],
];

/** How many frames of the stack are read; V8 keeps ten by default. */
const MAX_FRAMES = 50;

/**
 * Returns the name of the public function that caused a line: the latest one on the stack,
 * or `fetch`, through which the requests of all clients arrive.
 *
 * @param event The event of the line
 */
export function callerOf(event: string): string {
  const fixed = BY_EVENT.get(event);
  if (fixed !== undefined) return fixed;
  const stack = readStack();
  const method = PUBLIC_METHOD.exec(stack)?.[1];
  if (method !== undefined) return method;
  return BY_CLASS.find(([pattern]) => pattern.test(stack))?.[1] ?? "fetch";
}

function readStack(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MAX_FRAMES;
  try {
    return String(new Error().stack);
  } catch {
    // The application can replace the function that formats the stack.
    return "";
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
