/**
 * Runs a server in this process and a client in a worker, and prints the objects whose
 * methods run on the server while it handles one message. The argument is the URL of a
 * checkout.
 *
 * @module
 */

import { startServer } from "./programs.ts";
import { Recorder } from "./recorder.ts";

const [base = ""] = Deno.args;
const library = await import(`${base}mod.ts`);
const recorder = new Recorder(base);
await recorder.start();
const server = startServer(library);
const worker = new Worker(new URL("./client_worker.ts", import.meta.url), {
  type: "module",
});

/** Waits until the worker has done something: connected, or sent its message. */
function nextStep(message?: unknown): Promise<void> {
  return new Promise((resolve) => {
    worker.onmessage = () => resolve();
    worker.postMessage(message);
  });
}

// The first message loads modules, and the second shows which objects are not made for
// a single message.
await nextStep({ base, port: server.addr.port });
await nextStep();
await recorder.watch();
await nextStep();
recorder.take();
await nextStep();
console.log(JSON.stringify(recorder.take()));
Deno.exit();
