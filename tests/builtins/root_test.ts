/** The root directory of `readFile`, and the errors if it cannot be read. */

import assert from "node:assert/strict";
import { resolveRoot } from "../../builtins/root.ts";
import { makeFolder } from "../support/file_tree.ts";
import { OBEYS_FILE_MODES, runScript } from "../support/run_script.ts";

const MODULE = import.meta.resolve("../../builtins/root.ts");

const SUBJECT = "Cannot create a readFile handler:";

Deno.test("rejects a root that does not exist", async () => {
  await using folder = await makeFolder();
  const root = `${folder.path}/none`;
  assert.throws(() => resolveRoot(root), (error) => {
    assert(error instanceof Deno.errors.NotFound);
    assert.equal(
      error.message,
      `${SUBJECT} 'root' must be an existing directory. It is ${
        JSON.stringify(root)
      }.`,
    );
    assert(error.cause instanceof Deno.errors.NotFound);
    return true;
  });
});

Deno.test("rejects a root that is a file", async () => {
  await using folder = await makeFolder();
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "text");
  for (const root of [file, `${file}/below`]) {
    assert.throws(() => resolveRoot(root), {
      name: "TypeError",
      message: `${SUBJECT} 'root' must be a directory. It is ${
        JSON.stringify(root)
      }.`,
    });
  }
});

/** Returns a script that resolves a root and prints the error. */
function scriptFor(root: string): string {
  return `
    import { resolveRoot } from "${MODULE}";
    try {
      resolveRoot(${JSON.stringify(root)});
      console.log("made");
    } catch (error) {
      console.log(error instanceof Deno.errors.NotCapable, error.message);
    }`;
}

const MISSING =
  `true ${SUBJECT} the permission to read 'root' is missing. Run with --allow-read=`;

Deno.test("names the permission that is missing", async () => {
  await using folder = await makeFolder();
  const script = scriptFor(folder.path);
  const { stdout } = await runScript([], script);
  assert.equal(stdout.trim(), `${MISSING}${folder.path}`);
  // The suggested flag helps.
  const [remedy = ""] = stdout.match(/--allow-read=.*/) ?? [];
  assert.equal((await runScript([remedy], script)).stdout, "made\n");
});

Deno.test({
  name: "needs the permission for the target of a link",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await makeFolder();
    const [real, link] = [`${folder.path}/real`, `${folder.path}/link`];
    await Deno.mkdir(real);
    await Deno.symlink(real, link);
    const script = scriptFor(link);
    const flag = `--allow-read=${link}`;
    const { stdout } = await runScript([flag], script);
    assert.equal(stdout.trim(), `${MISSING}${real}`);
    const both = await runScript([`${flag},${real}`], script);
    assert.equal(both.stdout, "made\n");
  },
});

Deno.test({
  name: "rejects a root that the system does not let this process read",
  ignore: !OBEYS_FILE_MODES,
  fn: async () => {
    await using folder = await makeFolder();
    const root = `${folder.path}/closed/root`;
    await Deno.mkdir(root, { recursive: true });
    await Deno.chmod(`${folder.path}/closed`, 0);
    const { stdout } = await runScript(["--allow-read"], scriptFor(root));
    assert.equal(
      stdout.trim(),
      `false ${SUBJECT} 'root' must be a directory that this process can read. It is ${
        JSON.stringify(root)
      }.`,
    );
    await Deno.chmod(`${folder.path}/closed`, 0o700);
  },
});
