/** Processes that are stopped. */

import assert from "node:assert/strict";
import { freeze } from "./freeze.ts";

Deno.test({
  name: "no thread of a frozen process runs",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["eval", "for (;;) console.log(1);"],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    await reader.read();
    freeze(process);
    const folder = `/proc/${process.pid}/task`;
    for (const { name } of Deno.readDirSync(folder)) {
      const stat = Deno.readTextFileSync(`${folder}/${name}/stat`);
      assert.match(stat, /\) T /);
    }
    process.kill("SIGKILL");
    await reader.cancel();
    await process.status;
  },
});
