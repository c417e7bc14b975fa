/** What the server, the workers and the page agree on. */

import { defineContract } from "@hoist/cli/client";
import { z } from "zod";

const id = z.uuid();
const job = z.object({
  id, // The page chooses it, so that a job that is sent twice is added once.
  title: z.string().min(1).max(100),
  seconds: z.int().min(1).max(60),
});

const change = z.discriminatedUnion("type", [
  z.object({ type: z.literal("submitted"), job }),
  z.object({ type: z.literal("started"), id, worker: z.string() }),
  z.object({ type: z.literal("put_back"), id }),
  z.object({ type: z.literal("finished"), id }),
]);

export type Job = z.infer<typeof job>;
/** What happens to a job. */
export type Change = z.infer<typeof change>;

export const contract = defineContract({
  events: {
    workers: z.object({ names: z.array(z.string()) }),
    progress: z.object({ id, percent: z.int() }),
  },
  operations: {
    /** Adds a job to the queue. */
    submit: {
      requires: "page",
      input: job,
      errors: { queue_full: z.object({ limit: z.int() }) },
    },
    /** Streams all changes, from the first one, or after the last one that arrived. */
    changes: {
      requires: "page",
      yields: change,
      errors: { unknown_change: null },
    },
    /** Streams jobs to a worker. A job is finished when the worker asks for the next one. */
    jobs: { requires: "worker", yields: job },
    /** Reports the progress of a job. */
    report: {
      requires: "worker",
      input: z.object({ id, percent: z.int().min(0).max(100) }),
      errors: { not_yours: null },
    },
  },
});
