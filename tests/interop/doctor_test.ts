/** The commands that examine and measure servers with the server of Python Hoist. */

import assert from "node:assert/strict";
import { run } from "../support/command_line.ts";
import { findAll, findFailure, resultsOf } from "../support/doctor.ts";
import { testWithPython, withPythonServer } from "./drivers.ts";

testWithPython("The doctor examines a Python server", async () => {
  await withPythonServer(async ({ url }) => {
    const findings = await findAll({ url, token: "test" });
    const results = resultsOf(findings);
    assert.equal(results.login, "ok");
    assert.equal(results["round trip"], "skip");
    assert.equal(results.proxy, "ok");
    const features = findings.find(({ step }) => step === "features");
    assert.match(features!.detail, /such as Python Hoist/);
    const failure = await findFailure({ url, token: "wrong" });
    assert.deepEqual([failure.step, failure.exitCode], ["login", 4]);
  });
});

testWithPython(
  "The doctor finds that a Python server needs a newer client",
  async () => {
    await withPythonServer(async ({ url }) => {
      const failure = await findFailure({ url, token: "test" });
      assert.match(
        failure.detail,
        /needs a client of version 99\.0\.0 or later/,
      );
    }, { minimum_version: "99.0.0" });
  },
);

testWithPython(
  "ping explains that a Python server has no heartbeat",
  async () => {
    await withPythonServer(async ({ url }) => {
      const { code, errors } = await run(["ping", "-u", url, "-t", "test"]);
      assert.equal(code, 1);
      assert.match(errors.join(), /does not support heartbeats/);
    });
  },
);

testWithPython("bench measures a Python server", async () => {
  await withPythonServer(async ({ url }) => {
    const size = ["--connections=1", "--concurrency=1", "--seconds=1"];
    const args = ["bench", "add", "a:=1", "b:=2", "--json", ...size];
    const { code, printed, errors } = await run([
      ...[...args, "-u", url, "-t", "test"],
    ]);
    assert.equal(code, 0, errors.join());
    assert(JSON.parse(printed.join()).requests > 0);
  });
});
