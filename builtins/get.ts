/**
 * Fetches text from allowed URLs, and from no other place that this machine can reach: the
 * work of the `fetchUrl` handler. This module is loaded at the first call.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import http, { type AgentOptions, type IncomingMessage } from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import tls from "node:tls";
import { limit, within } from "../common/async.ts";
import {
  invalidArgument,
  type RequestError,
} from "../protocol/request_error.ts";
import type { ResolvedFetchUrl } from "./options.ts";
import { isPublicAddress } from "./public_address.ts";
import { findAllowedUrl } from "./url_allowlist.ts";

const MAX_REDIRECTS = 5;

/** The redirects that a GET request follows: RFC 9110, section 15.4 */
const REDIRECTS: ReadonlySet<unknown> = new Set([301, 302, 303, 307, 308]);

const UNREACHABLE = "its host cannot be reached. Try again later.";

/** Resolves host names; tests replace it. */
export interface Network {
  /** Returns all addresses of a host name. */
  resolve(hostname: string): Promise<readonly string[]>;
  /** Returns whether an address belongs to the public internet. */
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
 * Fetches the text at a URL.
 *
 * @param requested The URL that the client asks for
 * @param options The allowed URLs, the maximum size and the timeout
 * @param caller Aborts when the client has disconnected
 * @param network Resolves host names
 *
 * @throws {RequestError} If the URL is not allowed or the request fails
 * @throws {Deno.errors.NotCapable} If the permission is missing
 */
export async function fetchText(
  requested: string,
  { allowed, maxSize, timeout }: ResolvedFetchUrl,
  caller?: AbortSignal,
  network: Network = INTERNET,
): Promise<string> {
  const url = findAllowedUrl(requested, allowed);
  if (url === undefined) throw refuse("the server does not allow this URL");
  const { signal, cancel } = limit(
    caller,
    timeout,
    () =>
      refuse(
        `there was no complete response within ${timeout} ms. Try again later.`,
      ),
  );
  try {
    const response = await follow(url, { allowed, signal, network });
    const body = await readText(response, maxSize);
    // A body without a length ends with its connection, which the signal closes.
    signal.throwIfAborted();
    return body;
  } catch (error) {
    throw explain(error, signal);
  } finally {
    cancel();
  }
}

/** The rules for a request and its redirects */
interface Route {
  readonly allowed: ResolvedFetchUrl["allowed"];
  readonly signal: AbortSignal;
  readonly network: Network;
}

/** Sends the request, follows the redirects and returns the last response. */
async function follow(start: URL, route: Route): Promise<IncomingMessage> {
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const addresses = await addressesOf(url, route);
    const response = await request(url, addresses, route.signal);
    const { statusCode, headers: { location } } = response;
    if (!REDIRECTS.has(statusCode) || location === undefined) return response;
    response.destroy();
    const target = findAllowedUrl(location, route.allowed, url);
    if (target !== undefined) url = target;
    else throw refuse("it redirects to a URL that the server does not allow");
  }
  throw refuse(
    `it redirects more than ${MAX_REDIRECTS} times. Request the final URL.`,
  );
}

/** Resolves and checks the addresses of a host. The request connects to these only. */
async function addressesOf(
  { hostname }: URL,
  { signal, network: { resolve, isPublic } }: Route,
): Promise<readonly string[]> {
  // The URL is allowed, so the application has named this address itself.
  if (isAddress(hostname)) return [hostname.replace(/^\[|\]$/g, "")];
  await assertPermitted(hostname);
  const found = resolve(hostname);
  const addresses = await within(found, signal, undefined, () => undefined);
  if (addresses.length === 0) throw refuse(UNREACHABLE);
  // All must be public, because the connection can go to any of them.
  if (hostname === "localhost" || addresses.every(isPublic)) return addresses;
  throw refuse("its host resolves to an address that is not public");
}

/** Returns whether a host is an IP address: in a URL, no name ends with a number. */
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
      if (size > maxSize) {
        throw refuse(`the response is larger than ${maxSize} bytes`);
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } finally {
    response.destroy();
  }
}

function assertReadable({ statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode < 200 || statusCode > 299) {
    throw refuse(`the response has the status ${statusCode}`);
  }
  const { "content-encoding": encoding = "identity" } = headers;
  if (encoding.toLowerCase() === "identity") return;
  throw refuse("the response has a content encoding that was not requested");
}

/** Replaces an error of the system, because it can describe the network of the server. */
function explain(error: unknown, signal: AbortSignal): unknown {
  // After an abort, the reason says more than the error of the interrupted request.
  if (signal.aborted) return signal.reason;
  const { code }: { readonly code?: unknown } = Object(error);
  return typeof code === "string" ? refuse(UNREACHABLE) : error;
}

function refuse(message: string): RequestError {
  return invalidArgument("url", message);
}

// With NODE_USE_ENV_PROXY, a proxy would get the host name and resolve it again. The types
// do not have this option yet.
const DIRECT = { proxyEnv: {} } as AgentOptions;

/** Trusts the same certificates as `fetch`. */
class SecureAgent extends https.Agent {
  // In Deno 2.9, the inherited method needs --allow-sys and ignores --cert.
  override createConnection(options: tls.ConnectionOptions): tls.TLSSocket {
    return tls.connect(options);
  }
}

const AGENT = new http.Agent(DIRECT);

const SECURE_AGENT = new SecureAgent(DIRECT);

const HEADERS = { "accept-encoding": "identity", "user-agent": "hoist" };

/** Is thrown if a connection ends without a response; has a code like Node's errors. */
class ClosedError extends Error {
  override name = "ClosedError";
  readonly code = "ECONNRESET";
}

/**
 * Sends a GET request to fixed addresses.
 *
 * @param url An `http:` or `https:` URL
 * @param addresses The addresses of its host
 * @param signal Closes the connection when aborted
 * @returns The response with an unread body; the caller has to destroy it
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
  // The only event if the server switches to another protocol.
  outgoing.on("close", () => reject(new ClosedError("there was no response")));
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
    // Tries one address after the other, whatever default the program has set.
    autoSelectFamily: true,
    headers: HEADERS,
    lookup: lookupIn(addresses),
    signal,
  };
  return (isSecure ? https : http).request(url, options);
}

/** Returns a lookup function that answers with fixed addresses. */
function lookupIn(addresses: readonly string[]): LookupFunction {
  const results = addresses.map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  return (_hostname, _options, callback) => callback(null, results);
}

/**
 * Checks the permission before a connection. Deno's own error comes too late: thrown after
 * a `lookup`, nothing can catch it and it ends the process. During name resolution, it
 * looks like a host name that does not exist.
 *
 * @param host A host name, or an address with its port
 *
 * @throws {Deno.errors.NotCapable} If the permission is missing
 */
export async function assertPermitted(host: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "net", host });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Cannot connect to ${host}: the permission is missing. Run with --allow-net=${host}`,
  );
}

function bracket(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
