/** Servers whose logins expire, and when they ask their clients for new tokens. */

import assert from "node:assert/strict";
import type { LoginContext, ServeOptions } from "../../server.ts";
import { Renewals } from "../../server/renewals.ts";
import { LogRecorder } from "./log_recorder.ts";
import { RawClient } from "./raw_client.ts";
import { serveQuietly } from "./server.ts";

/** Asks for new tokens long before they expire. */
export interface CapturedRenewals extends Disposable {
  /** The number of clients whose logins expire */
  readonly size: number;
  /** Lets all servers ask the clients whose logins expire. */
  ask(): void;
}

/** Captures the clients whose logins expire. */
export function captureRenewals(): CapturedRenewals {
  const { prototype } = Renewals<{ askForToken(): void }>;
  const { set } = prototype;
  const remove = prototype.delete;
  const items = new Set<{ askForToken(): void }>();
  prototype.set = function (item, expires) {
    if (expires !== undefined) items.add(item);
    return set.call(this, item, expires);
  };
  prototype.delete = function (item) {
    items.delete(item);
    return remove.call(this, item);
  };
  return {
    get size() {
      return items.size;
    },
    ask: () => items.forEach((item) => item.askForToken()),
    [Symbol.dispose]: () =>
      void Object.assign(prototype, { set, delete: remove }),
  };
}

/** In milliseconds */
export const HOUR = 3_600_000;

/** The token of a user, and for how long it is valid after the login, in milliseconds. */
export function tokenFor(name: string, lifetime: number): string {
  return JSON.stringify({ name, lifetime });
}

/** Starts a server whose tokens contain their users and lifetimes. */
export function serveExpiring(options: ServeOptions = {}) {
  const contexts: LoginContext[] = [];
  const logger = new LogRecorder();
  const server = serveQuietly({
    logger,
    login: (_server, token, context) => {
      contexts.push(context);
      const { name, lifetime } = JSON.parse(token);
      if (name === undefined) return null;
      context.expireAt(Date.now() + lifetime);
      return { name };
    },
    ...options,
  });
  server.operation("name", (_data, { client }) => client.identity as object);
  return { server, contexts, logger };
}

/** Logs in with a token that expires in an hour. */
export async function logIn(
  server: { readonly url: string },
  features: readonly string[] = ["renew"],
): Promise<RawClient> {
  const client = await RawClient.open(server);
  const token = tokenFor("ada", HOUR);
  client.send({ id: 0, token, version: "1.0.0", features });
  await client.next();
  return client;
}

/** Logs in a client that is asked for a new token. */
export async function logInAsked(
  server: { readonly url: string },
  features?: readonly string[],
): Promise<RawClient> {
  using renewals = captureRenewals();
  const client = await logIn(server, features);
  renewals.ask();
  assert.deepEqual(await client.next(), ASKED);
  return client;
}

/** Returns the frame with a new token. */
export function renewal(id: number, token: unknown) {
  return { id, action: "renew", data: { token } };
}

/** The frame with which the server asks for a new token. */
export const ASKED = {
  success: true,
  data: {},
  error: null,
  code: 0,
  message: "renew",
  desc: null,
  id: null,
};
