/**
 * The connection of a command to a server: the URL, the token, the end and the exit code.
 *
 * @module
 */

import type {
  CloseInfo,
  Connection,
  Contract,
  OpenContract,
} from "../client.ts";
import { endpointsOf } from "../client/http_options.ts";
import { aborted, within } from "../common/async.ts";
import { TimeoutError } from "../common/errors.ts";
import { quote } from "../common/text.ts";
import type { ServerFlags } from "./client_flags.ts";
import type { CommandContext } from "./context.ts";
import { clientExitCode } from "./exit_code.ts";
import { Output } from "./output.ts";
import { UsageError } from "./parse.ts";
import { readSecretFile, readToken } from "./token.ts";
import { Warnings } from "./warnings.ts";

/** Where a command connects to, and how. */
export interface Login {
  readonly url: string;
  readonly token: string;
  readonly timeout: number;
  readonly caCerts: readonly string[] | undefined;
}

/** What a command has when it is connected. `Of` is the type of its contract. */
export interface Connected<Of extends Contract = OpenContract> {
  readonly connection: Connection<Of>;
  readonly login: Login;
  readonly output: Output;
  /** Aborts when the command is to end */
  readonly signal: AbortSignal;
}

/** A command that needs a connection. `Of` is the type of its contract. */
export interface ConnectedCommand<Data, Of extends Contract = OpenContract> {
  /** The contract, with which the client validates what the server sends */
  readonly contract?: Of;
  /** Checks the arguments before the command connects */
  readonly prepare: () => Data | Promise<Data>;
  /** Uses the connection */
  readonly use: (data: Data, connected: Connected<Of>) => Promise<void>;
  /** Whether to connect again if the connection is lost */
  readonly reconnect?: boolean;
}

/**
 * Runs a command that needs a connection. When it ends, or a signal ends it, the connection is
 * closed properly.
 *
 * @param flags The flags of the command
 * @param context What the command needs from the process
 * @param command What it does
 * @returns The exit code
 */
export async function withConnection<Data, Of extends Contract = OpenContract>(
  flags: ServerFlags,
  context: CommandContext,
  { prepare, use, contract, reconnect = false }: ConnectedCommand<Data, Of>,
): Promise<number> {
  return await clientExitCode(context, async (signal) => {
    const output = new Output(flags, context);
    const data = await prepare();
    const login = await readLogin(flags, context);
    const { token, ...options } = login;
    using warnings = new Warnings((line) => output.progress(line));
    const logger = loggerOf(warnings, contract !== undefined);
    await using connection = await context.connect<Of>(token, {
      ...options,
      ...(contract && { contract, validate: "all" }),
      signal,
      reconnect,
      logger,
    });
    // Without a listener, the client warns of each event that it does not expect.
    connection.receive(() => {});
    if (reconnect) reportStates(connection, output);
    await untilAborted(
      use(data, { connection, login, output, signal }),
      signal,
    );
  });
}

/**
 * Waits for an answer of the server, for `--timeout`.
 *
 * @param answer The answer
 * @param subject What cannot be done without it, such as `Cannot join the room`
 *
 * @throws {TimeoutError} If it does not arrive in time
 */
export async function answerWithin<Answer>(
  answer: Promise<Answer>,
  subject: string,
  { timeout, signal }: {
    readonly timeout: number;
    readonly signal: AbortSignal;
  },
): Promise<Answer> {
  // The connection closes after an error, which rejects the request.
  answer.catch(() => {});
  return await within(answer, signal, timeout, () =>
    new TimeoutError(
      `${subject}: there was no answer within ${timeout} ms. Raise --timeout to wait longer.`,
    ));
}

/** Waits for a promise until the signal aborts, which is then the error. */
async function untilAborted(
  promise: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  // When the connection closes, the requests in progress reject.
  promise.catch(() => {});
  await Promise.race([promise, aborted(signal)]);
}

/** The client warns of each event that is not in its contract, if it has one. */
function loggerOf(warnings: Warnings, hasContract: boolean) {
  return {
    warn: (line: string) => {
      if (!hasContract) warnings.warn(line);
    },
    error: (line: string) => warnings.error(line),
  };
}

