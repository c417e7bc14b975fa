/** The state of all jobs. The server and the page compute it from the same changes. */

import type { Change, Job } from "./contract.ts";

export interface JobState extends Job {
  readonly status: "unsent" | "waiting" | "running" | "finished";
  readonly worker?: string;
}

/** Applies a change to the jobs by their ids. */
export function applyChange(jobs: Map<string, JobState>, change: Change): void {
  if (change.type === "submitted") {
    jobs.set(change.job.id, { ...change.job, status: "waiting" });
    return;
  }
  const job = jobs.get(change.id);
  if (job !== undefined) jobs.set(change.id, { ...job, ...outcomeOf(change) });
}

function outcomeOf(
  change: Exclude<Change, { type: "submitted" }>,
): Pick<JobState, "status" | "worker"> {
  switch (change.type) {
    case "started":
      return { status: "running", worker: change.worker };
    case "put_back":
      return { status: "waiting", worker: "" };
    case "finished":
      return { status: "finished" };
  }
}
