/** Keeps the queue of jobs, and knows which workers are connected. */

import { serve, tracked } from "@hoist/cli";
import { contract } from "./contract.ts";
import { JobQueue } from "./job_queue.ts";
import { SERVER_URL, tokenOf } from "./settings.ts";

/** The most jobs that can wait */
const LIMIT = 100;

const { hostname, port } = new URL(SERVER_URL);
const workers = new Set<string>();

await using server = serve({
  hostname,
  port: Number(port),
  contract,
  tokens: [
    { name: "worker", token: tokenOf("worker") },
    { name: "page", token: tokenOf("page") },
  ],
  onConnect: (client) => {
    const name = `worker ${client.id}`;
    if (client.identity?.name === "worker") {
      workers.add(name);
      showWorkers();
    } else {
      client.message("workers", { names: [...workers] });
    }
    return { name };
  },
  onDisconnect: (client) => {
    if (workers.delete(client.data?.name ?? "")) showWorkers();
  },
  // The contract names the token that each operation requires.
  authorize: ({ identity }, { requires }) => identity?.name === requires,
});

// `serve` throws if another server uses the port, which then uses the file, too.
const queue = new JobQueue("jobs.jsonl");

server.operation("submit", (job, { errors }) => {
  if (queue.has(job.id)) return; // The page has sent it again after a reconnect.
  if (queue.waiting >= LIMIT) {
    const message = `${LIMIT} jobs are waiting. Try again later.`;
    throw errors.queue_full({ limit: LIMIT }, { message });
  }
  queue.add(job);
});

server.operation("changes", async function* (_data, context) {
  const { lastEventId, signal, errors } = context;
  let next = lastEventId === undefined ? 0 : Number(lastEventId) + 1;
  const isKnown = Number.isInteger(next) && next >= 0 &&
    next <= queue.changes.length;
  if (!isKnown) {
    throw errors.unknown_change({}, { message: "Load the page again." });
  }
  for (;;) {
    const change = queue.changes[next];
    if (change === undefined) await queue.changed(signal);
    else yield tracked(String(next++), change);
  }
});

server.operation("jobs", async function* (_data, { client, signal }) {
  for (;;) {
    const job = await queue.take(client.data.name, signal);
    let isFinished = false;
    try {
      yield job;
      // With `buffer: 0`, the worker has now asked for the next job.
      isFinished = true;
    } finally {
      // The worker can vanish during the `yield`, or stop because of an error.
      if (isFinished) queue.finish(job.id);
      else queue.putBack(job.id);
    }
  }
});

server.operation("report", ({ id, percent }, { client, errors }) => {
  if (!queue.isRunning(id, client.data.name)) {
    throw errors.not_yours({}, { message: "The job was put back." });
  }
  for (const page of pages()) page.message("progress", { id, percent });
});

await server.finished;

function showWorkers(): void {
  for (const page of pages()) page.message("workers", { names: [...workers] });
}

function pages() {
  return [...server.clients].filter(({ identity }) =>
    identity?.name === "page"
  );
}
