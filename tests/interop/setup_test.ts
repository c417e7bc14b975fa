import assert from "node:assert/strict";
import { testWithPython } from "./drivers.ts";
import { setUpPython } from "./setup.ts";

Deno.test("setUpPython() reports that python3 is missing", async () => {
  await assert.rejects(setUpPython("no-such-python"), {
    message:
      "Cannot set up Python: python3 with its venv module is missing. Install Python 3.11 or later.",
  });
});

Deno.test("setUpPython() reports that the venv module is missing", async () => {
  // Deno supports --version but not -m.
  await assert.rejects(setUpPython(Deno.execPath()), {
    message:
      "Cannot set up Python: python3 with its venv module is missing. Install Python 3.11 or later.",
  });
});

testWithPython(
  "setUpPython() keeps an environment with the same requirements",
  async () => {
    const python = await setUpPython();
    const config = python.replace("bin/python", "pyvenv.cfg");
    const { mtime } = await Deno.stat(config);
    assert.equal(await setUpPython(), python);
    assert.deepEqual((await Deno.stat(config)).mtime, mtime);
  },
);
