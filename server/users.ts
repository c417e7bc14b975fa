/**
 * The clients of each user that is logged in.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type { Contract } from "../contract/contract.ts";
import type { EventName, OpenContract } from "../contract/infer.ts";
import {
  BroadcastBatch,
  type BroadcastCounts,
  type BroadcastResult,
  NO_CLIENTS,
} from "./broadcaster.ts";
import { ConnectedClient } from "./connected_client.ts";
import type { BroadcastArguments, BroadcastOptions } from "./method_options.ts";
import type { Client } from "./message.ts";
import { addDeliveries, type DeliveryTotals } from "./metrics.ts";

/** The clients of each user. A client without a user costs nothing. */
export class Users {
  readonly #clients = new Map<string, Set<Client>>();

  /** Adds a client, if its login has named a user. */
  add(user: string | undefined, client: Client): void {
    if (user === undefined) return;
    const clients = this.#clients.get(user);
    if (clients === undefined) this.#clients.set(user, new Set([client]));
    else clients.add(client);
  }

  /** Removes a client. */
  delete(user: string | undefined, client: Client): void {
    const clients = user === undefined ? undefined : this.#clients.get(user);
    if (clients?.delete(client) && clients.size === 0) {
      this.#clients.delete(user!);
    }
  }

  /** Returns the clients of a user. */
  clientsOf(user: string): ReadonlySet<Client> {
    return new Set(this.#clients.get(user));
  }

  /**
   * Sends a frame to all clients of a user.
   *
   * @param totals What the counts are added to
   */
  send(user: string, frame: string, totals: DeliveryTotals): BroadcastCounts {
    const batch = new BroadcastBatch([frame]);
    const result = { ...NO_CLIENTS };
    for (const client of this.clientsOf(user)) {
      const { delivered, rest } = ConnectedClient.deliver(client, batch);
      result[delivered > 0 ? "delivered" : rest]++;
    }
    addDeliveries(totals, result);
    return result;
  }
}

/** What a {@linkcode User} needs of its server. */
export interface UserHost {
  /** Returns the clients of a user. */
  clientsOf(user: string): ReadonlySet<Client>;
  /** Sends an event to all clients of a user. */
  messageUser(
    user: string,
    name: string,
    data: JsonObject,
    options: BroadcastOptions,
  ): Promise<BroadcastResult>;
}

/** A user of a server, from `Server.user`. */
export class User<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Data = unknown,
> {
  /** The name of the user */
  readonly name: string;
  readonly #host: UserHost;

  /** @ignore Applications call `Server.user`. */
  constructor(host: UserHost, name: string) {
    this.name = name;
    this.#host = host;
  }

  /**
   * The clients of the user that are logged in and whose `onConnect` has finished, in the order
   * in which they connected. The set is empty if the user is not there, and does not contain
   * clients of other servers. It does not change later.
   */
  get clients(): ReadonlySet<Client<Identity, Of, Data>> {
    const clients: ReadonlySet<unknown> = this.#host.clientsOf(this.name);
    return clients as ReadonlySet<Client<Identity, Of, Data>>;
  }

  /**
   * Sends an event to all clients of the user, on all servers.
   *
   * @param name The name of the event
   * @param dataAndOptions The data (by default an empty object), and optionally whether the
   * clients of all servers are counted
   * @returns How many clients received, skipped or failed to receive the event
   *
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the message is larger than `limits.maxBuffered`
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * const { delivered } = await server.user("ada").message("mail", { unread: 1 });
   * assert.equal(delivered, 0);
   * ```
   */
  message<Name extends EventName<Of>>(
    name: Name,
    ...dataAndOptions: BroadcastArguments<Of, Name>
  ): Promise<BroadcastResult> {
    const [data = {}, options = {}] = dataAndOptions;
    const { name: user } = this;
    return this.#host.messageUser(user, name, data as JsonObject, options);
  }
}
