/**
 * The commands `admin …`, which look at a running server and change it.
 *
 * @module
 */

import type { AdminClient, AdminRoom } from "../admin/types.ts";
import {
  CloseCode,
  ConnectionClosedError,
  HoistError,
} from "../common/errors.ts";
import { quote } from "../common/text.ts";
import type {
  DATA_FLAGS,
  DISCONNECT_FLAGS,
  SERVER_FLAGS,
} from "./client_flags.ts";
import type { CommandInput } from "./command.ts";
import { type Admin, withAdmin } from "./admin_connection.ts";
import { plural } from "./findings.ts";
import { answerWithin } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import { readData } from "./data.ts";
import type { Output } from "./output.ts";
import { UsageError } from "./parse.ts";
import { CLIENT_COLUMNS } from "./top_view.ts";
import { RowLimit } from "./row_limit.ts";
import { type Column, formatTable } from "./table.ts";

/** Prints the clients of a server. */
export async function clients(
  { flags }: CommandInput<typeof SERVER_FLAGS>,
  context: CommandContext,
): Promise<number> {
  return await withAdmin(flags, context, {
    use: async (admin) => {
      const found = await fetchClients(admin, flags.timeout);
      printTable(admin, CLIENT_COLUMNS, found);
      const admins = found.filter(({ isAdmin }) => isAdmin).length;
      admin.output.progress(
        `${plural(found.length, "client")}, including ${
          plural(admins, "admin")
        } (${admins === 1 ? "" : "one is "}this command)`,
      );
    },
  });
}

async function fetchClients(
  { connection, signal }: Admin,
  timeout: number,
): Promise<readonly AdminClient[]> {
  const found = new Map<number, AdminClient>();
  const limit = new RowLimit("clients");
  await using stream = connection.stream("hoist.admin.clients", {}, { signal });
  for (;;) {
    const { done, value } = await answerWithin(
      stream.next(),
      "Cannot list the clients",
      { timeout, signal },
    );
    if (done) throw endedEarly();
    const { joined, changed, left, isComplete } = value;
    limit.add([...joined, ...changed]);
    for (const client of [...joined, ...changed]) found.set(client.id, client);
    for (const id of left) found.delete(id);
    if (isComplete) return [...found.values()].sort((a, b) => a.id - b.id);
  }
}

function endedEarly(): HoistError {
  return new HoistError(
    "Cannot list the clients: the server ended the stream too early.",
  );
}

const ROOM_COLUMNS: readonly Column<AdminRoom>[] = [
  { title: "ROOM", show: ({ name }) => name },
  { title: "PATTERN", show: ({ pattern }) => pattern },
  { title: "CLIENTS", show: ({ clients }) => `${clients}`, isNumber: true },
  {
    title: "MEMBERS",
    show: ({ members }) => members === null ? "-" : `${members}`,
    isNumber: true,
  },
];

/** The rooms of one request. */
const PAGE = 1_000;

/** Prints the rooms of a server. */
export async function rooms(
  { flags, words: [prefix = ""] }: CommandInput<typeof SERVER_FLAGS>,
  context: CommandContext,
): Promise<number> {
  return await withAdmin(flags, context, {
    use: async (admin) => {
      const found = await fetchRooms(admin, prefix, flags.timeout);
      printTable(admin, ROOM_COLUMNS, found);
      admin.output.progress(plural(found.length, "room"));
    },
  });
}

async function fetchRooms(
  { connection, signal }: Admin,
  prefix: string,
  timeout: number,
): Promise<readonly AdminRoom[]> {
  const found: AdminRoom[] = [];
  const limit = new RowLimit("rooms");
  let after: string | undefined;
  for (;;) {
    const input = {
      prefix,
      limit: PAGE,
      ...(after !== undefined && { after }),
    };
    const options = { timeout, signal };
    const page = await connection.operation(
      "hoist.admin.rooms",
      input,
      options,
    );
    limit.add(page.rooms);
    for (const room of page.rooms) found.push(room);
    // A server that is wrong must not keep the command busy.
    if (page.next === null || page.rooms.length === 0) return found;
    after = page.next;
  }
}

function printTable<Row>(
  { output, context }: Admin,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  if (output.isJson) return rows.forEach((row) => output.line(row));
  if (rows.length === 0) return;
  context.print(formatTable(columns, rows).join("\n"));
}

/** Sends an event to all clients. */
export async function broadcast(
  { flags, words: [name = "", ...fields] }: CommandInput<typeof DATA_FLAGS>,
  context: CommandContext,
): Promise<number> {
  return await withAdmin(flags, context, {
    prepare: () => readData(fields, flags.data, context),
    use: async ({ connection, output, signal }, data) => {
      const result = await connection.operation("hoist.admin.broadcast", {
        ...{ name, data },
      }, { timeout: flags.timeout, signal });
      if (output.isJson) return output.line(result);
      const { delivered, skipped, failed, silentNodes } = result;
      context.print(
        `delivered to ${
          plural(delivered, "client")
        } (including this command), ${skipped} skipped, ${failed} failed`,
      );
      warnOfSilence(silentNodes, output);
    },
  });
}

/** Closes the connection of a client. */
export async function disconnect(
  { flags, words: [id = ""] }: CommandInput<typeof DISCONNECT_FLAGS>,
  context: CommandContext,
): Promise<number> {
  const { code, reason } = flags;
  return await withAdmin(flags, context, {
    prepare: () => clientOf(id),
    use: async ({ connection, output, signal }, client) => {
      const input = { client, code, ...(reason && { reason }) };
      const options = { timeout: flags.timeout, signal };
      await connection.operation("hoist.admin.disconnect", input, options);
      if (output.isJson) output.line({ client });
      else context.print(`disconnected client ${quote(client)}`);
    },
  });
}

/** Returns the number of a client of the server, or the global id of a client. */
function clientOf(id: string): number | string {
  if (/^\d{1,15}$/.test(id)) return Number(id);
  if (/\.\d+$/.test(id)) return id;
  // Not shown, because it can be the rest of a token with a space.
  throw new UsageError(
    "The argument CLIENT must be an ID that 'hoist admin clients' shows, or the globalId of a client.",
  );
}

/** Stops accepting a named token. */
export async function revoke(
  { flags, words: [name = ""] }: CommandInput<typeof SERVER_FLAGS>,
  context: CommandContext,
): Promise<number> {
  return await withAdmin(flags, context, {
    use: async ({ connection, output, signal }) => {
      const options = { timeout: flags.timeout, signal };
      const result = await connection.operation("hoist.admin.revoke", {
        name,
      }, options).catch((error) => {
        throw explainOwn(error, name);
      });
      if (output.isJson) return output.line(result);
      context.print(
        `revoked the token ${quote(name)}, and closed ${
          plural(result.closed, "connection")
        }`,
      );
      warnOfSilence(result.silentNodes, output);
    },
  });
}

/** The server closes the connections of the token at once, also that of the command. */
function explainOwn(error: unknown, name: string): unknown {
  const isOwn = error instanceof ConnectionClosedError &&
    error.code === CloseCode.POLICY_VIOLATION &&
    error.reason === "token revoked";
  return isOwn
    ? new HoistError(
      `The token of this command was revoked, so that the server could not answer. If it was ${
        quote(name)
      }, the server does not accept it any more.`,
    )
    : error;
}

function warnOfSilence(nodes: readonly string[], output: Output): void {
  if (nodes.length === 0) return;
  output.progress(
    `warning: ${plural(nodes.length, "server")} did not answer: ${
      nodes.slice(0, 10).join(", ")
    }`,
  );
}
