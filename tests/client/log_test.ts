import assert from "node:assert/strict";
import { ClientLog } from "../../client/log.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { pause } from "../support/timing.ts";

Deno.test("runs a callback to its end and logs its error", async () => {
  const logger = new LogRecorder();
  const log = new ClientLog(logger);
  await log.run(() => "fine");
  await log.run(() => Promise.resolve("fine"));
  assert.deepEqual(logger.lines, []);
  await log.run(() => {
    throw new Error("thrown");
  });
  await log.run(() => Promise.reject(new Error("rejected")));
  assert.equal(logger.lines.length, 2);
  for (const [index, what] of ["thrown", "rejected"].entries()) {
    const line = new RegExp(
      `^error Hoist: a listener failed\nError: ${what}\n`,
    );
    assert.match(logger.lines[index]!, line);
  }
});

Deno.test("starts a callback at once", () => {
  let ran = false;
  void new ClientLog(new LogRecorder()).run(() => ran = true);
  assert(ran);
});

Deno.test("logs any thrown value", () => {
  const logger = new LogRecorder();
  const log = new ClientLog(logger);
  for (const thrown of [undefined, null, 1, "text", Object.create(null)]) {
    log.report(thrown);
  }
  const shown = logger.lines.map((line) => line.split("\n")[1]);
  assert.deepEqual(shown, [
    "undefined",
    "null",
    "1",
    "text",
    "{}",
  ]);
});

Deno.test("logs the causes and the members of an error", () => {
  const logger = new LogRecorder();
  const cause = new AggregateError([new Error("member")], "inner");
  new ClientLog(logger).report(new Error("outer", { cause }));
  assert.match(
    logger.lines[0]!,
    /Error: outer\n[^]*Caused by: AggregateError: inner\n[^]*Error: member\n/,
  );
});

/** An error that cannot be read. */
const UNREADABLE = Object.defineProperty(new Error(), "message", {
  get: () => {
    throw new Error("secret of the application");
  },
});

for (
  const [what, thrown] of [
    ["a proxy that throws", HOSTILE],
    ["a revoked proxy", REVOKED],
    ["an error whose message throws", UNREADABLE],
  ] as const
) {
  // The dispatcher calls it where nothing could catch an error.
  Deno.test(`does not throw when it logs an invalid message because of ${what}`, () => {
    const logger = new LogRecorder();
    new ClientLog(logger).ignore(thrown);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0]!, /^warn Hoist: ignored a message\n/);
  });
}

Deno.test("ignores the error of a logger", async () => {
  const fail = () => {
    throw new Error("the disk is full");
  };
  for (
    const failing of [fail, () => Promise.reject(new Error("the disk is full"))]
  ) {
    const log = new ClientLog({ warn: failing, error: failing });
    log.warn("odd");
    log.report(new Error("no"));
    // An unhandled rejection would end the process.
    await pause(0);
  }
});
