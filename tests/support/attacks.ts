/** Hostile values, and a server under attack. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { LogRecorder } from "./log_recorder.ts";
import { operation, RawClient } from "./raw_client.ts";
import { serveQuietly } from "./server.ts";

/** A proxy that throws on every access. */
export const HOSTILE = new Proxy({}, {
  get: () => {
    throw new Error("secret of the application");
  },
  has: () => {
    throw new Error("secret of the application");
  },
  ownKeys: () => {
    throw new Error("secret of the application");
  },
  getPrototypeOf: () => {
    throw new Error("secret of the application");
  },
});

/** Throws an error whose message no client may see. */
export function fail(): never {
  throw new Error("secret of the application");
}

/** An object that contains itself. */
export const CYCLE: Record<string, unknown> = {};
CYCLE.self = CYCLE;

/** Arrays nested so deeply that JSON.stringify overflows the stack. */
export const DEEP = Array.from({ length: 200_000 }).reduce<unknown>(
  (inner) => [inner],
  { toJSON: () => 1 },
);

const revocable = Proxy.revocable({}, {});
revocable.revoke();

/** A revoked proxy. */
export const REVOKED = revocable.proxy;

/** Starts a server with one client for the attack and another, ordinary client. */
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

/** Asserts that the server answers a client. */
export async function assertServed(client: RawClient, id = 900): Promise<void> {
  client.send(operation(id, "fine", { n: id }));
  const [{ id: replyId, data }] = await client.take(1);
  assert.deepEqual([replyId, data], [id, { result: { n: id } }]);
}

/** Runs an attack and asserts that the server still answers another client. */
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
