/**
 * Stops a process for a time.
 *
 * @module
 */

/**
 * Stops a process, and returns when none of its threads runs any more. The signal alone is
 * not enough: on a busy machine, the process can answer a request after it.
 */
export function freeze(process: Deno.ChildProcess): void {
  process.kill("SIGSTOP");
  if (Deno.build.os !== "linux") return;
  const folder = `/proc/${process.pid}/task`;
  while ([...Deno.readDirSync(folder)].some(({ name }) => runs(name))) continue;

  function runs(thread: string): boolean {
    try {
      return !/\) [TtZX] /.test(
        Deno.readTextFileSync(`${folder}/${thread}/stat`),
      );
    } catch {
      return false; // The thread has ended.
    }
  }
}
