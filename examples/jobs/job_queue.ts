/** The queue of the server. */

import { once } from "node:events";
import type { Change, Job } from "./contract.ts";
import { applyChange, type JobState } from "./jobs.ts";

/**
 * Jobs that survive the end of the server. Each change is a line of a file. The queue
 * keeps all changes, because a page starts with the first one.
 */
export class JobQueue extends EventTarget {
  readonly #jobs = new Map<string, JobState>();
  readonly #changes: Change[] = [];
  readonly #file: Deno.FsFile;

  /** Reads the changes in a file, and creates the file if it does not exist. */
  constructor(path: string) {
    super();
    this.#file = Deno.openSync(path, {
      read: true,
      append: true,
      create: true,
    });
    const lines = Deno.readTextFileSync(path).split("\n");
    // After a crash in the middle of a write, the last line is incomplete.
    const rest = lines.pop() ?? "";
    if (rest !== "") this.#file.truncateSync(bytesOf(lines));
    for (const line of lines) this.#apply(JSON.parse(line));
    // The workers of these jobs do not belong to this run of the server.
    for (const { id, status } of [...this.#jobs.values()]) {
      if (status === "running") this.putBack(id);
    }
  }

  /** The changes since the first run of the server */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** The number of jobs that no worker has started */
  get waiting(): number {
    return this.#jobs.values().filter((job) => job.status === "waiting")
      .toArray().length;
  }

  /** Whether a job was added before. */
  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  /** Whether a worker works on a job. */
  isRunning(id: string, worker: string): boolean {
    const job = this.#jobs.get(id);
    return job?.status === "running" && job.worker === worker;
  }

  /** Adds a job to the end. */
  add(job: Job): void {
    this.#add({ type: "submitted", job });
  }

  /** Starts the next job; waits for one if there is none. */
  async take(worker: string, signal: AbortSignal): Promise<Job> {
    for (;;) {
      const job = this.#jobs.values().find((job) => job.status === "waiting");
      if (job !== undefined) {
        this.#add({ type: "started", id: job.id, worker });
        return job;
      }
      await this.changed(signal);
    }
  }

  /** Ends a job. */
  finish(id: string): void {
    this.#add({ type: "finished", id });
  }

  /** Lets another worker take a job that was started. */
  putBack(id: string): void {
    this.#add({ type: "put_back", id });
  }

  /** Resolves at the next change; rejects when the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    await once(this, "change", { signal });
  }

  #add(change: Change): void {
    // Without a promise, so that a change is in the file before anybody sees it.
    this.#file.writeSync(
      new TextEncoder().encode(`${JSON.stringify(change)}\n`),
    );
    this.#apply(change);
    this.dispatchEvent(new Event("change"));
  }

  #apply(change: Change): void {
    this.#changes.push(change);
    applyChange(this.#jobs, change);
  }
}

function bytesOf(lines: readonly string[]): number {
  const text = lines.map((line) => `${line}\n`).join("");
  return new TextEncoder().encode(text).length;
}
