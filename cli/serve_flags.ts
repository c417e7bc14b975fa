/**
 * The flags of the command `serve`.
 *
 * @module
 */

import {
  LOG_FORMATS,
  LOG_LEVELS,
  type LogLevel,
  parseLogLevel,
} from "../common/log_format.ts";
import {
  custom,
  mustBeOneOf,
  oneOf,
  text,
  toggle,
  wholeNumber,
} from "./flags.ts";
import {
  flagName,
  type FlagTable,
  type FlagValues,
  UsageError,
} from "./parse.ts";

/** The command of a process of `--workers`. Users do not call it, so no help names it. */
export const WORKER = "worker";

/** The maximum of `--workers`: more processes than any machine has use for. */
const MAX_WORKERS = 256;

/** The flags of the command `serve`. */
export const SERVE_FLAGS = {
  token: text({
    short: "t",
    placeholder: "token",
    shownDefault: "random",
    help:
      "Token of the clients. Other users of this machine can read it in the process list. --token-file and HOIST_TOKEN are safer",
  }),
  tokenFile: text({
    placeholder: "path",
    help: "Read the token from a file (needs -R)",
  }),
  hostname: text({
    short: "H",
    placeholder: "address",
    shownDefault: "0.0.0.0",
    help: "Address to listen on",
  }),
  port: wholeNumber({
    short: "p",
    placeholder: "port",
    shownDefault: "5000",
    help: "Port; 0 selects a free port",
  }),
  minimumVersion: text({
    short: "m",
    placeholder: "x.y.z",
    help: "Minimum version of a client",
  }),
  tokenLength: wholeNumber({
    placeholder: "number",
    shownDefault: "25",
    help: "Length of a random token",
  }),
  tokenAlphabet: text({
    placeholder: "string",
    shownDefault: "a-zA-Z",
    help: "Characters of a random token",
  }),
  hideToken: toggle({ help: "Omit a random token from the startup line" }),
  showToken: toggle({ help: "Show a given token in the startup line" }),
  cert: text({
    placeholder: "path",
    help: "TLS certificate chain, PEM (needs -R)",
  }),
  key: text({ placeholder: "path", help: "TLS private key, PEM (needs -R)" }),
  logLevel: custom({
    short: "l",
    placeholder: "level",
    shownDefault: "info",
    values: LOG_LEVELS,
    help: "debug, info, warn, error, critical",
  }, readLogLevel),
  logFormat: oneOf(LOG_FORMATS, {
    placeholder: "format",
    shownDefault: "text",
    help: "text or json",
  }),
  broker: text({
    placeholder: "url",
    help: "nats:// or redis:// URL; connects servers",
  }),
  workers: wholeNumber({
    placeholder: "number",
    min: 1,
    max: MAX_WORKERS,
    help: "Processes that share the port (need --broker and --allow-run)",
  }),
  dashboard: toggle({
    help: "Serve the dashboard, with a random admin token",
  }),
  metrics: toggle({
    help: "Serve metrics for Prometheus (needs --admin-token-file)",
  }),
  adminTokenFile: text({
    placeholder: "path",
    help: "Read the token of admins from a file (needs -R)",
  }),
  debug: toggle({ help: "Like --log-level debug, and log HTTP requests" }),
  trace: toggle({ help: "Like --debug, with function names" }),
};

/** The values of the flags of the command `serve`. */
export type ServeFlags = FlagValues<typeof SERVE_FLAGS>;

function readLogLevel(value: string, name: string): LogLevel {
  const isNumber = /^\d+$/.test(value);
  const level = parseLogLevel(isNumber ? Number(value) : value);
  if (level !== undefined) return level;
  const numbers = ["10", "20", "30", "40", "50"];
  throw mustBeOneOf(name, [...LOG_LEVELS, ...numbers], value);
}

/**
 * Checks the flags together.
 *
 * @throws {UsageError} If they contradict each other
 */
export function refineServeFlags(flags: ServeFlags): ServeFlags {
  if (flags.token !== undefined && flags.tokenFile !== undefined) {
    throw new UsageError("Use either --token or --token-file, not both.");
  }
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new UsageError(
      "TLS needs both --cert and --key. Pass both or neither.",
    );
  }
  if (flags.hideToken && flags.showToken) {
    throw new UsageError("Use either --hide-token or --show-token, not both.");
  }
  if (
    flags.dashboard && flags.hideToken && flags.adminTokenFile === undefined
  ) {
    throw new UsageError(
      "With --hide-token, nothing shows the random admin token of --dashboard. Pass one with --admin-token-file.",
    );
  }
  checkMetrics(flags);
  return { ...flags, debug: flags.trace || flags.debug };
}

function checkMetrics(
  { metrics, dashboard, adminTokenFile, workers }: ServeFlags,
): void {
  if (!metrics) return;
  if (!dashboard && adminTokenFile === undefined) {
    throw new UsageError(
      "--metrics needs the token of an admin. Pass it with --admin-token-file.",
    );
  }
  if (workers !== undefined) {
    throw new UsageError(
      "Use either --metrics or --workers, not both: each process has metrics of its own, and all of them share the port.",
    );
  }
}

/** Replaces the names of options of `serve` in an error by the names of the flags. */
export function withFlagNames(message: string): string {
  return message.replaceAll(
    /'([a-z]+)'/gi,
    (quoted, option: string) =>
      isValueFlag(option) ? `--${flagName(option)}` : quoted,
  );
}

function isValueFlag(option: string): boolean {
  const flags: FlagTable = SERVE_FLAGS;
  return Object.hasOwn(flags, option) &&
    flags[option]?.placeholder !== undefined;
}

/** Copies an object without the keys whose value is `undefined`. */
export function defined<Fields extends object>(fields: Fields): {
  [Key in keyof Fields]?: Exclude<Fields[Key], undefined>;
} {
  const entries = Object.entries(fields).filter(([, value]) =>
    value !== undefined
  );
  return Object.fromEntries(entries) as ReturnType<typeof defined<Fields>>;
}
