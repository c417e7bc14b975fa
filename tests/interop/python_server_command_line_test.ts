/** The commands `call`, `send`, `request` and `listen` with the server of Python Hoist. */

import assert from "node:assert/strict";
import { runAgainst, startAgainst } from "../support/client_command.ts";
import { testWithPython, withPythonServer } from "./drivers.ts";

testWithPython("call prints the result of a Python server", async () => {
  await withPythonServer(async (python) => {
    const sum = await runAgainst(python, ["call", "add", "a:=1", "b:=2"]);
    assert.deepEqual(sum, { code: 0, printed: ["3"], errors: [] });
    const nothing = await runAgainst(python, ["call", "nothing"]);
    assert.deepEqual(nothing.printed, ["null"]);
  });
});

testWithPython(
  "send and request print the replies of a Python server",
  async () => {
    await withPythonServer(async (python) => {
      const sent = await runAgainst(python, ["send", "hello", "--json"]);
      assert.equal(sent.code, 0);
      assert.deepEqual(sent.printed.map((line) => JSON.parse(line)), [
        { name: "hi", data: { n: 1 } },
        { name: "hi", data: { n: 2 } },
      ]);
      const request = await runAgainst(python, ["request", "hello", "--json"]);
      assert.deepEqual(request.printed.map((line) => JSON.parse(line)), [
        { name: "hi", data: { n: 1 } },
      ]);
    });
  },
);

testWithPython("listen prints the broadcasts of a Python server", async () => {
  await withPythonServer(async (python) => {
    const args = ["listen", "news", "-n", "1", "--json"];
    const command = startAgainst(python, args);
    await command.output.line(/waiting for "news"/);
    await using other = await python.connect();
    await other.operation("announce");
    assert.equal(await command.ended, 0);
    const { name, data } = JSON.parse(command.printed[0]!);
    assert.deepEqual([name, data], ["news", { n: 1 }]);
  });
});

testWithPython(
  "the errors of a Python server have the same exit codes",
  async () => {
    await withPythonServer(async (python) => {
      for (
        const [args, code] of [
          ["call nothing-like-it", 69],
          ["call fail", 70],
          ["send fail", 70],
          ["stream list", 1],
          ["join lobby", 1],
          ["call add -t wrong", 4],
        ] as const
      ) {
        const outcome = await runAgainst(python, [...args.split(" "), "-q"]);
        assert.deepEqual([outcome.code, outcome.printed], [code, []], args);
        assert.equal(outcome.errors.length, 1);
      }
    });
  },
);
