/** What the server and the page agree on. */

import { defineContract } from "@hoist/cli/client";
import { z } from "zod";

const say = z.object({
  author: z.string(), // The server checks it.
  text: z.string().min(1).max(2_000),
  time: z.int(), // milliseconds since 1970, by the clock of the author
});

const claims = z.object({ typing: z.boolean() });
const presence = claims.extend({ name: z.string() });

export type Say = z.infer<typeof say>;

export const contract = defineContract({
  rooms: {
    "chat:{topic}": { events: { say }, presence, claims },
  },
});
