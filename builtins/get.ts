/**
 * The built-in operation `get`: the text behind a URL that the owner allows, and
 * nothing else that this machine reaches.
 *
 * @module
 */

import http, { type AgentOptions, type IncomingMessage } from "node:http";
import https from "node:https";
import tls from "node:tls";
import type { LookupFunction } from "node:net";
import { lookup } from "node:dns/promises";
import { type ResolvedGet } from "./options.ts";
import { isPublicAddress } from "./public_address.ts";
import { findAllowedUrl } from "./url_allowlist.ts";
import { limit, within } from "../common/async.ts";
import {
  refuseArgument,
  type RequestError,
} from "../protocol/request_error.ts";
const MAX_REDIRECTS = 5;

/** The redirects that go on with a GET: RFC 9110, section 15.4. */
const REDIRECTS: ReadonlySet<unknown> = new Set([301, 302, 303, 307, 308]);

const UNREACHABLE = "could not be reached";

/** Where names lead, and where one may go: a test has its own. */
export interface Network {
  /** All addresses of a name. */
  resolve(hostname: string): Promise<readonly string[]>;
  /** Whether an address is one of the public internet. */
  isPublic(address: string): boolean;
}

const INTERNET: Network = {
  async resolve(hostname) {
    const found = await lookup(hostname, { all: true });
    return found.map(({ address }) => address);
  },
  isPublic: isPublicAddress,
};

/**
 * Fetches a text.
 *
 * @param text The URL that somebody asks for
 * @param options Which URLs are allowed, and what an answer may take
 * @param caller Aborts when nobody waits for the text any more
 * @param network Where names lead
 *
 * @throws {RequestError} If there is no such text, or none that may be fetched
 * @throws {Deno.errors.NotCapable} If the permission is missing
 */
export async function getUrl(
  text: string,
  { allowed, maxSize, timeout }: ResolvedGet,
  caller?: AbortSignal,
  network: Network = INTERNET,
): Promise<string> {
  const url = findAllowedUrl(text, allowed);
  if (url === undefined) throw refuse("is not among the allowed URLs");
  const { signal, cancel } = limit(
    caller,
    timeout,
    () => refuse(`was not answered within ${timeout} ms`),
  );
  try {
    const response = await follow(url, { allowed, signal, network });
    const body = await readText(response, maxSize);
    // A body without a length ends with its connection, and so with the signal.
    signal.throwIfAborted();
    return body;
  } catch (error) {
    throw explain(error, signal);
  } finally {
    cancel();
  }
}

/** What a request goes by, on all of its way. */
interface Way {
  readonly allowed: ResolvedGet["allowed"];
  readonly signal: AbortSignal;
  readonly network: Network;
}

/** The answer at the end of all redirects. */
async function follow(start: URL, way: Way): Promise<IncomingMessage> {
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const addresses = await addressesOf(url, way);
    const response = await request(url, addresses, way.signal);
    const { statusCode, headers: { location } } = response;
    if (!REDIRECTS.has(statusCode) || location === undefined) return response;
    response.destroy();
    const target = findAllowedUrl(location, way.allowed, url);
    if (target !== undefined) url = target;
    else throw refuse("was redirected to a URL that is not allowed");
  }
  throw refuse(`was redirected more than ${MAX_REDIRECTS} times`);
}

/** Where to connect to: as it is checked here, it is not resolved again. */
async function addressesOf(
  { hostname }: URL,
  { signal, network: { resolve, isPublic } }: Way,
): Promise<readonly string[]> {
  // The URL is an allowed one, so that it is the owner who has named the address.
  if (isAddress(hostname)) return [hostname.replace(/^\[|\]$/g, "")];
  await assertPermitted(hostname);
  const found = resolve(hostname);
  const addresses = await within(found, signal, undefined, () => undefined);
  if (addresses.length === 0) throw refuse(UNREACHABLE);
  // One that is not public is enough, as any of them may be the one that answers.
  if (hostname === "localhost" || addresses.every(isPublic)) return addresses;
  throw refuse("leads to an address that is not public");
}

