/**
 * The settings of a server of the command line: what its flags, its files and its variables say.
 *
 * @module
 */

import type { LogEntry, LogFormat, LogLevel } from "../common/log_format.ts";
import { defined, type ServeFlags } from "./serve_flags.ts";
import type { CommandContext } from "./context.ts";
import { UsageError } from "./parse.ts";
import { readAdminToken, readSecretFile, readToken } from "./token.ts";
import { generateToken } from "../token.ts";

/** The settings of a server. They can be sent to another process as JSON. */
export interface ServeSettings {
  /** `undefined` if the server generates one */
  readonly token?: string;
  readonly options: ServerSettings;
  /** The URL of the engine that connects this server with others */
  readonly broker?: string;
  /** Whether to log payloads and HTTP requests */
  readonly debug: boolean;
  /** Whether each line begins with the function that caused it */
  readonly trace: boolean;
}

/** The options of `serve` that have flags, or that workers have. */
export interface ServerSettings {
  readonly hostname?: string;
  readonly port?: number;
  readonly reusePort?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly minimumVersion?: string;
  readonly tokenLength?: number;
  readonly tokenAlphabet?: string;
  readonly hideToken: boolean;
  readonly showToken: boolean;
  readonly logStartup?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
  /** The token of admins */
  readonly tokens?: readonly {
    readonly name: string;
    readonly token: string;
    readonly admin: true;
  }[];
  readonly dashboard?: boolean;
  readonly metrics?: boolean;
}

/** The settings, and the lines about where they come from. */
export interface ReadSettings {
  readonly settings: ServeSettings;
  readonly notes: readonly LogEntry[];
  /** The token of admins, if it was generated */
  readonly adminToken: string | undefined;
}

/** The name of the token of admins, in the log and in `client.identity`. */
const ADMIN = "admin";

/** Reads the files and the variables that the flags name. */
export async function readSettings(
  flags: ServeFlags,
  context: CommandContext,
): Promise<ReadSettings> {
  const { token, notes } = await readToken(flags, context);
  const admin = await readAdminToken(flags, context);
  const options = await readOptions(flags, context);
  const broker = flags.broker ?? context.readBrokerVariable();
  const { debug, trace } = flags;
  const settings = { ...defined({ token, broker }), options, debug, trace };
  if (admin === undefined) return { settings, notes, adminToken: undefined };
  return {
    settings: withAdmin(settings, admin.token, flags),
    notes: [...notes, ...admin.notes],
    adminToken: admin.isGenerated ? admin.token : undefined,
  };
}

/** Adds the token of admins. Beside named tokens, the server generates no other one. */
function withAdmin(
  settings: ServeSettings,
  token: string,
  flags: ServeFlags,
): ServeSettings {
  const { dashboard, metrics, hideToken, showToken } = flags;
  const { tokenLength, tokenAlphabet } = flags;
  if (settings.token === token) {
    throw new UsageError(
      "Cannot serve: the token of admins is also the token of the clients. Write another one into the file of --admin-token-file.",
    );
  }
  const isGenerated = settings.token === undefined;
  const format = { length: tokenLength, alphabet: tokenAlphabet };
  return {
    ...settings,
    token: settings.token ?? generateToken(format),
    options: {
      ...settings.options,
      showToken: showToken || isGenerated && !hideToken,
      tokens: [{ name: ADMIN, token, admin: true }],
      ...{ dashboard, metrics },
    },
  };
}

async function readOptions(
  flags: ServeFlags,
  context: CommandContext,
): Promise<ServerSettings> {
  const { hostname, port, minimumVersion, tokenLength, tokenAlphabet } = flags;
  const cert = flags.cert &&
    await readSecretFile("--cert", flags.cert, context);
  const key = flags.key && await readSecretFile("--key", flags.key, context);
  const { hideToken, showToken, logLevel, logFormat } = flags;
  return {
    hideToken,
    showToken,
    ...defined({ hostname, port, minimumVersion, tokenLength, tokenAlphabet }),
    ...defined({ cert, key, logLevel, logFormat }),
  };
}
