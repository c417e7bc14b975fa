import assert from "node:assert/strict";
import { setUpPython } from "./setup.ts";

Deno.test("setUpPython() names the remedy where python3 is missing", async () => {
  await assert.rejects(setUpPython("no-such-python"), {
    message:
      "Cannot set up Python: install python3 with its venv module, 3.11 or later",
  });
});

Deno.test("setUpPython() names the remedy where the venv module is missing", async () => {
  // Deno answers --version as well and knows no -m.
  await assert.rejects(setUpPython(Deno.execPath()), {
    message:
      "Cannot set up Python: install python3 with its venv module, 3.11 or later",
  });
});

Deno.test("setUpPython() keeps an environment of the same requirements", async () => {
  const python = await setUpPython();
  const config = python.replace("bin/python", "pyvenv.cfg");
  const { mtime } = await Deno.stat(config);
  assert.equal(await setUpPython(), python);
  assert.deepEqual((await Deno.stat(config)).mtime, mtime);
});
