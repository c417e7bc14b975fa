/**
 * Where a client sends its requests, and with what.
 *
 * @module
 */

import type { RequestSettings } from "./construct_socket.ts";
import type { Endpoints } from "./http_options.ts";

/** What the client passes to {@linkcode FetchFunction} */
export interface FetchInit {
  /** Aborts the request if the client no longer needs the response */
  readonly signal: AbortSignal;
  /** The client follows no redirect, because a WebSocket cannot follow it */
  readonly redirect: "manual";
  /** The option `headers` */
  readonly headers?: Record<string, string>;
}

/** Sends an HTTP request, like the global function `fetch` */
export type FetchFunction = (url: URL, init: FetchInit) => Promise<Response>;

/** Where a client sends its requests, and what they contain */
export interface HttpTarget extends RequestSettings {
  readonly endpoints: Endpoints;
  readonly fetch: FetchFunction;
}
