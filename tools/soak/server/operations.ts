/**
 * What the server of the long run offers.
 *
 * @module
 */

import type { Client, JsonObject, Server } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import type { Problems } from "../problems.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { ServerRequests } from "./server_requests.ts";
import type { Streams } from "./streams.ts";

/** What the operations share with the rest of the server. */
export interface Surroundings {
  readonly problems: Problems;
  readonly broadcasts: Broadcasts;
  readonly streams: Streams;
  readonly questions: ServerRequests;
}

/** How long `gone` waits between two looks, in milliseconds. */
const LOOK = 20;

/** Offers all that the clients ask for. */
export function offer(server: Server, surroundings: Surroundings): void {
  offerOperations(server, surroundings);
  offerNotes(server);
  offerWatch(server);
  offerMessages(server, surroundings);
  surroundings.streams.offer(server);
  surroundings.questions.offer(server);
}

function offerOperations(server: Server, { broadcasts }: Surroundings): void {
  // Answered in the same turn: all broadcasts before it have arrived, none after it.
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
    throw new Error("as asked");
  });
}

/** Numbered messages to one client. */
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
      // What is said in one turn waits even for a client that reads.
      if (sent % 8 === 7) await pause(0);
    }
    return { nonce };
  });
}

/** One client learns that another is not there any more. */
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

function offerMessages(server: Server, { problems }: Surroundings): void {
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
      problems.add(`a reply of ${message.client.address} lost what it answers`);
    }
    message.reply("confirmed", { nonce, n: 1 });
  });
  server.receive("fail", () => Promise.reject(new Error("as asked")));
  server.receive("silence", () => {});
}
