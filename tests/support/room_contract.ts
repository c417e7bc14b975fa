/** A contract with rooms of all kinds, for the tests of servers and clients. */

import { z } from "zod";
import { defineContract } from "../../contract/define.ts";

export const contract = defineContract({
  events: { news: z.object({ n: z.number() }) },
  rooms: {
    lobby: {},
    "chat:{id}": {
      events: {
        say: z.object({ text: z.string(), loud: z.boolean().default(false) }),
        closed: {},
        cursor: {
          data: z.object({ user: z.string(), x: z.number() }),
          latest: ({ user }) => user,
        },
      },
      publishes: ["say", "cursor"],
      presence: z.object({ name: z.string(), typing: z.boolean() }),
      claims: z.object({ typing: z.boolean().default(false) }),
    },
    "chat:private-{id}": {
      events: { whisper: z.object({ secret: z.string() }) },
    },
  },
});

/** The type of the contract. */
export type RoomContract = typeof contract;
