/** Functions that share a lock file, in one thread and in several processes. */

import assert from "node:assert/strict";
import { exclusively } from "./exclusive.ts";

/** Writes its begin and its end to a file, and lets others run in between. */
const WORK = (lock: string, log: string) => `
  import { exclusively } from ${
  JSON.stringify(import.meta.resolve("./exclusive.ts"))
};
  await exclusively(${JSON.stringify(lock)}, async () => {
    Deno.writeTextFileSync(${JSON.stringify(log)}, "begin ", { append: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    Deno.writeTextFileSync(${JSON.stringify(log)}, "end ", { append: true });
  });`;

Deno.test("exclusively() runs one function at a time, also of other processes", async () => {
  const folder = await Deno.makeTempDir();
  const [lock, log] = [`${folder}/new/lock`, `${folder}/log`];
  const args = ["eval", WORK(lock, log)];
  const statuses = await Promise.all(
    Array.from(
      { length: 3 },
      () => new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output(),
    ),
  );
  assert(statuses.every(({ success }) => success));
  assert.equal(await Deno.readTextFile(log), "begin end ".repeat(3));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("exclusively() returns the result, and continues after an error", async () => {
  const folder = await Deno.makeTempDir();
  const lock = `${folder}/lock`;
  const failing = () => Promise.reject(new Error("no network"));
  const results = await Promise.allSettled([
    exclusively(lock, failing),
    exclusively(lock, () => Promise.resolve(7)),
  ]);
  const [{ status }, second] = results;
  assert.equal(status, "rejected");
  assert.deepEqual(second, { status: "fulfilled", value: 7 });
  await Deno.remove(folder, { recursive: true });
});
