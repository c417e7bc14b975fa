/** The flag `--metrics`. */

import assert from "node:assert/strict";
import { runCommand } from "../../cli/commands.ts";
import {
  LOOPBACK,
  makeContext,
  problemOf,
  recordLog,
} from "../support/command_line.ts";
import { requestMetrics } from "../support/metrics.ts";

Deno.test("--metrics serves the metrics to the token of --admin-token-file", async () => {
  const log = recordLog();
  const stop = new AbortController();
  const { context } = makeContext({
    readTextFile: () => Promise.resolve("the token of the admin\n"),
    signal: stop.signal,
  });
  const args = ["--metrics", "--admin-token-file", "a.txt", "--token", "test"];
  const ended = runCommand([...LOOPBACK, ...args], context);
  const startup = await log.line(/starting server/);
  const [address] = startup.match(/127\.0\.0\.1:\d+/) ?? [];
  const url = `http://${address}`;
  for (
    const [token, status] of [
      ["the token of the admin", 200],
      ["test", 403],
      ["wrong", 401],
    ] as const
  ) {
    const { response } = await requestMetrics({ url }, `Bearer ${token}`);
    assert.equal(response.status, status);
  }
  stop.abort();
  assert.equal(await ended, 0);
});

Deno.test("--metrics needs an admin, and one process", () => {
  assert.equal(
    problemOf(["--metrics"]),
    "--metrics needs the token of an admin. Pass it with --admin-token-file. Run with --help to list the options.",
  );
  const args = ["--metrics", "--admin-token-file", "a.txt", "--workers", "2"];
  assert.match(problemOf(args), /^Use either --metrics or --workers, not both/);
});
