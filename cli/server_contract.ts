/**
 * The contract of a running server, from `GET /hoist/contract`.
 *
 * @module
 */

import type { ContractDescription } from "../client.ts";
import { describeApplicationError } from "../common/application_error.ts";
import {
  ConnectError,
  ErrorCode,
  HoistError,
  isApplicationError,
  LoginError,
  ResponseError,
  TimeoutError,
} from "../common/errors.ts";
import { redirected, unreachable } from "../client/ack_errors.ts";
import { endpointsOf } from "../client/http_options.ts";
import { limit } from "../common/async.ts";
import { isJsonObject, parseJson } from "../common/json.ts";
import { escapeControls, nearestName } from "../common/text.ts";
import { cutUrl } from "../common/url.ts";
import type { Connected, Login } from "./connect.ts";
import { isContract } from "./contract_form.ts";

/**
 * Fetches the contract of a server.
 *
 * @throws {ConnectError} If no Hoist server answers
 * @throws {LoginError} If the server rejects the token
 * @throws {TimeoutError} If the server does not answer in time
 * @throws {HoistError} If the server shows no contract, or none that is valid
 */
export async function fetchContract(
  { url, token, timeout, caCerts }: Login,
  signal: AbortSignal,
): Promise<ContractDescription> {
  const shown = escapeControls(String(cutUrl(url)));
  const subject = `Cannot read the contract of ${shown}`;
  const base = baseOf(url);
  const endpoints = endpointsOf(url);
  using client = caCerts && Deno.createHttpClient({ caCerts: [...caCerts] });
  // The token must not reach another server.
  const init = { ...(client && { client }), redirect: "manual" } as const;
  const headers = { authorization: `Bearer ${token}` };
  return await inTime({ subject, timeout, signal }, async (signal) => {
    const request: Request = async (path, more) => {
      const target = new URL(path, base);
      const response = await fetch(target, { ...init, ...more, signal });
      const location = response.headers.get("location");
      if (Math.floor(response.status / 100) !== 3) return response;
      await response.body?.cancel();
      throw redirected(endpoints, location, response.status);
    };
    const answer = await request("hoist/contract", { headers });
    const found = await readAnswer(answer, subject);
    if (typeof found === "object") return found;
    if (await isHoist(request)) throw new HoistError(`${subject}: ${found}`);
    throw new ConnectError(
      `${subject}: it is not a Hoist server. Check the URL.`,
    );
  }, (cause) => unreachable(endpoints, cause));
}

/** Sends a request to the server. */
type Request = (path: string, init?: RequestInit) => Promise<Response>;

const NOT_SHOWN =
  "the server does not show one. Start it with the options 'contract' and 'exposeContract'.";

const MALFORMED =
  "the answer of the server is not a contract. Check that no proxy changes it.";

/** Returns the URL below which the paths of a server are. */
function baseOf(url: string): URL {
  const base = new URL(url.replace(/^ws(?=s?:)/i, "http"));
  base.search = "";
  base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

/** What a function that uses `fetch` needs. */
interface FetchPlan {
  /** What cannot be done without an answer */
  readonly subject: string;
  /** How long the function can take, in milliseconds */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Calls a function that uses `fetch`.
 *
 * @param plan What it is for, and how long it can take
 * @param use The function
 * @param toError Returns the error for a `fetch` without an answer
 *
 * @throws {TimeoutError} If it takes longer than `timeout`
 */
export async function inTime<Result>(
  { subject, timeout, signal }: FetchPlan,
  use: (signal: AbortSignal) => Promise<Result>,
  toError: (cause: Error) => HoistError,
): Promise<Result> {
  const onTimeout = () =>
    new TimeoutError(`${subject}: there was no answer within ${timeout} ms.`);
  const limited = limit(signal, timeout, onTimeout);
  try {
    return await use(limited.signal);
  } catch (cause) {
    if (limited.signal.aborted) throw limited.signal.reason;
    throw isFetchError(cause) ? toError(cause) : cause;
  } finally {
    limited.cancel();
  }
}

function isFetchError(error: unknown): error is Error {
  return error instanceof Deno.errors.NotCapable || error instanceof TypeError;
}

/** Reads the answer; returns what is wrong if a server without a contract can send it. */
async function readAnswer(
  response: Response,
  subject: string,
): Promise<ContractDescription | string> {
  const { status } = response;
  if (response.ok) {
    const contract = parseJson(await readBody(response));
    if (contract === undefined) return NOT_SHOWN;
    return isContract(contract) ? contract : MALFORMED;
  }
  await response.body?.cancel();
  if (status === 404) return NOT_SHOWN;
  if (status === 401 || status === 403) {
    throw new LoginError(`${subject}: the server rejected the token.`);
  }
  throw new ConnectError(
    `${subject}: the server answered with the HTTP status ${status}.`,
    { status },
  );
}

/** Returns whether a server is a Hoist server, which reports its version. */
async function isHoist(request: Request): Promise<boolean> {
  const response = await request("hoist/ack");
  const ack = response.ok ? parseJson(await readBody(response)) : undefined;
  await response.body?.cancel().catch(() => {});
  return isJsonObject(ack) && typeof ack.version === "string";
}

/** The longest contract that is read, in bytes. */
const MAX_BODY = 16_777_216;

/**
 * Reads the body of a response.
 *
 * @throws {HoistError} If it has more than 16 MiB
 */
export async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BODY) {
      throw new HoistError(
        "Cannot read the contract: it is larger than 16 MiB.",
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * Waits for the answer to a request. If the server does not know its name, and shows its contract,
 * the error suggests another name, or the command for the other kind of name. An error of the
 * application shows its kind and its details.
 *
 * @param answer The answer
 * @param kind What the request is
 * @param name Its name
 * @param connected The connection
 */
export async function explained<Answer>(
  answer: Promise<Answer>,
  kind: "messages" | "operations",
  name: string,
  { login, signal }: Connected,
): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (isApplicationError(error)) {
      error.message = describeApplicationError(error);
    }
    if (!(error instanceof ResponseError) || !canBeName(error)) throw error;
    const contract = await fetchContract(login, signal).catch(() => undefined);
    const advice = contract && adviceFor(name, kind, contract);
    if (advice !== undefined) {
      const { message } = error;
      const end = message.endsWith(".") ? "" : ".";
      error.message = `${message}${end} ${advice}`;
    }
    throw error;
  }
}

/** Returns a sentence about a name that a contract does not have as a name of a kind. */
function adviceFor(
  name: string,
  kind: "messages" | "operations",
  { messages, operations }: ContractDescription,
): string | undefined {
  const known = kind === "messages" ? messages : operations;
  if (Object.hasOwn(known, name)) return undefined;
  if (Object.hasOwn(messages, name)) {
    return "It is a message: use 'hoist send'.";
  }
  if (Object.hasOwn(operations, name)) {
    return "yields" in operations[name]!
      ? "It is a stream: use 'hoist stream'."
      : "It is an operation: use 'hoist call'.";
  }
  const nearest = nearestName(name, Object.keys(known));
  return nearest && `Did you mean '${escapeControls(nearest)}'?`;
}

/** Invalid content without a place can be a message that is not in the contract. */
function canBeName({ code, issues }: ResponseError): boolean {
  return code === ErrorCode.UNKNOWN_OPERATION ||
    (code === ErrorCode.INVALID_CONTENT &&
      issues.every(({ path }) => path.length === 0));
}