/** Whether the host of a URL is an address: a name does not end with a number there. */
function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /\.\d+$/.test(hostname);
}

async function readText(
  response: IncomingMessage,
  maxSize: number,
): Promise<string> {
  try {
    assertReadable(response);
    const decoder = new TextDecoder();
    let text = "";
    let size = 0;
    for await (const chunk of response) {
      size += chunk.length;
      if (size > maxSize) throw refuse(`is larger than ${maxSize} bytes`);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } finally {
    response.destroy();
  }
}

function assertReadable({ statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode < 200 || statusCode > 299) {
    throw refuse(`was answered with status ${statusCode}`);
  }
  const { "content-encoding": encoding = "identity" } = headers;
  if (encoding.toLowerCase() === "identity") return;
  throw refuse("was answered in an encoding that was not asked for");
}

/** What becomes of an error: what the system says of a network is for nobody else. */
function explain(error: unknown, signal: AbortSignal): unknown {
  // What an abort breaks off fails in words of its own, which say less than the reason.
  if (signal.aborted) return signal.reason;
  const { code }: { readonly code?: unknown } = Object(error);
  return typeof code === "string" ? refuse(UNREACHABLE) : error;
}

function refuse(message: string): RequestError {
  return refuseArgument("url", message);
}

// With NODE_USE_ENV_PROXY a proxy would be given the name, and resolve it once more. The
// types do not have the option yet.
const DIRECT = { proxyEnv: {} } as AgentOptions;

/** Trusts whom `fetch` trusts. */
class SecureAgent extends https.Agent {
  // What this overrides wants --allow-sys, and does not know of --cert: Deno 2.9.
  override createConnection(options: tls.ConnectionOptions): tls.TLSSocket {
    return tls.connect(options);
  }
}

const AGENT = new http.Agent(DIRECT);

const SECURE_AGENT = new SecureAgent(DIRECT);

const HEADERS = { "accept-encoding": "identity", "user-agent": "hoist" };

/** A connection that ended without an answer; with a code, as Node's own errors. */
class ClosedError extends Error {
  override name = "ClosedError";
  readonly code = "ECONNRESET";
}

/**
 * Asks for what is behind a URL.
 *
 * @param url An `http:` or `https:` URL
 * @param addresses Those of its host
 * @param signal Ends the connection when aborted
 * @returns The answer, of which nothing was read yet; destroy it in the end
 *
 * @throws {Deno.errors.NotCapable} If the permission is missing
 */
export async function request(
  url: URL,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  for (const address of addresses) {
    await assertPermitted(`${bracket(address)}:${port}`);
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = prepare(url, addresses, signal);
  outgoing.on("response", resolve);
  outgoing.on("error", reject);
  // All that is heard of a server that changes to another protocol.
  outgoing.on("close", () => reject(new ClosedError("there was no answer")));
  outgoing.end();
  return await promise;
}

function prepare(
  url: URL,
  addresses: readonly string[],
  signal: AbortSignal,
): http.ClientRequest {
  const isSecure = url.protocol === "https:";
  const options = {
    agent: isSecure ? SECURE_AGENT : AGENT,
    // One address after the other, whatever the program has set for all.
    autoSelectFamily: true,
    headers: HEADERS,
    lookup: lookupIn(addresses),
    signal,
  };
  return (isSecure ? https : http).request(url, options);
}

/** Finds what was found before. */
function lookupIn(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  return (_hostname, _options, callback) => callback(null, found);
}

/**
 * Refuses to go where Deno does not let this process go. Its own error would come too
 * late: thrown behind a `lookup`, it reaches nobody and ends the process, and a resolver
 * makes of it a name that does not exist.
 *
 * @param host A name, or an address with its port
 *
 * @throws {Deno.errors.NotCapable} If the permission is missing
 */
export async function assertPermitted(host: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "net", host });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Cannot connect to ${host}: the permission is missing, run with --allow-net`,
  );
}

function bracket(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
