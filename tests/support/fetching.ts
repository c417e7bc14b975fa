/** Requests for the tests of `fetchUrl`. */

import { fetchText, type Network } from "../../builtins/get.ts";
import { isPublicAddress } from "../../builtins/public_address.ts";
import { parseAllowedUrl } from "../../builtins/url_allowlist.ts";
import { argumentErrorOf } from "./argument_error.ts";

export const NOT_ALLOWED = "the server does not allow this URL";
export const NOT_PUBLIC = "its host resolves to an address that is not public";
export const UNREACHABLE = "its host cannot be reached. Try again later.";
export const BAD_REDIRECT =
  "it redirects to a URL that the server does not allow";

/** Options of a request; all have defaults */
export interface Fetching {
  readonly allow?: readonly string[];
  readonly maxSize?: number;
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly network?: Network;
}

/** Fetches a URL; by default, only this URL is allowed. */
export function get(url: string, fetching: Fetching = {}): Promise<string> {
  const { allow = [url], maxSize = 1_000, timeout = 60_000 } = fetching;
  const allowed = allow.map((entry) => parseAllowedUrl(entry)!);
  const options = { allowed, maxSize, timeout };
  return fetchText(url, options, fetching.signal, fetching.network);
}

/** A network whose names resolve to this machine, which counts as public */
export const LOOPBACK: Network = {
  resolve: (hostname) =>
    hostname.endsWith(".test")
      ? Promise.resolve(["127.0.0.1"])
      : Promise.reject(new Error(`unexpected name ${hostname}`)),
  isPublic: (address) => address === "127.0.0.1",
};

/** Returns a network whose names resolve to these addresses. */
export function resolvingTo(...addresses: readonly string[]): Network {
  return {
    resolve: () => Promise.resolve(addresses),
    isPublic: isPublicAddress,
  };
}

/** Returns what is wrong with the URL. */
export function urlError(promise: Promise<string>): Promise<string> {
  return argumentErrorOf("url", promise);
}

/** Returns a redirect. */
export function redirect(location: string, status = 302): Response {
  return new Response("gone", { status, headers: { location } });
}
