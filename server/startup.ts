/**
 * The log lines of a server that starts.
 *
 * @module
 */

import { formatAddress } from "../common/ip.ts";
import { MIN_SECRET } from "../common/secrets.ts";
import { quote } from "../common/text.ts";
import type { Credential } from "./credentials.ts";
import type { Log } from "./log.ts";

/** A server that listens. */
interface ListeningServer {
  readonly addr: Deno.NetAddr;
  readonly url: string;
  readonly token: string;
}

/** The options that decide whether the token is shown. */
interface StartupOptions {
  /** The token before it was replaced */
  readonly token: string;
  readonly isTokenGenerated: boolean;
  readonly hideToken: boolean;
  readonly showToken: boolean;
  readonly login: unknown;
}

/**
 * Logs the address of a server, and its token if that is to be shown.
 *
 * @param log The log of the server
 * @param server The server
 * @param options The options of the server
 * @param credentials The tokens that are valid now
 */
export function logStartup(
  log: Log,
  { addr, url, token }: ListeningServer,
  options: StartupOptions,
  credentials: readonly Credential[],
): void {
  const { showToken } = options;
  const shown = isShown(token, options) ? token : undefined;
  log.startup(formatAddress(addr), shown, showToken);
  log.http(() => `listening on ${url}`);
  // A login function can accept quite different tokens.
  if (options.login === undefined) {
    warnAboutShortTokens(log, addr.hostname, credentials);
  }
}

function isShown(
  token: string,
  { token: first, isTokenGenerated, hideToken, showToken, login }:
    StartupOptions,
): boolean {
  if (hideToken || login !== undefined || token === "") return false;
  return showToken || (isTokenGenerated && token === first);
}

function isLoopback(hostname: string): boolean {
  return hostname.startsWith("127.") || hostname === "::1";
}

/** How many tokens a warning names. */
const MAX_NAMED = 3;

/** Logs a warning if a token can be guessed, and other machines can connect. */
export function warnAboutShortTokens(
  log: Log,
  hostname: string,
  credentials: readonly Credential[],
): void {
  if (isLoopback(hostname)) return;
  const short = credentials.filter(({ token }) => token.length < MIN_SECRET);
  if (short.length === 0) return;
  const names = short.slice(0, MAX_NAMED).map(({ identity }) =>
    identity === undefined ? "the token" : `the token ${quote(identity.name)}`
  );
  const rest = short.length > MAX_NAMED ? " and others" : "";
  const have = short.length === 1 ? "has" : "have";
  log.warn(
    "startup",
    `${
      names.join(", ")
    }${rest} ${have} fewer than ${MIN_SECRET} characters, and other machines can reach the server. Choose a longer token, or listen on 127.0.0.1.`,
  );
}

/** What the application has to add to a server with a contract. */
interface IncompleteServer {
  readonly isClosing: boolean;
  readonly registry: { readonly missing: readonly string[] };
  readonly rooms: { readonly rooms: { readonly missing: readonly string[] } };
}

/**
 * Logs a warning for operations of the contract that have no handler, and one for rooms that
 * have no definition.
 */
export function reportMissing(log: Log, server: IncompleteServer): void {
  if (missingIn(server).length === 0) return;
  // The application registers its handlers after this, in the same turn.
  setImmediate(() => {
    // If registering a handler throws, the program usually closes the server.
    if (server.isClosing) return;
    for (const line of missingIn(server)) log.warn("contract", line);
  });
}

function missingIn(
  { registry, rooms: { rooms } }: IncompleteServer,
): readonly string[] {
  const missing = {
    "operations without a handler": registry.missing,
    "rooms without a definition": rooms.missing,
  };
  return Object.entries(missing)
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(", ")}`);
}
