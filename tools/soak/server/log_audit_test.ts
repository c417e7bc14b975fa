/** Checking the server's log. */

import assert from "node:assert/strict";
import { Problems } from "../problems.ts";
import { LogAudit } from "./log_audit.ts";

Deno.test("counts connections and warnings", () => {
  const problems = new Problems();
  const audit = new LogAudit(problems, "secret");
  audit.info("connect: 127.0.0.1:1 connected");
  audit.info("connect: 127.0.0.1:2 connected");
  audit.info("disconnect: 127.0.0.1:1 disconnected: connection lost");
  audit.warn("error: 127.0.0.1:2: login rejected");
  const { begun, ended, warnings } = audit;
  assert.deepEqual({ begun, ended, warnings }, {
    begun: 2,
    ended: 1,
    warnings: 1,
  });
  assert.equal(problems.finding.count, 0);
});

Deno.test("does not count the end of a connection whose begin was omitted", () => {
  const audit = new LogAudit(new Problems(), "secret");
  audit.info("connect: 127.0.0.1:1 connected");
  audit.info("disconnect: 127.0.0.1:2 disconnected: connection lost");
  audit.info("disconnect: ann (127.0.0.1:1) disconnected: connection lost");
  assert.deepEqual([audit.begun, audit.ended], [1, 1]);
});

Deno.test("counts the connections of an address behind a proxy", () => {
  const audit = new LogAudit(new Problems(), "secret");
  for (let n = 0; n < 2; n++) audit.info("connect: 10.0.0.1 connected");
  for (let n = 0; n < 3; n++) {
    audit.info("disconnect: 10.0.0.1 disconnected: lost");
  }
  assert.deepEqual([audit.begun, audit.ended], [2, 2]);
});

Deno.test("reports an unexpected error", () => {
  const problems = new Problems();
  const audit = new LogAudit(problems, "secret");
  audit.error(
    'error: 127.0.0.1:1: operation "fail" failed\nError: requested error',
  );
  assert.equal(problems.finding.count, 0);
  audit.error('error: 127.0.0.1:1: operation "echo" failed\nError: no');
  assert.match(problems.finding.texts.join(), /operation "echo" failed/);
});

Deno.test("reports a token in any line", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) {
    const problems = new Problems();
    new LogAudit(problems, "secret")[level]("login: with secret");
    assert.match(problems.finding.texts.join(), /contains the token/, level);
  }
});
