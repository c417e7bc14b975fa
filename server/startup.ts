/**
 * The log lines of a server that starts, and those about several servers in one process
 * that know nothing of each other: with `deno serve --parallel`.
 *
 * @module
 */

import type { BroadcastChannel } from "node:worker_threads";
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
  readonly logStartup: boolean;
  readonly login: unknown;
}

/**
 * Logs the address of a server, and its token if that is to be shown. Does nothing without
 * `logStartup`.
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
  if (!options.logStartup) return;
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
  if (short.length > MAX_NAMED) names.push("others");
  const last = names.pop();
  const subject = [names.join(", "), last].filter(Boolean).join(" and ");
  const have = short.length === 1 ? "has" : "have";
  log.warn(
    "startup",
    `${subject} ${have} fewer than ${MIN_SECRET} characters, and other machines can reach the server. Choose a longer token, or listen on 127.0.0.1.`,
  );
}

/** Logs a warning if servers can share a port, and nothing connects them. */
export function warnAboutSharedPort(log: Log): void {
  log.warn(
    "startup",
    "with 'reusePort', other processes can share the port. Without a broker, a broadcast reaches only the clients of this process. Connect the processes with the option 'broker'.",
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

/** The channel on which the threads of a process find each other. */
const CHANNEL = "@hoist/cli";

/** How long the channel is open, in milliseconds. */
const WINDOW = 1_000;

/** How long a thread waits for more threads until it reports, in milliseconds. */
const SETTLING = 100;

/** Identifies this thread, because each thread loads this module anew. */
const THREAD = Math.random();

/** What each thread calls itself when one of them has reported */
const REPORTED = -1;

/**
 * Logs a warning if other threads of this process have servers, too. Only one of the threads
 * logs it.
 *
 * @param log The log of the server
 * @param isMounted Whether the server neither has a port of its own nor is closed
 */
export function reportParallelServers(
  log: Log,
  isMounted: () => boolean,
): void {
  if (!canBeParallel()) return;
  // The application can call `listen` after this, in the same turn.
  setImmediate(() => {
    if (isMounted()) findThreads(() => isMounted() && warn(log));
  });
}

/**
 * Whether `deno serve --parallel` can have started this thread. Its console prefixes each line,
 * and therefore lacks a method that only the console of V8 has. Without this check, every
 * mounted server would need to open the channel.
 */
function canBeParallel(): boolean {
  return !("createTask" in console);
}

function warn(log: Log): void {
  log.warn(
    "startup",
    "this server is one of several in this process, because of 'deno serve --parallel'. A broadcast reaches only the clients of one of them. Connect them with the option 'broker', or run without --parallel.",
  );
}

/** Calls a function if there are other threads, and this one is to report them. */
function findThreads(onFound: () => void): void {
  try {
    new ThreadFinder(onFound);
  } catch {
    // Without the channel, the server works, but cannot find the other threads.
    return;
  }
}

/** Finds the other threads in the first second of a server. */
class ThreadFinder {
  readonly #channel = openChannel();
  readonly #others = new Set<number>();
  readonly #onFound: () => void;
  #id = THREAD;
  #isOpen = true;

  constructor(onFound: () => void) {
    this.#onFound = onFound;
    this.#channel.onmessage = (event) => {
      this.#onThread((event as MessageEvent).data);
    };
    this.#announce();
    setTimeout(() => this.#close(), WINDOW).unref();
  }

  #announce(): void {
    // A thread that was found at the end of the window is reported after it.
    if (this.#isOpen) this.#channel.postMessage(this.#id);
  }

  #close(): void {
    this.#isOpen = false;
    this.#channel.close();
  }

  #onThread(id: unknown): void {
    if (typeof id !== "number" || id === THREAD || this.#others.has(id)) return;
    this.#others.add(id);
    // A thread that starts later then learns it from the first answer.
    if (id === REPORTED) this.#id = REPORTED;
    // The channel of the other thread was not open at the first time.
    this.#announce();
    if (this.#others.size > 1) return;
    setTimeout(() => this.#report(), SETTLING).unref();
  }

  #report(): void {
    if (this.#id === REPORTED || this.#id > Math.min(...this.#others)) return;
    this.#id = REPORTED;
    this.#announce();
    this.#onFound();
  }
}

/** Opens a channel that does not keep the program alive, unlike one of the global class. */
function openChannel(): BroadcastChannel {
  // `import()` would end Deno if no file descriptor is left.
  const { BroadcastChannel } = globalThis.process.getBuiltinModule(
    "node:worker_threads",
  );
  const channel = new BroadcastChannel(CHANNEL);
  channel.unref();
  return channel;
}
