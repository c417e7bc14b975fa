/** A contract with all kinds of entries, for the tests of its types. */

import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { defineContract } from "../../contract/define.ts";
import { LogRecorder } from "./log_recorder.ts";

/** Options of a server that never runs. */
export const QUIET = {
  hostname: "127.0.0.1",
  port: 0,
  logger: new LogRecorder(),
};

export const contract = defineContract({
  messages: {
    hello: {
      data: z.object({ name: z.string(), loud: z.boolean().default(false) }),
      replies: {
        hi: z.object({ text: z.string() }),
        bye: v.object({ at: v.number() }),
      },
    },
    note: type({ text: "string" }),
    ping: {},
  },
  events: {
    news: z.object({ n: z.number() }),
    ready: { replies: { yes: z.object({ at: z.coerce.number() }) } },
  },
  operations: {
    add: {
      input: z.object({ a: z.number(), b: z.number().optional() }),
      output: z.number(),
    },
    rows: {
      input: v.object({ to: v.number() }),
      yields: type({ n: "number" }),
    },
    now: {},
  },
});

/** The type of the contract. */
export type TypedContract = typeof contract;

/** Does not run its argument, which only has to compile. */
export function compiles(_check: (...given: never[]) => unknown): void {}
