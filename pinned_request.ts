/**
 * Requests over HTTP to addresses that were looked at before, and to no others: a name
 * that is resolved once more may lead elsewhere by then.
 *
 * @module
 */

import http, { type AgentOptions, type IncomingMessage } from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import tls from "node:tls";

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
