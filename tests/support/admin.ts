/** Servers that have an admin, and the clients of the admin. */

import assert from "node:assert/strict";
import { type AdminContract, adminContract } from "../../admin/mod.ts";
import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import { serve, type ServeOptions, type Server } from "../../server.ts";
import { LogRecorder } from "./log_recorder.ts";

/** The token of the admin. */
export const ADMIN_TOKEN = "the token of the admin";

/** The token of a client that is no admin. */
export const PLAIN_TOKEN = "the token of a client";

/** The named tokens of a server with an admin. */
export const TOKENS = [
  { name: "ops", token: ADMIN_TOKEN, admin: true },
  { name: "plain", token: PLAIN_TOKEN },
];

/** The connection of an admin. */
export type AdminConnection = Connection<AdminContract>;

/** Starts a server with an admin. */
export function serveAdmin(options: ServeOptions = {}): Server {
  return serve({
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    tokens: TOKENS,
    ...options,
  }) as Server;
}

/** Connects with the admin contract. */
export function connectAdmin(
  { url }: Pick<Server, "url">,
  token: string = ADMIN_TOKEN,
): Promise<AdminConnection> {
  const logger = new LogRecorder();
  const options = { url, logger, validate: "all" } as const;
  return connect(token, { ...options, contract: adminContract });
}

/** Connects a client that is no admin. */
export function connectPlain(
  { url }: Pick<Server, "url">,
): Promise<Connection> {
  return connect(PLAIN_TOKEN, { url, logger: new LogRecorder() });
}

/** Asserts that a request is refused in the same way as any other admin request. */
export async function assertForbidden(
  request: PromiseLike<unknown>,
): Promise<void> {
  await assert.rejects(async () => await request, {
    name: "ResponseError",
    code: 10,
    data: null,
    message: /FORBIDDEN: the client is not allowed to use this name$/,
  });
}

/** Returns the items of a stream one after the other. */
export function itemsOf<Item>(
  stream: AsyncIterable<Item>,
): { next(): Promise<Item>; end(): Promise<unknown> } {
  const items = stream[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await items.next();
      assert(!done, "The stream has ended");
      return value;
    },
    end: () => Promise.resolve(items.return?.()),
  };
}
