/** Log lines as JSON. */

import assert from "node:assert/strict";
import { debug } from "../../common/debug.ts";
import type { Logger } from "../../common/log_format.ts";
import { connect, ResponseError } from "../../client.ts";
import { serve } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";

/** The keys of a line */
interface Line {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly [key: string]: unknown;
}

/** Runs a server with a client, and returns the lines of the server. */
async function linesOf(): Promise<{ raw: string[]; lines: Line[] }> {
  const raw: string[] = [];
  const levels: string[] = [];
  const collect = (level: string) => (line: string) => {
    levels.push(level);
    raw.push(line);
  };
  const logger: Logger = {
    debug: collect("debug"),
    info: collect("info"),
    warn: collect("warn"),
    error: collect("error"),
  };
  const options = { hostname: "127.0.0.1", port: 0, logger } as const;
  const tokens = [{ name: "ci", token: "a-long-secret" }];
  {
    await using server = serve({ ...options, tokens, logFormat: "json" });
    server.operation("fail", () => {
      throw new Error('a "quoted"\n\u001b[31m\u202e text');
    });
    await using connection = await connect("a-long-secret", {
      url: server.url,
      logger: new LogRecorder(),
    });
    await assert.rejects(connection.operation("fail"), ResponseError);
    await assert.rejects(connection.operation('no "such"\n'), ResponseError);
  }
  const lines = raw.map((line): Line => JSON.parse(line));
  assert.deepEqual(lines.map(({ level }) => level), levels);
  return { raw, lines };
}

Deno.test("each line of JSON is an object with the time, the level, the event and details", async () => {
  const { lines } = await linesOf();
  for (const { time, level, event, message } of lines) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(`${level} ${event}`, /^(info|warn|error) [a-z]+$/);
    assert.notEqual(message, "");
  }
  const find = (event: string) => lines.find((line) => line.event === event)!;
  assert.match(String(find("startup").address), /^127\.0\.0\.1:\d+$/);
  const { name, address, message } = find("login");
  assert.deepEqual([name, message], ["ci", `ci (${address}) logged in`]);
  const { error, message: failure } = find("error");
  assert.match(failure, /: operation "fail" failed$/);
  // The characters are escaped once, by JSON.
  assert.match(
    String(error),
    // deno-lint-ignore no-control-regex -- that is the point
    /^Error: a "quoted"\n\u001b\[31m\u202e text\n {4}at /,
  );
  assert.match(
    find("reject").message,
    /: operation "no \\"such\\"\\n": there is no such operation$/,
  );
});

Deno.test("a line of JSON contains no character that a terminal interprets", async () => {
  using _debugging = debug({ trace: true });
  const { raw, lines } = await linesOf();
  // deno-lint-ignore no-control-regex -- that is the point
  for (const line of raw) assert.doesNotMatch(line, /[\u0000-\u001f\u202e]/);
  assert(lines.every(({ caller }) => typeof caller === "string"));
  assert(!raw.some((line) => line.includes("a-long-secret")));
});
