/** What the tests that attack have in common. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { LogRecorder } from "./log_recorder.ts";
import { operation, RawClient } from "./raw_client.ts";
import { serveQuietly } from "./server.ts";

/** What throws whatever one does to it. */
export const HOSTILE = new Proxy({}, {
  get: () => {
    throw new Error("secret of the host");
  },
  has: () => {
    throw new Error("secret of the host");
  },
  ownKeys: () => {
    throw new Error("secret of the host");
  },
  getPrototypeOf: () => {
    throw new Error("secret of the host");
  },
});

/** What a handler must never tell anyone. */
export function fail(): never {
  throw new Error("secret of the host");
}

/** What holds itself. */
export const CYCLE: Record<string, unknown> = {};
CYCLE.self = CYCLE;

/** Arrays in arrays, deeper than the stack goes, and none that JSON can do without it. */
export const DEEP = Array.from({ length: 200_000 }).reduce<unknown>(
  (inner) => [inner],
  { toJSON: () => 1 },
);

const revocable = Proxy.revocable({}, {});
revocable.revoke();

/** A proxy that is of no use any more. */
export const REVOKED = revocable.proxy;

/** A server with a client that attacks, one that does not, and what is logged. */
export async function startAttack(
  options: { readonly exposeErrors?: boolean } = {},
) {
  const logger = new LogRecorder();
  const server = serveQuietly({ logger, logLevel: "debug", ...options });
  server.operation("fine", (data) => data);
  const client = await RawClient.logIn(server, ["batch", "done-id"]);
  const other = await RawClient.logIn(server);
  return { logger, server, client, other };
}

/** Asserts that somebody is served. */
export async function assertServed(client: RawClient, id = 900): Promise<void> {
  client.send(operation(id, "fine", { n: id }));
  const [{ id: answered, data }] = await client.take(1);
  assert.deepEqual([answered, data], [id, { result: { n: id } }]);
}

/** Runs an attack while another client is there, and sees that this is served. */
export async function assertSurvives(
  attack: (server: Server, logger: LogRecorder) => Promise<void>,
): Promise<void> {
  const logger = new LogRecorder();
  const options = { logger, logLevel: "debug", trustProxy: true } as const;
  await using server = serveQuietly(options);
  server.operation("echo", (data) => data);
  await using other = await RawClient.logIn(server);
  await attack(server, logger);
  other.send(operation(1, "echo", { still: "here" }));
  assert.deepEqual((await other.next()).data, { result: { still: "here" } });
  assert.equal(server.clients.size, 1);
  const late = await RawClient.logIn(server);
  await late[Symbol.asyncDispose]();
}
