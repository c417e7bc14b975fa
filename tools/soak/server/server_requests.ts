/**
 * The requests of the soak test's server to its clients.
 *
 * @module
 */

import {
  type Client,
  ConnectionClosedError,
  type JsonObject,
  NoReplyError,
  type Server,
} from "@hoist/cli";
import { TIMEOUT } from "../commands.ts";
import type { Problems } from "../problems.ts";

/** A timeout that is longer than the connection of a client that never replies. */
const LONG = 10 * TIMEOUT;

/** The requests to the clients. */
export class ServerRequests {
  /** The number of requests */
  sent = 0;
  /** The number of pending requests */
  pending = 0;
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Registers operations that make the server send a request to the caller. */
  offer(server: Server): void {
    server.operation("request me", async (data, { client }) => {
      const { nonce = null } = data;
      return {
        nonce,
        reply: await this.#request(server, client, data, TIMEOUT),
      };
    });
    server.operation("request me later", (data, { client }) => {
      void this.#request(server, client, data, LONG);
      return { nonce: data.nonce };
    });
  }

  /** Sends a request. Resolves to the number in the reply, or to `null` without a reply. */
  async #request(
    server: Server,
    client: Client,
    { nonce = null, n = null }: JsonObject,
    timeout: number,
  ): Promise<number | null> {
    this.sent++;
    this.pending++;
    try {
      const options = { timeout };
      const reply = await client.request("question", { nonce, n }, options);
      if (reply.data.nonce !== nonce) {
        this.#report(client, "the reply to another request");
      }
      return Number(reply.data.n);
    } catch (error) {
      const hasLeft = error instanceof ConnectionClosedError &&
        !server.clients.has(client);
      const isExpected = hasLeft || error instanceof NoReplyError;
      if (!isExpected) this.#report(client, Deno.inspect(error));
      return null;
    } finally {
      this.pending--;
    }
  }

  #report(client: Client, what: string): void {
    this.#problems.add(`a request to ${client.address} got ${what}`);
  }
}
