/**
 * The connection of the commands `admin …`.
 *
 * @module
 */

import { adminContract } from "../admin/contract.ts";
import type { Connection } from "../client.ts";
import { ErrorCode, ResponseError } from "../common/errors.ts";
import type { ServerFlags } from "./client_flags.ts";
import { type Connected, withConnection } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import type { Output } from "./output.ts";

/** A connection of an admin. */
export type AdminConnection = Connection<typeof adminContract>;

/** What an admin command has when it is connected. */
export interface Admin {
  readonly connection: AdminConnection;
  readonly output: Output;
  readonly context: CommandContext;
  /** Aborts when the command is to end */
  readonly signal: AbortSignal;
}

/** How an admin command runs. */
interface AdminCommand<Data> {
  /** Checks the arguments before the command connects */
  readonly prepare?: () => Data | Promise<Data>;
  readonly use: (admin: Admin, data: Data) => Promise<void>;
  readonly reconnect?: boolean;
}

/**
 * Runs a command of an admin.
 *
 * @param flags The flags of the command
 * @param context What the command needs from the process
 * @param command What it does
 * @returns The exit code
 */
export async function withAdmin<Data = undefined>(
  flags: ServerFlags,
  context: CommandContext,
  { prepare, use, reconnect = false }: AdminCommand<Data>,
): Promise<number> {
  return await withConnection(flags, context, {
    contract: adminContract,
    reconnect,
    prepare: () => prepare?.() as Data | Promise<Data>,
    use: async (
      data,
      { connection, output, signal }: Connected<typeof adminContract>,
    ) => {
      try {
        await use({ connection, output, context, signal }, data);
      } catch (error) {
        throw explainAdmin(error);
      }
    },
  });
}

/** Adds what to do, because the server does not tell strangers. */
function explainAdmin(error: unknown): unknown {
  if (!(error instanceof ResponseError)) return error;
  if (error.code === ErrorCode.UNKNOWN_OPERATION) {
    error.message =
      "Cannot use the server as an admin: it has no admins. Give one of its 'tokens' the property 'admin: true', or pass the option 'admin'.";
  } else if (error.code === ErrorCode.FORBIDDEN) {
    error.message =
      "Cannot use the server as an admin: the token is not that of an admin. Pass a token with 'admin: true'.";
  }
  return error;
}
