/**
 * What admins change on a server. Each action writes one line to the log.
 *
 * @module
 */

import { ApplicationError } from "../common/application_error.ts";
import { HoistError } from "../common/errors.ts";
import { describeMessage, quote } from "../common/text.ts";
import { assertClose } from "../protocol/close.ts";
import {
  type ClientAddress,
  parseGlobalId,
} from "../server/client_directory.ts";
import { ConnectedClient } from "../server/connected_client.ts";
import type { Client } from "../server/message.ts";
import type { AdminHost } from "./host.ts";
import type {
  AdminBroadcastInput,
  AdminDisconnectInput,
  AdminMessageInput,
  AdminRevokeInput,
} from "./inputs.ts";
import type { AdminBroadcastResult, AdminRevokeResult } from "./types.ts";

/** Makes the error for an action that is not possible. */
export function rejected(reason: string): ApplicationError {
  return new ApplicationError("rejected", {
    message: reason,
    details: { reason },
  });
}

/** An unknown id can belong to a client that has disconnected, or to none. */
const NOT_CONNECTED = "No client with this id is connected.";

/** Runs the actions of admins. */
export class AdminActions {
  readonly #host: AdminHost;

  /** Constructs `AdminActions` of a server. */
  constructor(host: AdminHost) {
    this.#host = host;
  }

  /**
   * Returns a client of this server; `undefined` if it has disconnected.
   *
   * @throws {ApplicationError} If the id is invalid
   */
  find(client: number | string): Client | undefined {
    try {
      return this.#host.directory.find(this.#addressOf(client));
    } catch (error) {
      const reason = reasonOf(error);
      throw reason === undefined ? error : rejected(reason);
    }
  }

  /** Closes the connection of a client. */
  disconnect(
    admin: Client,
    { client, code = 1_000, reason = "" }: AdminDisconnectInput,
  ): Promise<null> {
    const subject = this.#describe(client);
    return this.#run(admin, `disconnect ${subject}`, async () => {
      assertClose(code, reason);
      const address = this.#addressOf(client);
      // It is logged, and the client gets it.
      const shown = this.#host.context.log.redact(reason);
      const isFound = await this.#host.directory.close(address, code, shown);
      if (!isFound) throw rejected(NOT_CONNECTED);
      return { result: null, line: `disconnected ${subject}` };
    });
  }

  /** Sends an event to a client. */
  message(
    admin: Client,
    { client, name, data = {} }: AdminMessageInput,
  ): Promise<null> {
    const { context, directory } = this.#host;
    const event = describeMessage(context.log.redact(name));
    const rest = `${event} to ${this.#describe(client)}`;
    return this.#run(admin, `send ${rest}`, async () => {
      const address = this.#addressOf(client);
      const isFound = await directory.message(address, name, data);
      if (!isFound) throw rejected(NOT_CONNECTED);
      return { result: null, line: `sent ${rest}` };
    });
  }

  /** Sends an event to all clients of all servers. */
  broadcast(
    admin: Client,
    { name, data = {} }: AdminBroadcastInput,
  ): Promise<AdminBroadcastResult> {
    const event = describeMessage(this.#host.context.log.redact(name));
    return this.#run(admin, `broadcast ${event}`, async () => {
      const counts = await this.#host.broadcast(name, data, { ledger: true });
      const { delivered, skipped, failed, silentNodes = [] } = counts;
      const result = { delivered, skipped, failed, silentNodes };
      const line = `broadcast ${event} to ${countClients(delivered)}`;
      return { result, line };
    });
  }

  /** Stops accepting a token, and disconnects its clients. */
  revoke(
    admin: Client,
    { name }: AdminRevokeInput,
  ): Promise<AdminRevokeResult> {
    const token = `token ${quote(this.#host.context.log.redact(name))}`;
    return this.#run(admin, `revoke ${token}`, async () => {
      const { closed, silentNodes } = await this.#host.tokens.revoke(name);
      const result = { closed, silentNodes };
      const line = `revoked ${token} and disconnected ${countClients(closed)}`;
      return { result, line };
    });
  }

  /** Returns how log lines name a client. A wrong id can be a token. */
  #describe(client: number | string): string {
    if (typeof client === "number") return `client ${client}`;
    return `client ${quote(this.#host.context.log.redact(client))}`;
  }

  #addressOf(client: number | string): ClientAddress {
    if (typeof client === "string") return parseGlobalId(client);
    return { node: this.#host.cluster.id, id: client };
  }

  /** Runs an action, and logs what became of it. */
  async #run<Result>(
    admin: Client,
    what: string,
    action: () => Promise<{ readonly result: Result; readonly line: string }>,
  ): Promise<Result> {
    const log = ConnectedClient.transportOf(admin)?.log;
    try {
      const { result, line } = await action();
      log?.info("admin", line);
      return result;
    } catch (error) {
      const reason = reasonOf(error);
      // The reason quotes what the admin has sent.
      const shown = this.#host.context.log.redact(reason ?? "it failed");
      log?.info("admin", `could not ${what}: ${shown}`);
      throw reason === undefined ? error : rejected(reason);
    }
  }
}

function countClients(count: number): string {
  return count === 1 ? "1 client" : `${count} clients`;
}

/** Returns why an action is not possible; `undefined` if it is a fault of the server. */
function reasonOf(error: unknown): string | undefined {
  const isExpected = error instanceof HoistError ||
    error instanceof TypeError || error instanceof RangeError;
  return isExpected ? error.message : undefined;
}
