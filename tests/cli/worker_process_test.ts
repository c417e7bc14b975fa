/** One process of `--workers`. */

import assert from "node:assert/strict";
import type { ServeSettings } from "../../cli/settings.ts";
import { WorkerProcess } from "../../cli/worker_process.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { WITHOUT_WORKERS } from "../support/workers.ts";

/** Starts a worker, and waits until it listens. */
async function start(): Promise<{ worker: WorkerProcess; port: number }> {
  const port = freePort();
  const options = {
    hostname: "127.0.0.1",
    port,
    reusePort: true,
    hideToken: false,
    showToken: false,
    logLevel: "critical",
  } as const;
  const settings: ServeSettings = {
    token: "test",
    options,
    debug: false,
    trace: false,
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  const worker = new WorkerProcess(["--allow-net"], settings, resolve);
  await promise;
  return { worker, port };
}

Deno.test({
  name: "a worker ends with 0 when it is asked to",
  ignore: WITHOUT_WORKERS,
  fn: async () => {
    const { worker } = await start();
    assert.equal(await worker.stop(30_000), true);
    assert.deepEqual((await worker.ended).code, 0);
    worker.kill();
  },
});

Deno.test({
  name: "a worker shows no progress of downloads, which deletes other lines",
  ignore: WITHOUT_WORKERS,
  fn: async () => {
    const { worker } = await start();
    const command = await Deno.readTextFile(`/proc/${worker.pid}/cmdline`);
    assert(command.split("\0").includes("--quiet"), command);
    await worker.stop(30_000);
  },
});

Deno.test({
  name: "a worker that does not end in time is killed",
  ignore: WITHOUT_WORKERS,
  fn: async () => {
    const { worker } = await start();
    Deno.kill(worker.pid, "SIGSTOP");
    assert.equal(await worker.stop(200), false);
    assert.equal((await worker.ended).signal, "SIGKILL");
  },
});

Deno.test({
  name: "a worker that is killed before it reads its settings has ended",
  ignore: WITHOUT_WORKERS,
  fn: async () => {
    const options = { hideToken: false, showToken: false };
    const settings = { options, debug: false, trace: false };
    const worker = new WorkerProcess([], settings, () => assert.fail());
    worker.kill();
    assert.equal((await worker.ended).signal, "SIGKILL");
    assert.equal(await worker.stop(1_000), true);
  },
});
