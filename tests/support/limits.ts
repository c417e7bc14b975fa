/** A server with limits, and assertions on the errors and log lines of a limit. */

import assert from "node:assert/strict";
import type { Limits, NameLimits } from "../../server/limits.ts";
import type { ServeOptions, Server } from "../../server.ts";
import type { LogRecorder } from "./log_recorder.ts";
import { serveQuietly } from "./server.ts";

/** Starts a server whose operation `echo` returns its data. */
export function serveEcho(limits: Limits, options: ServeOptions = {}): Server {
  const server = serveQuietly({ limits, ...options });
  server.operation("echo", (data) => data);
  return server;
}

/** Returns the error frame of a request that exceeds a limit. */
function exceeded(id: number, limit: string, value: number) {
  return {
    success: false,
    data: { limit, value },
    error: "LIMIT_EXCEEDED",
    code: 9,
    message: "Limit of the server was exceeded.",
    id,
  };
}

/** Asserts that a frame is the error of a limit and has a description. */
export function assertExceeded(
  answer: { desc: string },
  id: number,
  limit: keyof Limits | `perName.${keyof NameLimits}`,
  value: number,
): void {
  const { desc, ...rest } = answer;
  assert.deepEqual(rest, exceeded(id, limit, value));
  assert.match(desc, /^[a-z"].*\.$/);
}

/** Returns the id and the code of each frame, sorted by id. */
export function codes(answers: { id: number; code: number }[]): number[][] {
  return answers.map(({ id, code }) => [id, code]).toSorted((one, other) =>
    one[0]! - other[0]!
  );
}

/** Asserts that `count` lines of the log name the limit, and that none contains the token. */
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
