/**
 * Measures one kind of WebSocket of a client, and prints the figures as JSON. Runs on Deno
 * and on Node.
 *
 * Arguments: the kind (`socket`, `runtime-socket` or `ws-client`), the port, the workload
 * (a length in bytes, or `batches`), the duration in milliseconds, the folder of the packages
 */

import { createRequire } from "node:module";
import process from "node:process";

/** How many calls are made in one tick. */
const BATCH = 32;

const [kind, port, workload, duration, packages] = process.argv.slice(2);

/** Returns the class, or `undefined` for the default of the library. */
async function socketClass() {
  if (kind === "ws-client") {
    return createRequire(`${packages}/`)("ws").WebSocket;
  }
  if (kind === "runtime-socket") return globalThis.WebSocket;
  return (await import("../../../client/deno_socket.ts")).DenoSocket;
}

/** Returns a function that sends a message and waits until it is back. */
async function roundTrips(length) {
  const socket = new (await socketClass())(`ws://127.0.0.1:${port}/echo`);
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  let receive = () => {};
  socket.addEventListener("message", () => receive());
  const message = "x".repeat(length);
  const units = 1;
  const run = () =>
    new Promise((resolve) => {
      receive = resolve;
      socket.send(message);
    });
  return { run, units };
}

/** Returns a function that makes several calls at once. */
async function batches() {
  const { connect } = await import("../../../client.ts");
  const { WebSocket } = globalThis;
  const options = kind === "runtime-socket" ? { WebSocket } : {};
  const url = `http://127.0.0.1:${port}`;
  const connection = await connect("bench", { url, ...options });
  const text = "x".repeat(100);
  const run = () =>
    Promise.all(
      Array.from(
        { length: BATCH },
        () => connection.operation("echo", { text }),
      ),
    );
  return { run, units: BATCH };
}

/** Runs a workload for a time, after half of that time to warm up. */
async function measure({ run, units }) {
  const end = performance.now() + Number(duration) / 2;
  while (performance.now() < end) await run();
  const times = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  while (performance.now() < start + Number(duration)) {
    const before = performance.now();
    await run();
    times.push((performance.now() - before) * 1_000);
  }
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const p50 = times[Math.floor(times.length / 2)];
  return { p50, clientCpu: (user + system) / times.length / units };
}

const subject = workload === "batches"
  ? await batches()
  : await roundTrips(Number(workload));
console.log(JSON.stringify(await measure(subject)));
process.exit(0);
