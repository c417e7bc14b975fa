/**
 * The built-in operation `get`: the text behind a URL that the owner allows, and
 * nothing else that this machine reaches.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import type { IncomingMessage } from "node:http";
import { findAllowedUrl } from "./allowed_urls.ts";
import type { ResolvedGet } from "./builtin_options.ts";
import { assertPermitted, request } from "./pinned_request.ts";
import { isPublicAddress } from "./private_addresses.ts";
import { type Refusal, refuseArgument } from "./refusal.ts";
import { limit, within } from "./timers.ts";

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
 * @throws {Refusal} If there is no such text, or none that may be fetched
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

function refuse(message: string): Refusal {
  return refuseArgument("url", message);
}
