/** A contract for tests, and a server and a client that use it. */

import { z } from "zod";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { ConnectOptions } from "../../client/options.ts";
import { defineContract } from "../../contract/define.ts";
import { serve, type ServeOptions, type Server } from "../../server.ts";
import type { LoginDecision } from "../../auth.ts";
import { LogRecorder } from "./log_recorder.ts";

/** The contract of the server and the client. */
export const contract = defineContract({
  messages: {
    hello: {
      data: z.object({ name: z.string().min(1) }),
      replies: { hi: z.object({ text: z.string() }) },
    },
    note: z.object({ at: z.iso.date().transform((text) => new Date(text)) }),
    ping: {},
  },
  events: {
    news: z.object({ n: z.number() }),
    ready: { replies: { yes: z.object({ at: z.number() }) } },
  },
  operations: {
    add: {
      input: z.object({ a: z.number(), b: z.number().default(5) }),
      output: z.number(),
    },
    rows: {
      input: z.object({ to: z.number() }),
      yields: z.object({ n: z.number() }),
    },
    now: {},
  },
});

export type TestContract = typeof contract;

/** Starts a server with the contract on a free port of the loopback interface. */
export function serveContract(
  options: Partial<ServeOptions<LoginDecision, TestContract>> = {},
): Server<unknown, TestContract> {
  const logger = new LogRecorder();
  const where = { hostname: "127.0.0.1", port: 0 };
  return serve("test", { ...where, logger, contract, ...options });
}

/** Connects a client with the contract. */
export function connectWithContract(
  { url }: { readonly url: string },
  options: Partial<ConnectOptions<TestContract>> = {},
): Promise<Connection<TestContract>> {
  return connect("test", { url, contract, ...options });
}

/** Requests the contract with this Authorization header. */
export async function requestContract(
  { url }: { readonly url: string },
  authorization?: string,
  method = "GET",
) {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(`${url}/hoist/contract`, { method, headers });
  return { response, body: await response.text() };
}
