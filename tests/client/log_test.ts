import assert from "node:assert/strict";
import { ClientLog } from "../../client/log.ts";
import { LogRecorder } from "../support/log_recorder.ts";

Deno.test("ClientLog runs a function to its end and reports what it throws", async () => {
  const logger = new LogRecorder();
  const reporter = new ClientLog(logger);
  await reporter.run(() => "fine");
  await reporter.run(() => Promise.resolve("fine"));
  assert.deepEqual(logger.lines, []);
  await reporter.run(() => {
    throw new Error("thrown");
  });
  await reporter.run(() => Promise.reject(new Error("rejected")));
  assert.equal(logger.lines.length, 2);
  assert.match(
    logger.lines[0]!,
    /^error Hoist: a listener failed\nError: thrown\n/,
  );
  assert.match(
    logger.lines[1]!,
    /^error Hoist: a listener failed\nError: rejected\n/,
  );
});

Deno.test("ClientLog begins to run a function at once", () => {
  let ran = false;
  void new ClientLog(new LogRecorder()).run(() => ran = true);
  assert(ran);
});

Deno.test("ClientLog reports whatever was thrown", () => {
  const logger = new LogRecorder();
  const reporter = new ClientLog(logger);
  for (const thrown of [undefined, null, 1, "text", Object.create(null)]) {
    reporter.report(thrown);
  }
  const shown = logger.lines.map((line) => line.split("\n")[1]);
  assert.deepEqual(shown, [
    "undefined",
    "null",
    "1",
    "text",
    "what was thrown cannot be shown",
  ]);
});

Deno.test("ClientLog survives a logger that fails", async () => {
  for (
    const failing of [
      () => {
        throw new Error("the disk is full");
      },
      () => Promise.reject(new Error("the disk is full")),
    ]
  ) {
    const reporter = new ClientLog({ warn: failing, error: failing });
    reporter.warn("odd");
    reporter.report(new Error("no"));
    // A rejection that nobody handles would end the process.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
});
