/**
 * What a server reports about itself before the login: `GET /hoist/ack`.
 *
 * @module
 */

import { aborted } from "../common/async.ts";
import { ConnectError } from "../common/errors.ts";
import { isJsonObject } from "../common/json.ts";
import { readable } from "../common/thrown.ts";
import { parseFrame } from "../protocol/message.ts";
import { isCount } from "../protocol/room_fields.ts";
import { notHoist, redirected, rejected, unreachable } from "./ack_errors.ts";
import type { Endpoints } from "./http_options.ts";
import type { HttpTarget } from "./http_target.ts";
import { createHttpClient, type HttpClient } from "./runtime.ts";

/** What a server reports about itself */
export interface ServerInfo {
  readonly version: string;
  readonly protocols: readonly unknown[];
  /**
   * For how many more seconds the server rejects the address of the client because of
   * failed logins; `null` if without end, and `undefined` if it does not reject it
   */
  readonly lockout: number | null | undefined;
}

/** The longest response that the client reads, in bytes. */
const MAX_RESPONSE = 65_536;

/** Fetches what a server reports about itself: docs/reference/protocol.md, "HTTP". */
export async function fetchServerInfo(
  target: HttpTarget,
  signal: AbortSignal,
): Promise<ServerInfo> {
  const { endpoints } = target;
  // The function of the application can ignore the signal.
  const body = Promise.race([fetchBody(target, signal), aborted(signal)]);
  const value = parseFrame(await body);
  if (!isJsonObject(value) || typeof value.version !== "string") {
    throw notHoist(endpoints, "returned no version");
  }
  const { version, protocols, lockout } = value;
  return {
    version,
    protocols: Array.isArray(protocols) ? protocols : [],
    lockout: lockout === null || isCount(lockout) ? lockout : undefined,
  };
}

async function fetchBody(
  target: HttpTarget,
  signal: AbortSignal,
): Promise<string> {
  const { endpoints, headers, caCerts } = target;
  let client: HttpClient | undefined;
  try {
    client = caCerts && createHttpClient(caCerts);
    const response = await target.fetch(endpoints.ack, {
      signal,
      // A WebSocket cannot follow a redirect, so the client follows none.
      redirect: "manual",
      ...(headers && { headers: { ...headers } }),
      ...(client && { client }),
    });
    if (response.ok) return await readBody(endpoints, response, signal);
    // A server can send any amount of data with an error.
    response.body?.cancel().catch(() => {});
    throw isRedirect(response)
      ? redirected(endpoints, response.headers.get("location"))
      : rejected(endpoints, response);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    const error = readable(thrown);
    throw error instanceof ConnectError ? error : unreachable(endpoints, error);
  } finally {
    client?.close();
  }
}

/** Browsers hide the status and the target of a redirect. */
function isRedirect({ type, status, headers }: Response): boolean {
  return type === "opaqueredirect" ||
    (status >= 300 && status < 400 && headers.has("location"));
}

/** Reads the body of a response, up to a limit. */
async function readBody(
  endpoints: Endpoints,
  { body }: Response,
  signal: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body?.getReader();
  // The function of the application can ignore the signal.
  aborted(signal).catch(() => reader?.cancel()).catch(() => {});
  let text = "";
  let length = 0;
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    // Empty chunks count, too, because there can be any number of them.
    length += Math.max(1, value.length);
    if (length > MAX_RESPONSE) {
      reader.cancel().catch(() => {});
      throw notHoist(endpoints, `returned more than ${MAX_RESPONSE} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
