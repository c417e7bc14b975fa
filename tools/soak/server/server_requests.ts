/**
 * What the server of the long run asks its clients, and what it still waits for.
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
import { PATIENCE } from "../commands.ts";
import type { Problems } from "../problems.ts";

/** Longer than a client stays who never replies. */
const LONG = 10 * PATIENCE;

/** ServerRequests to clients. */
export class ServerRequests {
  /** How many were asked */
  asked = 0;
  /** How many have come to nothing yet */
  waiting = 0;
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Offers operations that make the server ask whoever calls them. */
  offer(server: Server): void {
    server.operation("ask me", async (data, { client }) => {
      const { nonce = null } = data;
      return { nonce, reply: await this.#ask(server, client, data, PATIENCE) };
    });
    server.operation("wonder", (data, { client }) => {
      void this.#ask(server, client, data, LONG);
      return { nonce: data.nonce };
    });
  }

  /** Asks, and resolves to the number in the reply; to `null` if there is none. */
  async #ask(
    server: Server,
    client: Client,
    { nonce = null, n = null }: JsonObject,
    timeout: number,
  ): Promise<number | null> {
    this.asked++;
    this.waiting++;
    try {
      const options = { timeout };
      const reply = await client.request("question", { nonce, n }, options);
      if (reply.data.nonce !== nonce) this.#report(client, "somebody else's");
      return Number(reply.data.n);
    } catch (error) {
      const hasLeft = error instanceof ConnectionClosedError &&
        !server.clients.has(client);
      const isExpected = hasLeft || error instanceof NoReplyError;
      if (!isExpected) this.#report(client, Deno.inspect(error));
      return null;
    } finally {
      this.waiting--;
    }
  }

  #report(client: Client, what: string): void {
    this.#problems.add(`asked ${client.address} and got ${what}`);
  }
}
