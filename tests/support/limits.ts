/** What the tests of limits have in common. */

import assert from "node:assert/strict";
import type { Limits } from "../../server/limits.ts";
import type { ServeOptions, Server } from "../../server.ts";
import type { LogRecorder } from "./log_recorder.ts";
import { serveQuietly } from "./server.ts";

/** A server whose operation `echo` returns what it gets. */
export function serveEcho(limits: Limits, options: ServeOptions = {}): Server {
  const server = serveQuietly({ limits, ...options });
  server.operation("echo", (data) => data);
  return server;
}

/** The error of a request that goes beyond a limit. */
function exceeded(id: number, limit: keyof Limits, value: number) {
  return {
    success: false,
    data: { limit, value },
    error: "LIMIT_EXCEEDED",
    code: 9,
    message: "Limit of the server was exceeded.",
    id,
  };
}

/** Asserts that an answer is that error, with a description in words. */
export function assertExceeded(
  answer: { desc: string },
  id: number,
  limit: keyof Limits,
  value: number,
): void {
  const { desc, ...rest } = answer;
  assert.deepEqual(rest, exceeded(id, limit, value));
  assert.match(desc, /^[a-z"].*[^.]$/);
}

/** The code of each answer by its id. */
export function codes(answers: { id: number; code: number }[]): number[][] {
  return answers.map(({ id, code }) => [id, code]).toSorted((one, other) =>
    one[0]! - other[0]!
  );
}

/** Asserts that so many lines of the log name the limit, and that none has the token. */
export function assertLogged(
  logger: LogRecorder,
  limit: string,
  count = 1,
): void {
  const lines = logger.lines.filter((line) => line.includes(limit));
  assert.equal(lines.length, count);
  for (const line of lines) assert.match(line, /^warn .*127\.0\.0\.1:\d+/);
  assert(!logger.lines.slice(1).some((line) => line.includes("test")));
}
