/**
 * The operations and listeners of the soak test's server.
 *
 * @module
 */

import type { Client, JsonObject, Server } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import type { Problems } from "../problems.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { CancelledCalls } from "./cancelled_calls.ts";
import type { ClientData } from "./lifecycle_audit.ts";
import type { Identity } from "./login.ts";
import type { ServerRequests } from "./server_requests.ts";
import type { Refusals } from "./refusals.ts";
import type { Streams } from "./streams.ts";

/** The parts of the server that the handlers use. */
export interface Parts {
  readonly problems: Problems;
  readonly broadcasts: Broadcasts;
  readonly cancelledCalls: CancelledCalls;
  readonly refusals: Refusals;
  readonly streams: Streams;
  readonly serverRequests: ServerRequests;
}

/** The time between two checks of `gone`, in milliseconds. */
const LOOK = 20;

/** Registers all handlers. */
export function offer(server: Server, parts: Parts): void {
  offerOperations(server, parts);
  offerNotes(server);
  offerWatch(server);
  offerMessages(server, parts);
  parts.cancelledCalls.offer(server);
  parts.refusals.offer(server);
  parts.streams.offer(server);
  parts.serverRequests.offer(server);
}

function offerOperations(server: Server, { broadcasts }: Parts): void {
  // The answer is sent in this turn: after all earlier broadcasts, before any later one.
  const echo = (data: JsonObject) => ({ ...data, news: broadcasts.last });
  server.operation("echo", echo);
  server.operation("publish", (data) => {
    broadcasts.publish();
    return echo(data);
  });
  server.operation("too deep", (data) => data);
  server.operation("later", async (data) => {
    await pause(Number(data.delay));
    return data;
  });
  server.operation("fail", () => {
    throw new Error("requested error");
  });
  server.operation("who am i", ({ nonce }, { client }) => {
    const { logins } = client.identity as Identity;
    const { id } = client.data as ClientData;
    return { nonce, id, isRightId: id === client.id, logins };
  });
}

/** Sends numbered messages to one client. */
function offerNotes(server: Server): void {
  const numbers = new WeakMap<Client, number>();
  const notify = (client: Client, filler: string) => {
    const n = (numbers.get(client) ?? 0) + 1;
    numbers.set(client, n);
    client.message("note", { n, filler });
  };
  server.operation("notify", ({ nonce, count, size }, { client }) => {
    const filler = "x".repeat(Number(size));
    for (let sent = 0; sent < Number(count); sent++) notify(client, filler);
    return { nonce };
  });
  server.operation("flood", async ({ nonce, count, size }, { client }) => {
    const filler = "x".repeat(Number(size));
    for (let sent = 0; sent < Number(count); sent++) {
      if (!server.clients.has(client)) break;
      notify(client, filler);
      // The messages of one turn are buffered, even if the client reads.
      if (sent % 8 === 7) await pause(0);
    }
    return { nonce };
  });
}

/** Tells one client whether another one has disconnected. */
function offerWatch(server: Server): void {
  const watched = new Map<string, WeakRef<Client>>();
  server.operation("watch me", ({ nonce, name }, { client }) => {
    watched.set(String(name), new WeakRef(client));
    return { nonce };
  });
  server.operation("gone", async ({ nonce, name, limit }) => {
    const reference = watched.get(String(name));
    watched.delete(String(name));
    const end = performance.now() + Number(limit);
    const isThere = () => {
      const client = reference?.deref();
      return client !== undefined && server.clients.has(client);
    };
    while (isThere() && performance.now() < end) await pause(LOOK);
    return { nonce, gone: !isThere() };
  });
}

function offerMessages(server: Server, { problems }: Parts): void {
  server.receive("count", async (message) => {
    const { nonce, replies } = message.data;
    for (let n = 1; n <= Number(replies); n++) {
      message.reply("number", { nonce: nonce ?? null, n });
      if (n % 3 === 0) await pause(1);
    }
  });
  server.receive("again", (message) => {
    const { nonce = null } = message.data;
    if (message.replying?.data.nonce !== nonce) {
      problems.add(
        `a reply of ${message.client.address} does not refer to its message`,
      );
    }
    message.reply("confirmed", { nonce, n: 1 });
  });
  server.receive("fail", () => Promise.reject(new Error("requested error")));
  server.receive("silence", () => {});
}