function reportStates(
  connection: Pick<Connection, "onState" | "url">,
  output: Output,
): void {
  let hasOpened = false;
  let shown = "";
  connection.onState((status) => {
    if (status.state === "waiting") {
      const problem = describeLoss(status.close);
      // A server that stays away fails each attempt with the same long error.
      const what = problem === shown ? "still not connected" : problem;
      output.progress(`${what}, next attempt in ${formatDelay(status.delay)}`);
      shown = problem;
    } else if (status.state === "open") {
      const verb = hasOpened ? "connected again" : "connected";
      output.progress(`${verb} to ${connection.url}`);
      hasOpened = true;
      shown = "";
    }
  });
}

/** Describes the end of a connection, or an attempt that has failed. */
function describeLoss({ code, reason, error }: CloseInfo): string {
  // The rest is advice for a URL that has never worked.
  if (error !== undefined) return error.message.split(/\.(?: |$)/)[0]!;
  const detail = reason === "" ? `${code}` : `${code}, ${quote(reason)}`;
  return `connection lost (${detail})`;
}

function formatDelay(delay: number): string {
  return delay < 1_000
    ? `${Math.round(delay)} ms`
    : `${(delay / 1_000).toFixed(1)} s`;
}

/**
 * Reads the URL, the token and the certificate authority.
 *
 * @param tokenFlag The flag that names the file of the token
 *
 * @throws {UsageError} If there is no token
 * @throws {TypeError} If the URL is invalid
 */
export async function readLogin(
  flags: ServerFlags,
  context: CommandContext,
  tokenFlag?: string,
): Promise<Login> {
  // Last, so that the user does not type a token before an error about the URL.
  const server = await readServer(flags, context);
  return { ...server, token: await readClientToken(flags, context, tokenFlag) };
}

/** Reads the URL and the certificate authority. */
export async function readServer(
  { url = "", timeout, caCert }: ServerFlags,
  context: CommandContext,
): Promise<Omit<Login, "token">> {
  const caCerts = caCert === undefined
    ? undefined
    : [await readCertificate(caCert, context)];
  const given = url || (context.readUrlVariable() ?? "");
  return { url: checkUrl(completeUrl(given)), timeout, caCerts };
}

/** Reads a file of certificates. An error does not show it, because it can be a key. */
async function readCertificate(
  path: string,
  context: CommandContext,
): Promise<string> {
  const text = await readSecretFile("--ca-cert", path, context);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new UsageError(
    `Option --ca-cert needs a file with a certificate in PEM format, and ${
      quote(path)
    } contains none.`,
  );
}

/** Lets users omit the scheme, and the host of a server of this machine: `:8080`. */
export function completeUrl(url: string): string {
  if (url === "") return "http://localhost:5000";
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(url)) return url;
  return `http://${url.startsWith(":") ? "localhost" : ""}${url}`;
}

/**
 * Checks a URL before the command asks for the token.
 *
 * @returns The URL
 *
 * @throws {TypeError} If it is not an HTTP or WebSocket URL
 */
export function checkUrl(url: string): string {
  endpointsOf(url);
  return url;
}

async function readClientToken(
  flags: ServerFlags,
  context: CommandContext,
  tokenFlag?: string,
): Promise<string> {
  const found = await readGivenToken(flags, context, tokenFlag) ||
    await context.askSecret("Token of the server:");
  if (found) return found;
  const isDenied = context.readTokenVariable().isDenied;
  throw new UsageError(
    `There is no token. Use --token-file, or set HOIST_TOKEN${
      isDenied ? " and run with --allow-env=HOIST_TOKEN" : ""
    }.`,
  );
}

/** Reads the token, if one was passed. */
export async function readGivenToken(
  { token, tokenFile, quiet }: ServerFlags,
  context: CommandContext,
  tokenFlag?: string,
): Promise<string | undefined> {
  const given = await readToken(
    {
      ...(token && { token }),
      ...(tokenFile && { tokenFile }),
      hideToken: true,
    },
    context,
    tokenFlag,
  );
  if (!quiet) given.notes.forEach(({ message }) => context.printError(message));
  return given.token || undefined;
}
