/// <reference lib="dom" />
/** Shows the workers and the jobs, and adds jobs. */

import { type ConnectionStatus, createConnection } from "@hoist/cli/client";
import type { contract, Job } from "./contract.ts";
import { applyChange, type JobState } from "./jobs.ts";

const settings = new URLSearchParams(location.hash.slice(1));
const jobs = new Map<string, JobState>();
const percents = new Map<string, number>();

const connection = createConnection<typeof contract>(
  settings.get("token") ?? "none",
  {
    url: settings.get("server") ?? location.origin,
    reconnect: { maxDelay: 2_000 }, // milliseconds
  },
);
connection.onState(showState);
connection.receive("workers", ({ data }) => showWorkers(data.names));
connection.receive("progress", ({ data }) => {
  percents.set(data.id, data.percent);
  showJobs();
});
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const title = element<HTMLInputElement>("title");
  const seconds = element<HTMLInputElement>("seconds").valueAsNumber;
  submit({ id: crypto.randomUUID(), title: title.value, seconds });
  title.value = "";
});
follow().catch(showError);
if (location.hash === "") {
  showError(new Error("Open the URL that 'site.ts' prints."));
}

/** Follows all jobs. After a reconnect, the server sends what the page has missed. */
async function follow(): Promise<void> {
  const changes = connection.stream("changes", {}, { resume: true });
  for await (const change of changes) {
    applyChange(jobs, change);
    if (change.type === "started") percents.delete(change.id);
    showJobs();
  }
}

/** Adds a job. While the server is missing, the job waits in the page. */
async function submit(job: Job): Promise<void> {
  jobs.set(job.id, { ...job, status: "unsent" });
  showJobs();
  try {
    await connection.operation("submit", job, { idempotent: true });
    showError(undefined);
  } catch (error) {
    if (jobs.get(job.id)?.status === "unsent") jobs.delete(job.id);
    showJobs();
    showError(error);
  }
}

function showState(status: ConnectionStatus): void {
  element("state").className = status.state;
  element("state").textContent = describe(status);
  // The server sends the workers after each login.
  if (status.state !== "open") showWorkers(["unknown"]);
  if (status.state === "closed") {
    connection.closed.then(({ error }) => showError(error));
  }
}

function describe(status: ConnectionStatus): string {
  if (status.state === "open") return "connected";
  if (status.state !== "waiting") return status.state;
  return `no server, next attempt in ${(status.delay / 1_000).toFixed(1)} s`;
}

function showWorkers(names: readonly string[]): void {
  element("workers").textContent = names.join(", ") || "none";
}

function showError(error: unknown): void {
  element("message").textContent = error instanceof Error ? error.message : "";
}

function showJobs(): void {
  const rows = [...jobs.values()].reverse().map(rowOf);
  element("jobs").replaceChildren(...rows);
}

function rowOf({ id, title, status, worker = "" }: JobState): HTMLElement {
  const row = document.createElement("tr");
  row.className = status;
  row.insertCell().textContent = title;
  row.insertCell().textContent = status;
  const progress = document.createElement("progress");
  progress.max = 100;
  progress.value = status === "finished" ? 100 : percents.get(id) ?? 0;
  row.insertCell().append(progress);
  row.insertCell().textContent = worker;
  return row;
}

function element<Type extends HTMLElement>(id: string): Type {
  return document.getElementById(id) as Type;
}
